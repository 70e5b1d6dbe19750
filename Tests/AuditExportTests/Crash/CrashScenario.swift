import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import TestSupport

/// A run that can be repeated from the same store, API and time, so that only the faults of the store differ.
struct CrashScenario: Sendable {
  /// The result of the run without faults.
  struct Baseline {
    /// Before the run, and after each of its commits.
    var states: [Manifest?]
    /// How many calls to the store the run makes.
    var calls: Int
    /// The numbers of the calls around those that write the table, from 1.
    var callsOfTable: Set<Int> = []
    var ending: [String]

    /// Whether each day of a state has the files and the coverage of one of the run's states.
    func isMadeOfDays(_ state: Manifest?) -> Bool {
      guard let state else { return states[0] == nil }
      return state.partitions.allSatisfy { partition in
        states.contains { whole in
          whole?.partition(partition.eventDate)?.files == partition.files
            && whole?.coverage.intersection(partition.eventDate.window)
              == state.coverage.intersection(partition.eventDate.window)
        }
      }
    }
  }

  static let log = LogName("acme")!
  static let paths = ArchivePaths(log)
  private static let start = time("2024-02-12T06:00:00Z")
  private static let firstNight = time("2024-02-14T01:50:00Z")

  /// Before the run.
  let store: SimulatedStore
  private var now = CrashScenario.firstNight
  private var formats: Set<PartFormat> = [.csv]
  private var isTable = false
  /// How long replaced Parquet parts are kept.
  private(set) var keepSuperseded: TimeSpan?
  /// How long every request takes.
  private var delay = TimeSpan.zero
  private var pageSize = 20
  /// Inserts the events since the first run.
  private var newEvents: @Sendable (inout EmulatedLog) -> Void = { _ in }

  // MARK: Scenarios

  private init(_ store: SimulatedStore) { self.store = store }

  static func first(in store: SimulatedStore) -> CrashScenario { CrashScenario(store) }

  /// A first run over a slow network, which commits more than once.
  static func slow(in store: SimulatedStore) -> CrashScenario {
    var scenario = CrashScenario(store)
    scenario.delay = .seconds(31)
    scenario.pageSize = 2
    return scenario
  }

