import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import TestSupport

/// One run in the life of an archive, which can be played as often as wanted, each time from the same store, the same
/// API and the same time: all that differs is what the store does to it.
struct Chapter: Sendable {
  /// What comes of it when nothing goes wrong.
  struct Story {
    /// Before the run, and after each of its commits.
    var states: [Manifest?]
    /// How often the run turned to the store.
    var calls: Int
    var ending: [String]

    /// Whether each day of a state is as in one of the run's states, rows and coverage together.
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
  private var now = Chapter.firstNight
  private var formats: Set<PartFormat> = [.csv]
  /// How long every request takes.
  private var delay = TimeSpan.zero
  private var pageSize = 20
  /// What happened since the first night.
  private var happenings: @Sendable (inout EmulatedLog) -> Void = { _ in }

  // MARK: The five

  private init(_ store: SimulatedStore) { self.store = store }

  static func first(in store: SimulatedStore) -> Chapter { Chapter(store) }

  /// The same over a slow network: the run commits more than once.
  static func slow(in store: SimulatedStore) -> Chapter {
    var chapter = Chapter(store)
    chapter.delay = .seconds(31)
    chapter.pageSize = 2
    return chapter
  }

  /// A night later: a new day, more of the day before, a bad record.
  static func incremental(in store: SimulatedStore) async throws -> Chapter {
    try await second(in: store, after: .days(1)) { log in
      for hour in 1...20 { log.insertGenerated(at: firstNight + .hours(Double(hour))) }
      log.insert(record: Array(#"{"uuid":"bad-2"}"#.utf8))
    }
  }

  /// Two hours later: two events of the days that are archived, written late. Both days get a revision.
  static func revision(in store: SimulatedStore) async throws -> Chapter {
    try await second(in: store, after: .hours(2)) { log in
      log.insertGenerated(at: firstNight - .hours(1))
      log.insertGenerated(at: firstNight - .hours(12))
    }
  }

  /// An hour later: the archive is to be in Parquet too, and an event came late.
  static func conversion(in store: SimulatedStore) async throws -> Chapter {
    var chapter = try await second(in: store, after: .hours(1)) {
      $0.insertGenerated(at: firstNight - .hours(12))
    }
    chapter.formats = [.csv, .parquet]
    return chapter
  }

  private static func second(
    in store: SimulatedStore, after span: TimeSpan,
    _ happenings: @escaping @Sendable (inout EmulatedLog) -> Void
  ) async throws -> Chapter {
    var chapter = Chapter(store)
    _ = try await chapter.play(on: store)
    chapter.now = firstNight + span
    chapter.happenings = happenings
    return chapter
  }

  // MARK: Playing

  /// Opens the archive, exports what it lacks, closes it.
  func play(
    on store: SimulatedStore, observe: @escaping @Sendable (ExportEvent) -> Void = { _ in }
  ) async throws -> ExportSummary {
    try await harness(store).export(.incremental(backfillStart: Chapter.start), observe: observe) {
      $0.pageSize = pageSize
    }
  }

  func story() async throws -> Story {
    let told = store.copy()
    let stores = Mutex([told.copy()])
    _ = try await play(on: told) { event in
      if event.isCommit { stores.withLock { $0.append(told.copy()) } }
    }
    var states: [Manifest?] = []
    for store in stores.withLock(\.self) { states.append(try await Chapter.state(of: store)) }
    let counted = store.copy()
    counted.startRecording()
    _ = try await play(on: counted)
    return Story(
      states: states, calls: counted.calls,
      ending: Chapter.content(of: try await Chapter.state(of: told)))
  }

  /// Opens the archive for writing and closes it; what a look at it then finds.
  func open<Result>(_ store: SimulatedStore, _ body: (ArchiveWriter) throws -> Result) async throws -> Result
  {
    try await harness(store).withWriter { try body($0) }
  }

  private func harness(_ store: SimulatedStore) throws -> TestHarness {
    let harness = try TestHarness(now: now, store: store) { configuration in
      configuration.events = .generated(
        Generation(count: 60, window: Window(from: Chapter.start, to: Chapter.firstNight), ties: 2))
    }
    harness.formats.withLock { $0 = formats }
    harness.beforeRequest.withLock { beforeRequest in
      beforeRequest = { [clock = harness.clock, delay] (_: Int) throws(TransportFault) in
        clock.advance(to: clock.now + delay)
      }
    }
    harness.api.withLock { api in
      api.change(Chapter.log) { log in
        log.insert(record: Array(#"{"uuid":"bad-1"}"#.utf8))
        happenings(&log)
      }
    }
    return harness
  }

  // MARK: Looking

  static func state(of store: SimulatedStore) async throws -> Manifest? {
    try await store.archive(of: log).read()
  }

  /// What does not depend on how many runs it took.
  static func content(of state: Manifest?) -> [String] {
    guard let state, !(state.partitions.isEmpty && state.coverage.isEmpty && state.quarantinedRecords == 0)
    else { return [] }
    return state.partitions.map { "\($0.eventDate) \($0.rows) \($0.contentSHA256) \($0.state)" }
      + ["\(state.coverage.intervals)", "\(state.quarantinedRecords) in quarantine"]
  }
}
