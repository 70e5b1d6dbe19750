package import AuditRecord

/// What to verify.
package struct VerificationSettings: Hashable, Sendable {
  /// Verify only days that end after this instant; nil from the first.
  package var from: Timestamp?
  /// Verify only days that begin before this instant; nil to the last.
  package var to: Timestamp?
  /// Verify only the newest commits, the state and the sizes of files; read no rows.
  package var isQuick = false
  /// The commit up to which everything was verified before; verify what later commits changed. nil if none was.
  package var since: ProvenCommit?
  /// The key of the signatures; nil skips them.
  package var publicKey: VerificationKey?
  /// The first commit that must be signed.
  package var signedSince = 1
  /// The most identities of a day's rows to hold in memory; a longer day is read several times.
  package var identityLimit = 1 << 21
  /// The most identities of all rows to hold in memory, 8 bytes each; if there are more, all days are read several times.
  package var archiveIdentityLimit = 1 << 23
  /// How many days to read at a time. The report does not depend on it. Each takes the memory of a batch of rows (4 MiB of text) and of
  /// the identities of its rows, up to `identityLimit`. From a bucket at most 8 are read at a time, with up to 15 MiB more fetched ahead.
  package var daysAtOnce = 1

  package init() {}

  /// The instants asked for.
  package var asked: Window { Window(from: from ?? .earliest, to: to ?? .latest) }

  /// Whether to read all commit records, instead of trusting the manifest for those before its own commit, or up to `since`.
  package var readsHistory: Bool { !isQuick && from == nil && to == nil && since == nil }
}

/// A commit that was verified before.
package struct ProvenCommit: Hashable, Sendable {
  /// Counts from 1.
  package var number: Int
  /// The SHA-256 of its record's bytes, in lower case. By the chain it also fixes all earlier records.
  package var sha256: String

  package init(number: Int, sha256: String) {
    self.number = number
    self.sha256 = sha256
  }
}

/// The result of a verification.
package struct VerificationReport: Hashable, Sendable {
  /// How many things are sound, of how many there should be.
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
  /// nil if no record could be read.
  package internal(set) var source: ArchiveSource?
  /// The formats of the newest day that has rows.
  package internal(set) var formats: Set<PartFormat> = []
  /// The first commit whose record was read; 1 if all were.
  package internal(set) var firstCommit = 1
  /// The newest commit with a record.
  package internal(set) var newestCommit = 0
  /// The SHA-256 of its record's bytes; nil if it could not be read. A later verification can continue from the number and this.
  package internal(set) var newestCommitSHA256: String?
  /// The commit of the manifest; nil if no manifest could be read. It is one behind if a run is, or was stopped, between its commit
  /// and its manifest. That is no damage; the next run updates the manifest.
  package internal(set) var manifestCommit: Int?

  /// The commits from `firstCommit` on.
  package internal(set) var commits = Count()
  /// The existing records that must be signed.
  package internal(set) var signatures = Count()
  /// The requested days.
  package internal(set) var days = Count()
  /// Days that no commit after `since` changed; nil without `since`.
  package internal(set) var daysUnchanged: Int?
  /// The parts of the requested days.
  package internal(set) var files = Count()
  /// The rows of the requested days. A row counts once, and as sound if it is in every format. 0 for a quick verification.
  package internal(set) var rows = Count()
  package internal(set) var quarantineFiles = Count()

  /// From the first to the last covered instant that was requested; nil if there is none.
  package internal(set) var found: Window?
  /// Of the requested time.
  package internal(set) var coverage: [Window] = []
  /// The gaps in it, and back to the archive's start.
  package internal(set) var gaps: [Window] = []
  /// Requested days that are covered completely and have no event: proof that nothing happened.
  package internal(set) var emptyDays: [Day] = []

  /// In the order of the checks; empty if the archive is sound.
  package internal(set) var findings: [Finding] = []
  /// Files of other programs; no damage.
  package internal(set) var foreignFiles: [ForeignFile] = []
  /// Replaced files that are kept for readers of the table; nil if there are none. They are no damage.
  package internal(set) var keptFiles: KeptFiles?
  /// How far the table is with the log; nil if the archive is no table, or if the table could not be read. That it lacks one commit is no
  /// damage.
  package internal(set) var table: TableState?
  /// Versions and checkpoints of other programs in the table; no damage by themselves.
  package internal(set) var foreignTableVersions: [ForeignTableVersion] = []
}

/// Replaced Parquet parts that are kept for readers of an earlier version of the table.
package struct KeptFiles: Hashable, Sendable {
  /// The folder of all of them, relative to the archive.
  package let folder: String
  package let count: Int
  /// The sum of their sizes.
  package let bytes: Int

  /// nil if there are none.
  init?(_ files: [StoredFile], below folder: String) {
    if files.isEmpty { return nil }
    self.folder = folder
    count = files.count
    bytes = files.reduce(0) { $0 + $1.size }
  }
}

/// The progress of a verification.
package struct VerificationProgress: Hashable, Sendable {
  /// The newest day that is being read; nil while the commits are.
  package var day: Day?
  /// Commits or days done, of `total`.
  package var done: Int
  package var total: Int
  /// Bytes of parts read, of `totalBytes`.
  package var bytes = 0
  package var totalBytes = 0
  package var findings: Int
}
