import AuditRecord
import PartitionFormats

/// Writes the rows of one day, which come in their final order, into parts under the size limit, in every format that is asked
/// for.
///
/// The text of a part as CSV decides where it ends, in whatever formats: so part 3 of a day holds the same rows in each.
struct DayStaging: ~Copyable {
  private let day: Day
  private let storage: any ArchiveStorage
  private let settings: WriterSettings

  private var order: RowOrder
  private var content = DayContentHash()
  private var rows = 0
  private var textBytes = 0
  private var open: OpenPart?
  private var sealed: [StagedPart] = []

  private struct OpenPart: ~Copyable {
    /// Where the CSV goes; nil when it is only measured.
    var csvSpool: Spool?
    var csv: CSVPartWriter
    var parquetSpool: Spool?
    var parquet: ParquetPartWriter?

    var spools: [Spool] { [csvSpool, parquetSpool].compactMap { $0 } }
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
      if open == nil { try begin() }
      place = try await append(selection, from: place)
      if place < selection.rows.count { try await seal() }
    }
  }

  mutating func finish() async throws -> StagedDay {
    try await seal()
    return StagedDay(
      day: day, rows: rows, textBytes: textBytes, contentSHA256: content.sha256, parts: sealed)
  }

  /// Frees the disk of what was written.
  mutating func abandon() {
    var spools = sealed.map(\.spool)
    if let part = open.take() { spools += part.spools }
    for spool in spools { storage.discard(spool) }
  }

  private mutating func begin() throws {
    let csv =
      settings.formats.contains(.csv)
      ? try CSVPartWriter(
        level: settings.compressionLevel, limit: settings.partSizeLimit, width: settings.compressionWidth)
      : CSVPartWriter(measuring: settings.partSizeLimit)
    open = OpenPart(csvSpool: nil, csv: csv, parquetSpool: nil, parquet: nil)
    if settings.formats.contains(.csv) { open?.csvSpool = try storage.spool() }
    guard settings.formats.contains(.parquet) else { return }
    open?.parquet = try ParquetPartWriter(
      settings.parquetCodec == .zstd ? .zstd(level: 3) : .gzip(level: settings.compressionLevel))
    open?.parquetSpool = try storage.spool()
  }

  /// The place behind the last row that fitted.
  private mutating func append(_ selection: RowSelection, from place: Int) async throws -> Int {
    guard var part = open.take() else { return place }
    let storage = storage
    do {
      let csvSpool = part.csvSpool
      let end = try await part.csv.append(selection, from: place, content: &content) { bytes in
        if let csvSpool { try storage.append(bytes, to: csvSpool) }
      }
      if let spool = part.parquetSpool {
        try part.parquet?.append(selection, place..<end) { try storage.append($0, to: spool) }
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
    let storage = storage
    do {
      let csvSpool = part.csvSpool
      let text = try await part.csv.finish(content: &content) { bytes in
        if let csvSpool { try storage.append(bytes, to: csvSpool) }
      }
      var written: [(format: PartFormat, spool: Spool, summary: PartSummary)] = []
      if let csvSpool { written.append((.csv, csvSpool, text)) }
      if let spool = part.parquetSpool,
        let summary = try part.parquet?.finish(to: { try storage.append($0, to: spool) })
      {
        written.append((.parquet, spool, summary))
      }
      for file in written { try storage.seal(file.spool) }
      rows += text.rows
      textBytes += text.uncompressedBytes
      for file in written {
        guard let first = text.minEventAt, let last = text.maxEventAt else {
          storage.discard(file.spool)
          continue
        }
        sealed.append(
          StagedPart(
            spool: file.spool, format: file.format, rows: file.summary.rows, bytes: file.summary.bytes,
            uncompressedBytes: file.summary.uncompressedBytes, sha256: file.summary.sha256,
            minEventAt: first, maxEventAt: last))
      }
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
    var previous: Int?
    for index in selection.rows {
      let index = Int(index)
      let time = batch.eventAt[index]
      guard start <= time, time < end else {
        throw .outsideDay(day: day, row: row, eventAt: Timestamp(microseconds: time))
      }
      if time <= lastTime {
        let isAfter =
          previous.map { batch.uuidPrecedes($0, batch, index) }
          ?? lastUUID.lexicographicallyPrecedes(batch.bytes[batch.cell(.uuid, index).range])
        guard time == lastTime, isAfter else { throw .misordered(day: day, row: row) }
      }
      lastTime = time
      previous = index
      row += 1
    }
    guard let previous else { return }
    lastUUID.removeAll(keepingCapacity: true)
    lastUUID += batch.bytes[batch.cell(.uuid, previous).range]
  }
}
