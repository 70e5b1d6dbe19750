import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Foundation
import HTTP
import Synchronization
import TestSupport
import Testing

/// An emulated API, a manual clock and an archive in its own folder. Time passes only as runs and tests move it.
final class TestHarness: Sendable {
  let log = LogName("acme")!
  let clock: TestClock
  let api: Mutex<EmulatedAPI>
  let folder: String
  let files: any FileSystem
  /// The store of the archive, if it is not in `folder`.
  private let store: SimulatedStore?
  /// The formats that the next run writes.
  let formats = Mutex<Set<PartFormat>>([.csv])
  /// Whether the next run makes the archive a table.
  let isTable = Mutex(false)
  /// The redaction of the next run.
  let redaction = Mutex<Redaction?>(nil)
  /// How long the next run keeps the Parquet parts that it replaces.
  let keepSuperseded = Mutex<TimeSpan?>(nil)
  /// By how much the API's clock is ahead of `clock`; negative if it is behind.
  let apiLead = Mutex(TimeSpan.zero)
  /// Whether a run made more requests than any needs.
  let isEndless = Mutex(false)
  /// The most bytes of a body that is not refused.
  let bodyLimit = Mutex(Int.max)
  /// Whether the archive is verified after each run. False where the test damages it.
  let isVerified = Mutex(true)
  /// Called before each request with its number, from 1 in each run. Its error becomes the transport's fault.
  let beforeRequest = Mutex<@Sendable (Int) throws(TransportFault) -> Void>({ _ in })

  /// Shared by all harnesses, because parsing a key is slow.
  private static let key = Result { try APIKey(EmulatorConfiguration.demoKey) }

