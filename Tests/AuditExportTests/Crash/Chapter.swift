import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization
import TestSupport

/// One run in the life of an archive, which can be played as often as wanted, each time from the same disk, the same
/// API and the same time: all that differs is what the disk does to it.
struct Chapter: Sendable {
  /// What comes of it when nothing goes wrong.
  struct Story {
    /// Before the run, and after each of its commits.
    var states: [Manifest?]
    /// How often the run turned to the file system.
    var operations: Int
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
  static let root = "/archive"
  private static let start = Timestamp(rfc3339: "2024-02-12T06:00:00Z")!
  private static let firstNight = Timestamp(rfc3339: "2024-02-14T01:50:00Z")!

  /// Before the run.
  var disk = FaultyFileSystem(folder: Chapter.root)
  private var now = Chapter.firstNight
  private var formats: Set<PartFormat> = [.csv]
  /// How long every request takes.
  private var delay = TimeSpan.zero
  private var pageSize = 20
  /// What happened since the first night.
  private var happenings: @Sendable (inout EmulatedLog) -> Void = { _ in }

  // MARK: The five

  static let first = Chapter()

  /// The same over a slow network: the run commits more than once.
  static let slow: Chapter = {
    var chapter = Chapter()
    chapter.delay = .seconds(31)
    chapter.pageSize = 2
    return chapter
  }()

  /// A night later: a new day, more of the day before, a bad record.
  static func incremental() async throws -> Chapter {
    try await second(after: .days(1)) { log in
      for hour in 1...20 { log.insertGenerated(at: firstNight + .hours(Double(hour))) }
      log.insert(record: Array(#"{"uuid":"bad-2"}"#.utf8))
    }
  }

  /// Two hours later: two events of the days that are archived, written late. Both days get a revision.
  static func revision() async throws -> Chapter {
    try await second(after: .hours(2)) { log in
      log.insertGenerated(at: firstNight - .hours(1))
      log.insertGenerated(at: firstNight - .hours(12))
    }
  }

  /// An hour later: the archive is to be in Parquet too, and an event came late.
  static func conversion() async throws -> Chapter {
    var chapter = try await second(after: .hours(1)) { $0.insertGenerated(at: firstNight - .hours(12)) }
    chapter.formats = [.csv, .parquet]
    return chapter
  }

  private static func second(
    after span: TimeSpan, _ happenings: @escaping @Sendable (inout EmulatedLog) -> Void
  ) async throws -> Chapter {
    var chapter = Chapter()
    _ = try await chapter.play(on: chapter.disk)
    chapter.now = firstNight + span
    chapter.happenings = happenings
    return chapter
  }

  // MARK: Playing

  /// Opens the archive, exports what it lacks, closes it.
  func play(
    on disk: FaultyFileSystem, observe: @escaping @Sendable (ExportEvent) -> Void = { _ in }
  ) async throws -> ExportSummary {
    try await world(disk).export(.incremental(backfillStart: Chapter.start), observe: observe) {
      $0.pageSize = pageSize
    }
  }

  func story() async throws -> Story {
    let told = FaultyFileSystem(copyOf: disk)
    let disks = Mutex([FaultyFileSystem(copyOf: told)])
    _ = try await play(on: told) { event in
      if event.isCommit { disks.withLock { $0.append(FaultyFileSystem(copyOf: told)) } }
    }
    var states: [Manifest?] = []
    for disk in disks.withLock(\.self) { states.append(try await Chapter.state(of: disk)) }
    let counted = FaultyFileSystem(copyOf: disk)
    counted.record()
    _ = try await play(on: counted)
    return Story(
      states: states, operations: counted.operations.count,
      ending: Chapter.content(of: try await Chapter.state(of: told)))
  }

  /// Opens the archive for writing and closes it; what a look at it then finds.
  func open<Result>(_ disk: FaultyFileSystem, _ body: (ArchiveWriter) throws -> Result) async throws -> Result
  {
    try await world(disk).withWriter { try body($0) }
  }

  private func world(_ disk: FaultyFileSystem) throws -> World {
    let world = try World(now: now, files: disk) { configuration in
      configuration.events = .generated(
        Generation(count: 60, window: Window(from: Chapter.start, to: Chapter.firstNight), ties: 2))
    }
    world.formats.withLock { $0 = formats }
    world.beforeRequest.withLock { beforeRequest in
      beforeRequest = { [clock = world.clock, delay] (_: Int) throws(TransportFault) in
        clock.advance(to: clock.now + delay)
      }
    }
    world.api.withLock { api in
      api.change(Chapter.log) { log in
        log.insert(record: Array(#"{"uuid":"bad-1"}"#.utf8))
        happenings(&log)
      }
    }
    return world
  }

  // MARK: Looking

  static func state(of disk: FaultyFileSystem) async throws -> Manifest? {
    try await Archive(at: root, log: log, fileSystem: disk).read()
  }

  /// What does not depend on how many runs it took.
  static func content(of state: Manifest?) -> [String] {
    guard let state else { return [] }
    return state.partitions.map { "\($0.eventDate) \($0.rows) \($0.contentSHA256) \($0.state)" }
      + ["\(state.coverage.intervals)", "\(state.quarantinedRecords) in quarantine"]
  }
}
