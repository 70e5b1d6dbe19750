package import AuditRecord

/// What a verification is to look at.
package struct VerificationSettings: Hashable, Sendable {
  /// Only days with an instant at or after this one are read; nil: from the first.
  package var from: Timestamp?
  /// Only days with an instant before this one are read; nil: to the last.
  package var to: Timestamp?
  /// Only the newest commits, the state and the sizes of the files; no row is read.
  package var isQuick = false
  /// Verified before, with all that came before it: what later commits changed is verified. nil: nothing was.
  package var since: ProvenCommit?
  /// Signs the commits; nil: signatures are not looked at.
  package var publicKey: VerificationKey?
  /// The first commit that has to be signed.
  package var signedSince = 1
  /// How many identities of a day's rows are held in memory at once; a longer day is read several times.
  package var identityLimit = 1 << 21
  /// How many identities of all days' rows are held in memory at once, in 8 bytes each; when there are more, all days are read several
  /// times.
  package var archiveIdentityLimit = 1 << 23

  package init() {}

  /// The instants asked for.
  package var asked: Window { Window(from: from ?? .earliest, to: to ?? .latest) }

  /// Whether all commit records are read. Else the manifest stands for those before its own commit, or up to `since`.
  package var readsHistory: Bool { !isQuick && from == nil && to == nil && since == nil }
}

/// A commit that was verified before.
package struct ProvenCommit: Hashable, Sendable {
  /// Counts from 1.
  package var number: Int
  /// Of its record's bytes, in lower case. By the chain it says what all records before it were.
  package var sha256: String

  package init(number: Int, sha256: String) {
    self.number = number
    self.sha256 = sha256
  }
}

/// What a verification found.
package struct VerificationReport: Hashable, Sendable {
  /// How many things of a kind are as they should be, of how many there should be.
  package struct Count: Hashable, Sendable {
    package var sound: Int
    package var total: Int

    package init(sound: Int = 0, total: Int = 0) {
      self.sound = sound
      self.total = total
    }

    mutating func add(_ isSound: Bool) {
      total += 1
      if isSound { sound += 1 }
    }

    mutating func add(_ other: Count) {
      sound += other.sound
      total += other.total
    }
  }

  package let settings: VerificationSettings
  /// What the archive is an archive of; nil when no record could be read.
  package internal(set) var source: ArchiveSource?
  /// What the newest day that has rows is written in.
  package internal(set) var formats: Set<PartFormat> = []
  /// The first commit whose record was read: 1 where all were.
  package internal(set) var firstCommit = 1
  /// The newest commit there is a record of.
  package internal(set) var newestCommit = 0
  /// Of its record's bytes; nil where it could not be read. With the number, it is what a later verification goes on from.
  package internal(set) var newestCommitSHA256: String?
  /// The commit that the manifest is of: one behind when a run stopped, or is, between its commit and its manifest. That is
  /// no damage: the next run puts it right. nil: no manifest that could be read.
  package internal(set) var manifestCommit: Int?

  /// From `firstCommit` on.
  package internal(set) var commits = Count()
  /// Of the commits that have to be signed, as far as their records are there.
  package internal(set) var signatures = Count()
  /// Of the days asked for.
  package internal(set) var days = Count()
  /// Days that no commit after `since` changed, which count as proven; nil without one.
  package internal(set) var daysUnchanged: Int?
  /// Of the parts of the days asked for.
  package internal(set) var files = Count()
  /// Of the rows of the days asked for, each counted once, and as sound when it is so in each format; nothing is counted when
  /// only sizes are looked at.
  package internal(set) var rows = Count()
  package internal(set) var quarantineFiles = Count()

  /// From the first to the last covered instant of what was asked for; nil when there is none.
  package internal(set) var found: Window?
  /// Of what was asked for.
  package internal(set) var coverage: [Window] = []
  /// What lies between, and back to the archive's start.
  package internal(set) var gaps: [Window] = []
  /// Days asked for that are wholly covered and have no event: proof that nothing happened.
  package internal(set) var emptyDays: [Day] = []

  /// In the order of the checks; none: the archive is sound.
  package internal(set) var findings: [Finding] = []
  /// What other programs have left among the files: no damage.
  package internal(set) var leftByOthers: [LeftByOthers] = []
}

/// How far a verification has come.
package struct VerificationProgress: Hashable, Sendable {
  /// The day that is read; nil while the commits are.
  package var day: Day?
  /// Commits or days that are done, and how many there are.
  package var done: Int
  package var total: Int
  /// Bytes of part files that are read, of those to be read.
  package var bytes = 0
  package var totalBytes = 0
  package var findings: Int
}