  /// - Parameter files: a file system with the folder `/archive`. Without one, the archive is in a temporary folder.
  init(
    now: Timestamp, files: (any FileSystem)? = nil, store: SimulatedStore? = nil,
    _ configure: (inout EmulatorConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = EmulatorConfiguration(logs: [LogName("acme")!])
    configuration.rateLimit = nil
    configure(&configuration)
    clock = TestClock(now: now)
    api = Mutex(try EmulatedAPI(configuration))
    folder = files == nil ? NSTemporaryDirectory() + "audit-export-" + UUID().uuidString : "/archive"
    self.files = files ?? PosixFileSystem()
    self.store = store
  }

  /// A log of generated events between `start` and `end`, which is `now` if nil.
  convenience init(
    now: Timestamp, events count: Int, since start: Timestamp, until end: Timestamp? = nil, ties: Int = 1
  ) throws {
    try self.init(now: now) { configuration in
      configuration.events = .generated(
        Generation(count: count, window: Window(from: start, to: end ?? now), ties: ties))
    }
  }

  /// A log of generated events from `start` to `now`, and an archive of all of them.
  static func withArchive(now: Timestamp, events count: Int, since start: Timestamp) async throws
    -> TestHarness
  {
    let harness = try TestHarness(now: now, events: count, since: start)
    _ = try await harness.export(.incremental(backfillStart: start))
    return harness
  }

  deinit {
    if store == nil, files is PosixFileSystem { try? FileManager.default.removeItem(atPath: folder) }
  }

  /// One run, as the command line would start it.
  ///
  /// - Parameter transport: answers instead of the emulated API.
  func export(
    _ request: ExportSettings.Request, from transport: (any APITransport)? = nil,
    observe: @escaping @Sendable (ExportEvent) -> Void = { _ in },
    adjust: (inout ExportSettings) -> Void = { _ in }
  ) async throws -> ExportSummary {
    var settings = ExportSettings(request: request)
    settings.redaction = redaction.withLock(\.self)
    adjust(&settings)
    let client = AuditLogClient(
      log: log, host: .cloudsmith, key: try TestHarness.key.get(),
      transport: transport ?? HarnessTransport(harness: self),
      clock: clock, random: { 0.5 })
    let summary = try await withWriter { writer in
      await ExportRun(settings, client: client, clock: clock, writer: writer, observe: observe).run()
    }
    if store == nil, isVerified.withLock(\.self) {
      let findings = try await archive.verify()?.findings ?? []
      #expect(findings.isEmpty, "\(findings)")
    }
    return summary
  }

  nonisolated(nonsending) func withWriter<Result>(
    _ body: (ArchiveWriter) async throws -> Result
  ) async throws -> Result {
    let source = ArchiveSource(
      apiHost: "https://api.cloudsmith.io", log: log, redaction: redaction.withLock(\.self)?.policy)
    var settings = WriterSettings(toolVersion: "test")
    settings.formats = formats.withLock { $0 }
    settings.isTable = isTable.withLock { $0 }
    settings.keepSuperseded = keepSuperseded.withLock { $0 }
    var attempt = 0
    while true {
      attempt += 1
      do {
        return try await archive.withWriter(
          source: source, holder: LockHolder(pid: 1, host: "test", since: clock.now), settings: settings,
          body: body)
      } catch ArchiveError.locked where attempt < 100_000 {
        // A process that another test is starting holds, from its fork to its exec, a copy of the lock that was let go of here.
        await Task.yield()
      }
    }
  }

  /// The archive as a new process opens it.
  private var archive: Archive { store?.archive(of: log) ?? Archive(at: folder, log: log, fileSystem: files) }

  var manifest: Manifest? {
    get async throws { try await archive.read() }
  }

  /// Every archived event: uuid and time, in the order of the archive.
  func archived() async throws -> [Event] {
    try await withWriter { writer in
      var events: [Event] = []
      for partition in writer.manifest?.partitions ?? [] {
        var reader = writer.reader(of: partition.eventDate)
        while let batch = try await reader.next() { events += Event.all(in: batch) }
      }
      return events
    }
  }

  /// Every event of the log, oldest first.
  func truth() throws -> [Event] { try events { $0.truth } }

  /// The state of the log, for `steady` and `violations`.
  var mark: LogMark? { api.withLock { $0.log(log)?.events.mark } }

  /// The events that were there at the mark and have stayed as they were; without a mark, all. Oldest first.
  func steady(since mark: LogMark?) throws -> [Event] {
    try events { log in mark.map { log.steady(since: $0) } ?? log.truth }
  }

  private func events(_ json: (EmulatedLog) -> [UInt8]) throws -> [Event] {
    let json = api.withLock { api in api.log(log).map(json) } ?? []
    var parser = EventParser()
    return Event.all(in: try parser.parse(json).rows).sorted()
  }

  /// The differences between covered windows and the log: events that are missing, doubled or invented. Empty if all is well.
  ///
  /// - Parameter mark: events that came, moved or were erased since then may be missing.
  func violations(steadySince mark: LogMark? = nil) async throws -> [String] {
    let archived = try await archived()
    let names = Set(archived.map(\.uuid))
    let coverage = try await manifest?.coverage ?? Coverage([])
    var problems: [String] = []
    if names.count != archived.count { problems.append("\(archived.count - names.count) events twice") }
    let invented = try Set(archived).subtracting(truth()).subtracting(events { $0.events.formerJSON })
    if !invented.isEmpty { problems.append("\(invented.count) events that never were") }
    let missing = try steady(since: mark).filter { coverage.contains($0.time) && !names.contains($0.uuid) }
    if !missing.isEmpty { problems.append("covered and missing: \(missing.count), \(missing.prefix(3))") }
    if archived != archived.sorted() { problems.append("not in order") }
    return problems
  }
}

extension TestHarness {
  /// Damages a file of the archive.
  func overwrite(_ path: String, with bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(filePath: folder + "/" + path))
  }

  /// Inserts the records of a JSON array into the log.
  func arrive(_ array: [UInt8]) throws {
    let records = try #require(try JSONSerialization.jsonObject(with: Data(array)) as? [[String: Any]])
    let texts = try records.map { Array(try JSONSerialization.data(withJSONObject: $0)) }
    api.withLock { $0.change(log) { log in for text in texts { log.insert(record: text) } } }
  }
}

/// An archived event, by its time and uuid.
struct Event: Hashable, Comparable, CustomStringConvertible {
  var time: Timestamp
  var uuid: String

  static func all(in batch: RowBatch) -> [Event] {
    (0..<batch.count).map { Event(time: batch.time($0), uuid: batch.string(.uuid, $0) ?? "") }
  }

  static func < (one: Event, other: Event) -> Bool {
    one.time == other.time
      ? one.uuid.utf8.lexicographicallyPrecedes(other.uuid.utf8) : one.time < other.time
  }

  var description: String { "\(uuid) at \(time)" }
}

extension ExportSummary {
  /// Ends the test as failed unless the run was complete.
  func requireComplete(
    _ place: String = "the run", sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let isComplete = if case .complete = outcome { true } else { false }
    try #require(isComplete, "\(place) ended as \(outcome)", sourceLocation: sourceLocation)
  }
}

/// A time from its RFC 3339 text, such as `2024-02-12T00:00:00Z`.
func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }
