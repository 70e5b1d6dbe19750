import AuditRecord
import PartitionFormats

/// Writes the rows of one day, which come in their final order, into parts under the size limit.
struct DayStaging: ~Copyable {
  private let day: Day
  private let storage: any ArchiveStorage
  private let settings: WriterSettings

  private var order: RowOrder
  private var content = DayContentHash()
  private var open: OpenPart?
  private var sealed: [StagedPart] = []

  private struct OpenPart: ~Copyable {
    var spool: Spool
    var writer: CSVPartWriter
  }

  init(_ day: Day, storage: any ArchiveStorage, settings: WriterSettings) {
    self.day = day
    self.storage = storage
    self.settings = settings
    self.order = RowOrder(day: day)
  }

  mutating func append(_ selection: RowSelection) async throws {
    try order.check(selection)
    var place = 0
    while place < selection.rows.count {
      if open == nil { open = try begin() }
      place = try await append(selection, from: place)
      if place < selection.rows.count { try await seal() }
    }
  }

  mutating func finish() async throws -> StagedDay {
    try await seal()
    return StagedDay(
      day: day, rows: sealed.reduce(0) { $0 + $1.rows }, contentSHA256: content.sha256, parts: sealed)
  }

  /// Frees the disk of what was written, as far as the disk lets it.
  mutating func abandon() {
    var spools = sealed.map(\.spool)
    if let part = open.take() { spools.append(part.spool) }
    for spool in spools {
      // The failure that led here is the one to tell. What stays goes with all the spools, at the end of the run.
      do { try storage.discard(spool) } catch { continue }
    }
  }

  private func begin() throws -> OpenPart {
    let writer = try CSVPartWriter(
      level: settings.compressionLevel, limit: settings.partSizeLimit, width: settings.compressionWidth)
    return OpenPart(spool: try storage.spool(), writer: writer)
  }

  /// The place behind the last row that fitted.
  private mutating func append(_ selection: RowSelection, from place: Int) async throws -> Int {
    guard var part = open.take() else { return place }
    let (storage, spool) = (storage, part.spool)
    do {
      let end = try await part.writer.append(selection, from: place, content: &content) {
        try storage.append($0, to: spool)
      }
      open = consume part
      return end
    } catch {
      open = consume part
      throw error
    }
  }

  private mutating func seal() async throws {
    guard var part = open.take() else { return }
    let (storage, spool) = (storage, part.spool)
    do {
      let summary = try await part.writer.finish(content: &content) { try storage.append($0, to: spool) }
      try storage.seal(spool)
      guard let first = summary.minEventAt, let last = summary.maxEventAt else {
        return try storage.discard(spool)
      }
      sealed.append(
        StagedPart(
          spool: spool, format: .csv, rows: summary.rows, bytes: summary.bytes,
          uncompressedBytes: summary.uncompressedBytes, sha256: summary.sha256, minEventAt: first,
          maxEventAt: last))
    } catch {
      open = consume part
      throw error
    }
  }
}

/// Checks that a day's rows come in total order, by time and then by the bytes of `uuid`, and are of that day.
private struct RowOrder {
  let day: Day
  private var row = 0
  private var lastTime = Int64.min
  private var lastUUID: [UInt8] = []

  init(day: Day) { self.day = day }

  mutating func check(_ selection: RowSelection) throws(ArchiveError) {
    let batch = selection.batch
    let (start, end) = (day.start.microseconds, day.end.microseconds)
    var previous: Range<Int>?
    for index in selection.rows {
      let time = batch.eventAt[Int(index)]
      guard start <= time, time < end else {
        throw .outsideDay(day: day, row: row, eventAt: Timestamp(microseconds: time))
      }
      let uuid = batch.cell(.uuid, Int(index)).range
      if time <= lastTime {
        let isAfter =
          time == lastTime
          && (previous.map { batch.bytes[$0].lexicographicallyPrecedes(batch.bytes[uuid]) }
            ?? lastUUID.lexicographicallyPrecedes(batch.bytes[uuid]))
        guard isAfter else { throw .misordered(day: day, row: row) }
      }
      lastTime = time
      previous = uuid
      row += 1
    }
    guard let previous else { return }
    lastUUID.removeAll(keepingCapacity: true)
    lastUUID += batch.bytes[previous]
  }
}
