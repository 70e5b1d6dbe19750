import AuditRecord
import Parquet
import PartitionFormats

/// Writes the sorted rows of a day to parts below the size limit, in each format.
///
/// The size as CSV decides where a part ends, so part 3 of a day holds the same rows in every format.
struct DayStaging: ~Copyable {
  private let day: Day
  private let scratch: Scratch
  private let settings: WriterSettings
  private let formats: Set<PartFormat>

  private var order: RowOrder
  private var content = DayContentHash()
  private var rows = 0
  private var textBytes = 0
  private var open: OpenPart?
  private var sealed: [StagedPart] = []

  private struct OpenPart: ~Copyable {
    /// nil if the CSV is only measured.
    var csvFile: ScratchFile?
    var csv: CSVPartWriter
    var parquetFile: ScratchFile?
    var parquet: ParquetPartWriter?

    var files: [ScratchFile] { [csvFile, parquetFile].compactMap { $0 } }
  }

  init(_ day: Day, _ formats: Set<PartFormat>, scratch: Scratch, settings: WriterSettings) {
    self.day = day
    self.formats = formats
    self.scratch = scratch
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

  /// Discards all files.
  mutating func abandon() {
    var files = sealed.map(\.file)
    if let part = open.take() { files += part.files }
    for file in files { scratch.discard(file) }
  }

  private mutating func begin() throws {
    let csv =
      formats.contains(.csv)
      ? try CSVPartWriter(
        level: settings.compressionLevel, limit: settings.partSizeLimit, width: settings.compressionWidth)
      : CSVPartWriter(measuring: settings.partSizeLimit)
    open = OpenPart(csvFile: nil, csv: csv, parquetFile: nil, parquet: nil)
    if formats.contains(.csv) { open?.csvFile = try scratch.create() }
    guard formats.contains(.parquet) else { return }
    open?.parquet = try ParquetPartWriter(
      settings.parquetCodec == .zstd ? .zstd(level: 3) : .gzip(level: settings.compressionLevel))
    open?.parquetFile = try scratch.create()
  }

  /// Returns the index after the last row that fits.
  private mutating func append(_ selection: RowSelection, from place: Int) async throws -> Int {
    guard var part = open.take() else { return place }
    let scratch = scratch
    do {
      let csvFile = part.csvFile
      let end = try await part.csv.append(selection, from: place, content: &content) { bytes in
        if let csvFile { try scratch.append(bytes, to: csvFile) }
      }
      if let file = part.parquetFile {
        try part.parquet?.append(selection, place..<end) { try scratch.append($0, to: file) }
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
    let scratch = scratch
    do {
      let csvFile = part.csvFile
      let text = try await part.csv.finish(content: &content) { bytes in
        if let csvFile { try scratch.append(bytes, to: csvFile) }
      }
      var written: [(format: PartFormat, scratch: ScratchFile, summary: PartSummary)] = []
      if let csvFile { written.append((.csv, csvFile, text)) }
      if let file = part.parquetFile,
        let summary = try part.parquet?.finish(to: { try scratch.append($0, to: file) })
      {
        written.append((.parquet, file, summary))
      }
      for file in written { try scratch.seal(file.scratch) }
      rows += text.rows
      textBytes += text.uncompressedBytes
      for file in written {
        guard let first = text.minEventAt, let last = text.maxEventAt else {
          scratch.discard(file.scratch)
          continue
        }
        sealed.append(
          StagedPart(
            file: file.scratch, format: file.format, rows: file.summary.rows, bytes: file.summary.bytes,
            uncompressedBytes: file.summary.uncompressedBytes, sha256: file.summary.sha256,
            minEventAt: first, maxEventAt: last))
      }
    } catch {
      open = consume part
      throw error
    }
  }
}

/// Checks that rows belong to the day and are in total order: by time, then by the bytes of `uuid`.
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
