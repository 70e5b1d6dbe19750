package import AuditRecord

/// Something that is wrong with an archive, and where.
package struct Finding: Hashable, Sendable {
  /// Relative to the archive.
  package var path: String
  /// Whose rows are concerned; nil when it is not about a day.
  package var day: Day?
  /// The commit that is concerned; nil when it is not about one.
  package var commit: Int?
  package var problem: Finding.Problem
  /// What to export anew with `--replace` to make it good, where it is not the day: for a file of quarantine the window of the run
  /// that stored it. nil also where that is not known.
  package var window: Window?

  package init(
    _ problem: Finding.Problem, at path: String, day: Day? = nil, commit: Int? = nil, window: Window? = nil
  ) {
    self.path = path
    self.day = day
    self.commit = commit
    self.problem = problem
    self.window = window
  }

  /// What to export anew with `--replace` to make it good; nil where that is not known, and for a file of state.
  package var replacement: Window? { window ?? day?.window }

  /// Whose rows are concerned, in order.
  package var days: [Day] {
    guard case .duplicate(_, _, let other?) = problem else { return day.map { [$0] } ?? [] }
    return [other] + (day.map { [$0] } ?? [])
  }
}

/// What is wrong: facts, told apart by what an auditor would ask next. "Expected" is what the archive's own records
/// promise, "found" is what is there.
extension Finding {
  package enum Problem: Hashable, Sendable {
    /// A file that the state needs is not there. `rows`: what was in it, for a part; `example`: a part that nothing names, for a state that
    /// is gone.
    case missing(rows: Int? = nil, example: String? = nil)
    /// Other bytes than those that were sealed.
    case altered(Measure)
    /// A file where data stands that no commit names.
    case unlisted(Unlisted)
    /// Neither a file nor a folder, or a folder where only files stand: no archive holds it, and no run touches it.
    case irregular(FileKind)
    /// Not what its format says, or not to be had from the disk; where and why. `isDenied`: this user may not read it, which is no damage.
    case unreadable(String, isDenied: Bool = false)
    /// The columns or the dialect are not those of this schema.
    case schemaMismatch(expected: String, found: String)
    case miscounted(Counted, expected: Int, found: Int)
    /// Rows that do not come after the row before them by (`event_at`, `uuid`). `first` counts from 1 in its file.
    case outOfOrder(rows: Int, first: Int)
    /// Rows whose `uuid` another row has: an earlier one of the day, or one of `otherDay`, an earlier day. `uuid` is that of the first.
    case duplicate(rows: Int, uuid: String, otherDay: Day? = nil)
    /// Rows of another day. `first` counts from 1 in its file.
    case wrongDay(rows: Int, first: Int, eventAt: Timestamp)
    case wrongBounds(expected: Bounds, found: Bounds)
    /// The day's rows are not those that were committed; the hashes are those of `content_sha256`.
    case wrongContent(expected: String, found: String)
    /// The name is not the one that such a file has. `expected` is nil when no such file has a name of this log.
    case misnamed(expected: String?)
    case brokenChain(Break)
    /// A commit record, or an entry of the state, contradicts what came before it.
    case inconsistent(member: String, expected: String, found: String)
    /// The manifest is not the sum of the commits.
    case wrongManifest(member: String, expected: String, found: String)
    case wrongCoverage(Claim, expected: String, found: String)
    /// There is no signature beside the commit record.
    case unsigned
    /// The signature beside the commit record is not of its bytes by the key.
    case badSignature
    /// `archive.json` says that this archive holds another kind of logs.
    case wrongKind(expected: ArchiveKind, found: ArchiveKind)

    package enum Measure: Hashable, Sendable {
      case bytes(expected: Int, found: Int)
      case sha256(expected: String, found: String)
    }

    package enum Unlisted: Hashable, Sendable {
      /// What a run left that stopped; the next run deletes it.
      case leftover(Orphan.Reason)
      /// A part of a revision that a commit replaced, and that is there again.
      case returned
      /// A name of a later commit than there are, that no run said it would put there: the state may be an older copy.
      case later
      /// Any other name of ours.
      case stray
      /// Not a name of ours; runs leave it alone.
      case foreign
    }

    package enum Counted: String, Sendable {
      /// In a part file, or in the parts of a day.
      case rows
      /// Of a file.
      case bytes
      case uncompressedBytes = "uncompressed_bytes"
      /// In a quarantine file, or in all of them.
      case records
    }

    package struct Bounds: Hashable, Sendable {
      package var min: Timestamp?
      package var max: Timestamp?
    }

    package enum Break: Hashable, Sendable {
      /// From the finding's commit up to this one, no record is there.
      case absent(upTo: Int)
      /// The record has another SHA-256 than the record after it, or the manifest, says.
      case altered(expected: String, found: String)
      /// The record says that it follows another record than the one before it; nil: none.
      case detached(expected: String?, found: String?)
      /// The record is not the one that was verified before; `found` is nil where the archive has not come that far.
      case rewritten(expected: String, found: String?)
      /// The record says that it is another commit than its name.
      case otherNumber(expected: Int, found: Int)
    }

    package enum Claim: String, Sendable {
      case start
      /// Not the end of the first gap-free run.
      case highWaterMark = "high_water_mark"
      case coverage, gaps
      case lookbackDue = "lookback_due"
      /// A day is settled that is not wholly covered.
      case state
      /// A covered day has no entry.
      case partitions
    }
  }
}

extension Finding.Problem {
  static func unreadable(_ error: StorageError) -> Finding.Problem {
    .unreadable("\(error)", isDenied: error.reason == .denied)
  }

  /// Whether nothing is known of the file but that this user may not read it.
  package var isDenied: Bool {
    guard case .unreadable(_, isDenied: true) = self else { return false }
    return true
  }
}

extension Finding.Problem {
  /// The name of a kind of damage: stable, for programs.
  package enum Kind: String, Sendable, CaseIterable {
    case missing, altered, unlisted, irregular, unreadable
    case schemaMismatch = "schema-mismatch"
    case miscounted
    case outOfOrder = "out-of-order"
    case duplicate
    case wrongDay = "wrong-day"
    case wrongBounds = "wrong-bounds"
    case wrongContent = "wrong-content"
    case misnamed
    case brokenChain = "broken-chain"
    case inconsistent
    case wrongManifest = "wrong-manifest"
    case wrongCoverage = "wrong-coverage"
    case unsigned
    case badSignature = "bad-signature"
    case wrongKind = "wrong-kind"
  }

  package var kind: Kind {
    switch self {
    case .missing: .missing
    case .altered: .altered
    case .unlisted: .unlisted
    case .irregular: .irregular
    case .unreadable: .unreadable
    case .schemaMismatch: .schemaMismatch
    case .miscounted: .miscounted
    case .outOfOrder: .outOfOrder
    case .duplicate: .duplicate
    case .wrongDay: .wrongDay
    case .wrongBounds: .wrongBounds
    case .wrongContent: .wrongContent
    case .misnamed: .misnamed
    case .brokenChain: .brokenChain
    case .inconsistent: .inconsistent
    case .wrongManifest: .wrongManifest
    case .wrongCoverage: .wrongCoverage
    case .unsigned: .unsigned
    case .badSignature: .badSignature
    case .wrongKind: .wrongKind
    }
  }

  var isMissing: Bool { kind == .missing }
}

// The old names, for targets that are not renamed yet.
package typealias Flaw = Finding.Problem
extension Finding { package var flaw: Problem { problem } }
