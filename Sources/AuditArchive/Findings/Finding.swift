package import AuditRecord

/// Something that is wrong with an archive, and where.
package struct Finding: Hashable, Sendable {
  /// Relative to the archive.
  package var path: String
  /// The day whose rows are affected; nil if the finding is not about a day.
  package var day: Day?
  /// The commit that is affected; nil if the finding is not about one.
  package var commit: Int?
  /// What is wrong.
  package var problem: Problem
  /// The window to export again with `--replace`, if it is not the day: for a quarantine file, the window of the run that stored it.
  /// nil if it is not known.
  package var window: Window?

  package init(
    _ problem: Problem, at path: String, day: Day? = nil, commit: Int? = nil, window: Window? = nil
  ) {
    self.path = path
    self.day = day
    self.commit = commit
    self.problem = problem
    self.window = window
  }

  /// The window to export again with `--replace`; nil if it is not known, and for state files.
  package var replacement: Window? { window ?? day?.window }

  /// The days whose rows are affected, in order.
  package var days: [Day] {
    guard case .duplicate(_, _, let other?) = problem else { return day.map { [$0] } ?? [] }
    return [other] + (day.map { [$0] } ?? [])
  }
}

extension Finding {
  /// What is wrong, as facts. "Expected" is what the archive's own records say, "found" is what is there.
  package enum Problem: Hashable, Sendable {
    /// A file that the state needs is missing.
    ///
    /// - Parameters:
    ///   - rows: the rows that a part had.
    ///   - example: an orphaned part, if the whole state is missing.
    case missing(rows: Int? = nil, example: String? = nil)
    /// The bytes are not those that were sealed.
    case altered(Measure)
    /// A data file that no commit names.
    case unlisted(Unlisted)
    /// Something that is neither a file nor a folder, or a folder where files belong. Runs leave it alone.
    case irregular(FileKind)
    /// The file does not have its format, or the storage cannot read it. `isDenied`: this user may not read it, which is no damage.
    case unreadable(String, isDenied: Bool = false)
    /// The columns or the dialect are not those of this schema.
    case schemaMismatch(expected: String, found: String)
    case miscounted(Counted, expected: Int, found: Int)
    /// Rows that are not sorted by (`event_at`, `uuid`). `first` is the row in its file, counted from 1.
    case outOfOrder(rows: Int, first: Int)
    /// Rows with the `uuid` of another row: an earlier one of the day, or one of `otherDay`, an earlier day. `uuid` is the first one's.
    case duplicate(rows: Int, uuid: String, otherDay: Day? = nil)
    /// Rows of another day. `first` is the row in its file, counted from 1.
    case wrongDay(rows: Int, first: Int, eventAt: Timestamp)
    case wrongBounds(expected: Bounds, found: Bounds)
    /// The day's rows are not those that were committed. The hashes are those of `content_sha256`.
    case wrongContent(expected: String, found: String)
    /// The file has a wrong name. `expected` is nil if no file of this log has such a name.
    case misnamed(expected: String?)
    case brokenChain(Break)
    /// A commit record, or an entry of the state, contradicts earlier ones.
    case inconsistent(member: String, expected: String, found: String)
    /// The manifest is not the sum of the commits.
    case wrongManifest(member: String, expected: String, found: String)
    case wrongCoverage(Claim, expected: String, found: String)
    /// The commit record has no signature.
    case unsigned
    /// The signature is not by this key, or not of this commit record.
    case badSignature
    /// `archive.json` names the other kind of logs.
    case wrongKind(expected: ArchiveKind, found: ArchiveKind)
    /// The archive's Delta Lake table is not what the commits make of it. The commits and the parts are not affected.
    case wrongTable(TableProblem)

    /// Which property differs from the one that was sealed.
    package enum Measure: Hashable, Sendable {
      case bytes(expected: Int, found: Int)
      case sha256(expected: String, found: String)
    }

    /// Why no commit names a file.
    package enum Unlisted: Hashable, Sendable {
      /// An orphan of a stopped run; the next run deletes it.
      case leftover(Orphan.Reason)
      /// A part of a replaced revision that is back.
      case returned
      /// A name of a later commit than there are, and of no intent: the state may be an older copy.
      case later
      /// Any other name of this log.
      case stray
      /// Not a name of this log; runs leave it alone.
      case foreign
    }

    /// What was counted.
    package enum Counted: String, Sendable {
      /// Of a part file, or of the parts of a day.
      case rows
      /// Of a file.
      case bytes
      case uncompressedBytes = "uncompressed_bytes"
      /// Of a quarantine file, or of all of them.
      case records
    }

    /// The earliest and the latest `event_at`, both inclusive; nil without rows.
    package struct Bounds: Hashable, Sendable {
      package var min: Timestamp?
      package var max: Timestamp?
    }

    /// How the chain of commit records is broken.
    package enum Break: Hashable, Sendable {
      /// The records from the finding's commit to this one are missing.
      case absent(upTo: Int)
      /// The record does not have the SHA-256 that the next record, or the manifest, states.
      case altered(expected: String, found: String)
      /// The record names another predecessor than the one before it; nil if it names none.
      case detached(expected: String?, found: String?)
      /// The record is not the one that was verified before. `found` is nil if the archive has fewer commits now.
      case rewritten(expected: String, found: String?)
      /// The record has another commit number than its name.
      case otherNumber(expected: Int, found: Int)
    }

    /// The member of the state that the commits do not prove. The raw value is its name in the state.
    package enum Claim: String, Sendable {
      case start
      /// Not the end of the first gap-free coverage.
      case highWaterMark = "high_water_mark"
      case coverage, gaps
      case lookbackDue = "lookback_due"
      /// A settled day that is not covered completely.
      case state
      /// A covered day without an entry.
      case partitions
    }

    static func unreadable(_ error: StorageError) -> Problem {
      .unreadable("\(error)", isDenied: error.reason == .denied)
    }

    /// Whether all that is known of the file is that this user may not read it.
    package var isDenied: Bool {
      guard case .unreadable(_, isDenied: true) = self else { return false }
      return true
    }

    var isMissing: Bool { kind == .missing }
  }
}

extension Finding.Problem {
  /// The name of a kind of problem: stable, for programs.
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
    case wrongTable = "wrong-table"
  }

  /// The kind, without the facts.
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
    case .wrongTable: .wrongTable
    }
  }
}

/// A file of this log that no reader may take for data.
package struct Orphan: Hashable, Sendable {
  /// Why no reader may use the file.
  package enum Reason: String, Sendable {
    /// A run was killed before its commit.
    case neverCommitted = "never committed"
    /// A commit replaced the revision.
    case superseded
    /// Unsealed work of a killed run.
    case staging
  }

  /// Relative to the archive.
  package var path: String
  package var reason: Reason

  package init(path: String, reason: Reason) {
    self.path = path
    self.reason = reason
  }
}
