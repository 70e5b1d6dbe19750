import AuditArchive
import AuditRecord
import DeltaTable
import TestSupport
import Testing

/// An archive that is a table, with runs of several logs.
struct TableArchive {
  /// Where tests keep one.
  enum Place: CaseIterable {
    case disk, objects
  }

  let store: SimulatedStore

  init(in place: Place) {
    switch place {
    case .disk: store = .emptyDisk()
    case .objects: store = .objects(ObjectBucket())
    }
  }

  init(_ store: SimulatedStore) { self.store = store }

  /// A run of a log.
  @discardableResult
  func run<Result>(
    _ name: String, isTable: Bool = true, formats: Set<PartFormat>? = [.parquet], keeping: TimeSpan? = nil,
    _ body: (ArchiveWriter) async throws -> Result
  ) async throws -> Result {
    var settings = WriterSettings(toolVersion: "1.0.0")
    (settings.formats, settings.isTable, settings.keepSuperseded) = (formats, isTable, keeping)
    return try await store.archive(of: log(name)).withWriter(
      source: ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log(name)), holder: somebody,
      settings: settings
    ) { try await body($0) }
  }

  /// A run that makes one commit: days with these numbers of events.
  func commit(_ name: String, _ days: KeyValuePairs<String, Int>, isTable: Bool = true) async throws {
    try await run(name, isTable: isTable) { try await $0.commit(days) }
  }

  /// The log of each version, by its transactions.
  func logs() throws -> [[String]] {
    try store.tableVersions().map { version in
      ["acme", "globex"].filter { version.transactionVersion(of: "cloudsmith-audit-export:\($0)") != nil }
    }
  }

  /// The table has exactly the newest state of these logs.
  func expectCurrent(_ names: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    for name in names {
      let problems = try store.tableProblems(of: log(name), isCurrent: true)
      #expect(problems == [], "\(name)", sourceLocation: sourceLocation)
      #expect(!(try store.tableVersions().isEmpty), sourceLocation: sourceLocation)
    }
  }

  /// Moves the log of the table away.
  func moveLogAway() {
    for path in store.paths(below: SimulatedStore.tableLog) { store.setContents(of: path, nil) }
  }
}

extension ArchiveWriter {
  /// Commits days with these numbers of events, and covers them.
  @discardableResult
  func commit(_ days: KeyValuePairs<String, Int>) async throws -> Commit {
    var change = Change(committedAt: at("2024-03-01T00:00:00Z"), lookback: .hours(24))
    for (text, count) in days {
      change.days.append(try await stage(text, AuditArchiveTests.events(text, count)))
      change.covered.append(day(text).window)
    }
    return try await commit(change)
  }
}