  /// A day later: a new day, more events of the day before, and a bad record.
  static func incremental(in store: SimulatedStore) async throws -> CrashScenario {
    try await second(in: store, after: .days(1)) { log in
      for hour in 1...20 { log.insertGenerated(at: firstNight + .hours(Double(hour))) }
      log.insert(record: Array(#"{"uuid":"bad-2"}"#.utf8))
    }
  }

  /// Two hours later: two late events of archived days. Both days get a revision.
  static func revision(in store: SimulatedStore) async throws -> CrashScenario {
    try await second(in: store, after: .hours(2)) { log in
      log.insertGenerated(at: firstNight - .hours(1))
      log.insertGenerated(at: firstNight - .hours(12))
    }
  }

  /// An hour later: Parquet is added, and an event is late.
  static func conversion(in store: SimulatedStore) async throws -> CrashScenario {
    var scenario = try await second(in: store, after: .hours(1)) {
      $0.insertGenerated(at: firstNight - .hours(12))
    }
    scenario.formats = [.csv, .parquet]
    return scenario
  }

  /// A first run that makes a table.
  static func tableFirst(in store: SimulatedStore) -> CrashScenario {
    var scenario = CrashScenario(store)
    scenario.makeTable()
    return scenario
  }

  /// A new day in a table, which is appended.
  static func tableIncremental(in store: SimulatedStore) async throws -> CrashScenario {
    try await second(in: store, after: .days(1), isTable: true) { log in
      for hour in 1...20 { log.insertGenerated(at: firstNight + .hours(Double(hour))) }
    }
  }

  /// Late events of two days of a table, whose files are replaced.
  static func tableRevision(in store: SimulatedStore) async throws -> CrashScenario {
    try await second(in: store, after: .hours(2), isTable: true) { log in
      log.insertGenerated(at: firstNight - .hours(1))
      log.insertGenerated(at: firstNight - .hours(12))
    }
  }

  /// Late events of two days of a table, whose files are replaced and kept. Those that the run before replaced are due.
  static func tableKeeping(in store: SimulatedStore) async throws -> CrashScenario {
    var scenario = try await tableRevision(in: store)
    scenario.keepSuperseded = .hours(3)
    _ = try await scenario.run(on: store)
    scenario.now = firstNight + .hours(6)
    let before = scenario.newEvents
    scenario.newEvents = { log in
      before(&log)
      log.insertGenerated(at: firstNight - .minutes(90))
      log.insertGenerated(at: firstNight - .hours(13))
    }
    return scenario
  }

  /// The same without the setting.
  var withoutKeeping: CrashScenario {
    var scenario = self
    scenario.keepSuperseded = nil
    return scenario
  }

  /// An archive of CSV files becomes a table, and an event is late.
  static func tableConversion(in store: SimulatedStore) async throws -> CrashScenario {
    var scenario = try await second(in: store, after: .hours(1)) {
      $0.insertGenerated(at: firstNight - .hours(12))
    }
    scenario.makeTable()
    return scenario
  }

  private mutating func makeTable() {
    formats = [.csv, .parquet]
    isTable = true
  }

  private static func second(
    in store: SimulatedStore, after span: TimeSpan, isTable: Bool = false,
    _ newEvents: @escaping @Sendable (inout EmulatedLog) -> Void
  ) async throws -> CrashScenario {
    var scenario = CrashScenario(store)
    if isTable { scenario.makeTable() }
    _ = try await scenario.run(on: store)
    scenario.now = firstNight + span
    scenario.newEvents = newEvents
    return scenario
  }

  // MARK: Running

  /// Runs an incremental export.
  func run(
    on store: SimulatedStore, observe: @escaping @Sendable (ExportEvent) -> Void = { _ in }
  ) async throws -> ExportSummary {
    try await harness(store).export(.incremental(backfillStart: CrashScenario.start), observe: observe) {
      $0.pageSize = pageSize
    }
  }

  func baseline() async throws -> Baseline {
    let copy = store.copy()
    let stores = Mutex([copy.copy()])
    _ = try await run(on: copy) { event in
      if event.isCommit { stores.withLock { $0.append(copy.copy()) } }
    }
    var states: [Manifest?] = []
    for store in stores.withLock(\.self) { states.append(try await CrashScenario.state(of: store)) }
    let counted = store.copy()
    counted.startRecording()
    _ = try await run(on: counted)
    let calls = counted.recordedCalls
    let table = calls.indices.filter { index in
      let isWrite = !["inspect ", "open ", "read ", "close ", "GET ", "HEAD "].contains(
        where: calls[index].hasPrefix)
      let kept = keepSuperseded == nil ? [] : ["intent.json", "delete ", "DELETE ", "?delete"]
      return isWrite
        && (["_delta_log", "table.json", "archive.json"] + kept).contains { calls[index].contains($0) }
    }
    return Baseline(
      states: states, calls: counted.calls,
      callsOfTable: Set(table.flatMap { ($0 - 3)...($0 + 5) }),
      ending: CrashScenario.content(of: try await CrashScenario.state(of: copy)))
  }

  /// Opens the archive for writing, which recovers it, and closes it.
  func open<Result>(_ store: SimulatedStore, _ body: (ArchiveWriter) throws -> Result) async throws -> Result
  {
    try await harness(store).withWriter { try body($0) }
  }

  private func harness(_ store: SimulatedStore) throws -> TestHarness {
    let harness = try TestHarness(now: now, store: store) { configuration in
      configuration.events = .generated(
        Generation(
          count: 60, window: Window(from: CrashScenario.start, to: CrashScenario.firstNight), ties: 2))
    }
    harness.formats.withLock { $0 = formats }
    harness.isTable.withLock { $0 = isTable }
    harness.keepSuperseded.withLock { $0 = keepSuperseded }
    harness.beforeRequest.withLock { beforeRequest in
      beforeRequest = { [clock = harness.clock, delay] (_: Int) throws(TransportFault) in
        clock.advance(to: clock.now + delay)
      }
    }
    harness.api.withLock { api in
      api.change(CrashScenario.log) { log in
        log.insert(record: Array(#"{"uuid":"bad-1"}"#.utf8))
        newEvents(&log)
      }
    }
    return harness
  }

  // MARK: Looking

  static func state(of store: SimulatedStore) async throws -> Manifest? {
    try await store.archive(of: log).read()
  }

  /// The parts of a state that do not depend on the number of runs.
  static func content(of state: Manifest?) -> [String] {
    guard let state, !(state.partitions.isEmpty && state.coverage.isEmpty && state.quarantinedRecords == 0)
    else { return [] }
    return state.partitions.map { "\($0.eventDate) \($0.rows) \($0.contentSHA256) \($0.state)" }
      + ["\(state.coverage.intervals)", "\(state.quarantinedRecords) in quarantine"]
  }
}
