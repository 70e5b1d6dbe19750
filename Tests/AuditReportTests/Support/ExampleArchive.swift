import AuditArchive
import AuditRecord
import TestSupport
import Testing

/// A small archive of `acme` in a temporary folder.
enum ExampleArchive {
  static let log = LogName("acme")!

  /// Has `write` make an archive and gives its folder and manifest to `body`.
  static func with(
    _ write: (ArchiveWriter) async throws -> Void, _ body: (_ folder: String, Manifest) async throws -> Void
  ) async throws {
    let temporary = try Folder.make()
    defer { temporary.remove() }
    let folder = temporary.path + "/archive"
    let source = ArchiveSource(apiHost: "https://api.cloudsmith.io", log: log)
    let holder = LockHolder(pid: 1, host: "test", since: Timestamp(microseconds: 0))
    try await Archive(at: folder, log: source.log).withWriter(
      source: source, holder: holder, settings: WriterSettings(toolVersion: "1.0.0")
    ) { try await write($0) }
    let manifest = try #require(try await Archive(at: folder, log: log).read())
    try await body(folder, manifest)
  }

  /// Commits days with this many events each, and extends the coverage by `covered`.
  static func commit(
    _ days: KeyValuePairs<String, Int>, covered: [(String, String)], at time: String, to writer: ArchiveWriter
  ) async throws {
    var change = Change(committedAt: at(time), lookback: .hours(24))
    change.covered = covered.map { Window(from: at($0 + "T00:00:00Z"), to: at($1 + "T00:00:00Z")) }
    for (text, count) in days {
      let day = Day(text)!
      var rest: RowSelection? = RowSelection(
        rows((0..<count).map { (day.start + .minutes(Double($0)), [.event: "action.login"]) }))
      change.days.append(
        try await writer.stage(day) {
          defer { rest = nil }
          return rest
        })
    }
    change.run.complete = true
    change.run.eventsReceived = days.reduce(0) { $0 + $1.value }
    change.run.rowsAdded = change.run.eventsReceived
    change.run.requests = 3
    _ = try await writer.commit(change)
  }

  static func at(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

  /// Rows with these cells, by column; every other cell is NULL. Each row without a uuid gets one.
  static func rows(_ rows: [(time: Timestamp, cells: [TextColumn: String])]) -> RowBatch {
    var batch = RowBatch()
    for (index, row) in rows.enumerated() {
      batch.append(at: row.time, row.cells.merging([.uuid: "uuid-\(100_000 + index)"]) { own, _ in own })
    }
    return batch
  }
}
