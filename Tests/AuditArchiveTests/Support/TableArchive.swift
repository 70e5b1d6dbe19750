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
  ///
  /// - Parameter since: when it began.
  @discardableResult
  func run<Result>(
    _ name: String, isTable: Bool = true, formats: Set<PartFormat>? = [.parquet], keeping: TimeSpan? = nil,
    since: Timestamp = somebody.since, _ body: (ArchiveWriter) async throws -> Result
  ) async throws -> Result {
    var settings = WriterSettings(toolVersion: "1.0.0")
    (settings.formats, settings.isTable, settings.keepSuperseded) = (formats, isTable, keeping)
    return try await store.archive(of: log(name)).withWriter(
      source: ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log(name)),
      holder: LockHolder(pid: somebody.pid, host: somebody.host, since: since), settings: settings
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

// MARK: Kept files

extension TableArchive {
  static let start = at("2024-03-01T00:00:00Z")

  /// A run of `acme` that makes one commit at a time after `start`: days with these numbers of events.
  func commit(
    _ days: [String: Int], after passed: TimeSpan = .zero, keeping: TimeSpan?,
    formats: Set<PartFormat> = [.parquet]
  ) async throws {
    try await run("acme", formats: formats, keeping: keeping) { writer in
      _ = try await writer.commit(writer.change(days, after: passed))
    }
  }

  /// The files that the state of `acme` does not name.
  var left: Set<String> {
    get async throws {
      let state = try await store.archive(of: log("acme")).read()
      let named =
        (state?.partitions.flatMap(\.files).map(\.path) ?? []) + (state?.quarantine.map(\.path) ?? [])
      return Set(store.dataFiles).subtracting(named)
    }
  }

  func verify() async throws -> VerificationReport {
    try #require(try await store.archive(of: log("acme")).verify())
  }

  var intent: String? {
    store.contents(of: ArchivePaths(log("acme")).intent).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The versions of the table whose files are all there.
  var readableVersions: [Int] {
    get throws {
      var snapshot = TableSnapshot()
      var readable: [Int] = []
      for (number, version) in try store.tableVersions().enumerated() {
        try snapshot.apply(version, number: number)
        let isWhole = snapshot.files.allSatisfy { file in
          store.contents(of: "parquet/\(TablePath.decode(file.path) ?? "")")?.count == file.size
        }
        if isWhole { readable.append(number) }
      }
      return readable
    }
  }
}

extension ArchiveWriter {
  /// Stages days with these numbers of events, for a commit at a time after `TableArchive.start`.
  func change(_ days: [String: Int], after passed: TimeSpan) async throws -> Change {
    var change = Change(committedAt: TableArchive.start + passed, lookback: .hours(24))
    for (text, count) in days.sorted(by: { $0.key < $1.key }) {
      change.days.append(try await stage(text, AuditArchiveTests.events(text, count)))
      change.covered.append(day(text).window)
    }
    return change
  }
}
