import AuditArchive
import AuditRecord
import TestSupport

/// A short form of an event: time, uuid and actor.
struct Event: Hashable, Comparable, CustomStringConvertible {
  var time: Timestamp
  var uuid: String
  var actor: String?

  init(_ time: String, _ uuid: String, actor: String? = "ann") {
    self.time = at(time)
    self.uuid = uuid
    self.actor = actor
  }

  init(_ batch: RowBatch, _ row: Int) {
    time = batch.time(row)
    uuid = batch.string(.uuid, row) ?? ""
    actor = batch.string(.actor, row)
  }

  static func < (one: Event, other: Event) -> Bool {
    (one.time, one.uuid) < (other.time, other.uuid)
  }

  var description: String { "\(time) \(uuid) \(actor ?? "null")" }
}

func at(_ text: String) -> Timestamp {
  guard let time = Timestamp(rfc3339: text) else { fatalError("\(text) is not a time") }
  return time
}

func day(_ text: String) -> Day {
  guard let day = Day(text) else { fatalError("\(text) is not a day") }
  return day
}

func window(_ from: String, _ to: String) -> Window { Window(from: at(from), to: at(to)) }

func log(_ text: String) -> LogName {
  guard let name = LogName(text) else { fatalError("\(text) is not a log") }
  return name
}

func batch(_ events: [Event]) -> RowBatch {
  var batch = RowBatch()
  for event in events {
    batch.append(
      at: event.time,
      [.uuid: event.uuid, .event: "action.login", .context: ""].merging(
        event.actor.map { [.actor: $0] } ?? [:]
      ) { $1 })
  }
  return batch
}

/// `count` events of a day, some at the same microsecond.
func events(_ text: String, _ count: Int) -> [Event] {
  let start = day(text).start
  return (0..<count).map { index in
    var event = Event("2024-01-01T00:00:00Z", "\(text)-\(100_000 + index)")
    event.time = start + .seconds(Double(index / 2))
    return event
  }
}

extension ArchiveWriter {
  /// Stages a day from events, in small batches.
  func stage(_ text: String, _ events: [Event], batchesOf size: Int = 3) async throws -> StagedDay {
    var rest = events[...]
    return try await stage(day(text)) {
      guard !rest.isEmpty else { return nil }
      defer { rest = rest.dropFirst(size) }
      return RowSelection(batch(Array(rest.prefix(size))))
    }
  }

  func events(of text: String) async throws -> [Event] {
    var found: [Event] = []
    try await rows(of: day(text)) { batch in found += (0..<batch.count).map { Event(batch, $0) } }
    return found
  }

  /// Commits days and covers each completely.
  @discardableResult
  func commit(
    _ days: KeyValuePairs<String, [Event]>, at time: String = "2024-03-01T00:00:00Z",
    start: String? = nil, quarantine records: [QuarantinedRecord] = [],
    _ adjust: (inout Change) -> Void = { _ in }
  ) async throws -> Commit {
    var change = Change(committedAt: AuditArchiveTests.at(time), lookback: .hours(24))
    change.start = start.map { AuditArchiveTests.at($0) }
    for (text, events) in days {
      change.days.append(try await stage(text, events))
      change.covered.append(day(text).window)
    }
    adjust(&change)
    return try await commit(change, quarantine: records)
  }

  @discardableResult
  func commit(_ change: Change, quarantine records: [QuarantinedRecord]) async throws -> Commit {
    var change = change
    try await quarantine(records)
    change.quarantine = try await takeQuarantine()
    return try await commit(change)
  }
}

let acme = ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log("acme"))
let somebody = LockHolder(pid: 4_711, host: "host.example", since: at("2024-03-01T00:00:00Z"))

@discardableResult
func withWriter<Result>(
  _ folder: String, _ source: ArchiveSource = acme,
  settings: WriterSettings = WriterSettings(toolVersion: "1.0.0"),
  fileSystem: any FileSystem = PosixFileSystem(),
  undeleted: @escaping @Sendable (StorageError) -> Void = { _ in },
  body: (ArchiveWriter) async throws -> Result
) async throws -> Result {
  try await Archive(at: folder, log: source.log, fileSystem: fileSystem).withWriter(
    source: source, holder: somebody, settings: settings, undeleted: undeleted
  ) { writer in
    try await body(writer)
  }
}

/// The `ArchiveError` that `body` throws; nil if it succeeds. Any other error is rethrown.
func archiveError<Result>(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
) async throws -> ArchiveError? {
  do {
    _ = try await body()
    return nil
  } catch let error as ArchiveError {
    return error
  }
}

/// Writes six commits: days with and without rows, a revision, late rows, a gap that is filled, quarantine, an emptied day,
/// and a commit without changes.
func writeHistory(
  _ folder: String, _ source: ArchiveSource = acme,
  settings: WriterSettings = WriterSettings(toolVersion: "1.0.0"),
  fileSystem: any FileSystem = PosixFileSystem()
) async throws {
  try await withWriter(folder, source, settings: settings, fileSystem: fileSystem) { writer in
    try await writer.commit(["2024-02-12": events("2024-02-12", 7)], at: "2024-02-13T00:10:00Z")
    try await writer.commit(
      ["2024-02-13": [], "2024-02-15": events("2024-02-15", 4)], at: "2024-02-16T00:10:00Z",
      quarantine: [record("\"a\""), record("[1]"), record("\"a\"")])
  }
  try await withWriter(folder, source, settings: settings, fileSystem: fileSystem) { writer in
    try await writer.commit(["2024-02-12": events("2024-02-12", 9), "2024-02-14": events("2024-02-14", 1)])
    try await writer.commit(
      ["2024-02-15": events("2024-02-15", 4)], quarantine: [record("[1]"), record("[2]")])
    try await writer.commit(["2024-02-14": []])
    try await writer.commit([:])
  }
}

func record(_ json: String) -> QuarantinedRecord {
  QuarantinedRecord(reason: .notAnObject, json: Array(json.utf8))
}
