import AuditExport
import AuditRecord
import CloudsmithEmulator
import Compression
import Crypto
import PartitionFormats

/// Runs the parts of an export. Each part uses the result of the previous one.
///
/// No part is inlined, so profilers count its instructions under its name.
struct PartBenchmark {
  /// Response bodies of the API, newest first.
  private let pages: [[UInt8]]
  private var batches: [RowBatch] = []
  private var day = DayRows()
  private var sorted: [RowSelection] = []
  /// CSV text, in the pieces that gzip compresses.
  private var text: [[UInt8]] = []
  private var file: [UInt8] = []
  private var digest: SHA256.Digest?

  private static let pageSize = 500

  init(events: Int) throws {
    guard let name = LogName("bench"), let day = Day("2024-02-12") else { preconditionFailure("no log") }
    var log = EmulatedLog(name: name, seed: 1)
    log.insert(Generation(count: events, window: day.window))
    pages = stride(from: events, to: 0, by: -PartBenchmark.pageSize).map { end in
      log.events.json((max(0, end - PartBenchmark.pageSize)..<end).reversed())
    }
  }

  mutating func run(_ part: Part) throws {
    switch part {
    case .parse: try parse()
    case .collect: collect()
    case .sort: sort()
    case .format: format()
    case .sha256: hash()
    case .gzip1: try compress1()
    case .gzip6: try compress6()
    case .parquet: try writeParquet()
    case .read: try read()
    }
  }

  /// The size of the part's input in bytes.
  func size(_ part: Part) -> Int {
    switch part {
    case .parse: pages.reduce(0) { $0 + $1.count }
    case .collect, .sort, .format, .parquet: batches.reduce(0) { $0 + $1.bytes.count }
    case .sha256, .gzip1, .gzip6: text.reduce(0) { $0 + $1.count }
    case .read: file.count
    }
  }

  @inline(never) private mutating func parse() throws {
    var parser = EventParser()
    batches = []
    for page in pages { batches.append(try parser.parse(page).rows) }
  }

  @inline(never) private mutating func collect() {
    day = DayRows()
    for batch in batches { _ = day.add(0..<batch.count, of: batch) }
  }

  @inline(never) private mutating func sort() {
    var rows = day.sorted()
    sorted = []
    while let selection = rows.next() { sorted.append(selection) }
  }

  @inline(never) private mutating func format() {
    var encoder = CSVEncoder()
    text = []
    var piece = CSVEncoder.header
    for selection in sorted {
      _ = encoder.append(selection, to: &piece)
      guard piece.count >= GzipWriter.memberLength else { continue }
      text.append(piece)
      piece.removeAll(keepingCapacity: true)
    }
    text.append(piece)
  }

  @inline(never) private mutating func hash() {
    var hash = SHA256()
    for piece in text { hash.update(data: piece) }
    digest = hash.finalize()
  }

  @inline(never) private mutating func compress1() throws { try compress(level: 1) }

  @inline(never) private mutating func compress6() throws { try compress(level: 6) }

  private mutating func compress(level: Int) throws {
    file = []
    for piece in text {
      file += try Gzip.compress(piece, level: level, random: IncompressibleRanges.find(in: piece.span))
    }
  }

  @inline(never) private mutating func writeParquet() throws {
    var size = 0
    var writer = try ParquetPartWriter()
    for rows in sorted { try writer.append(rows, rows.rows.indices) { size += $0.count } }
    _ = try writer.finish { size += $0.count }
    precondition(size > 0)
  }

  @inline(never) private mutating func read() throws {
    var rows = 0
    var content = DayContentHash()
    var reader = try CSVPartReader()
    try reader.append(file, content: &content) { rows += $0.count }
    _ = try reader.finish { rows += $0.count }
    precondition(rows == day.count)
  }
}

/// The parts of an export that are measured, in the order of the walk.
/// A part of an export that is measured on its own.
enum Part: String, CaseIterable {
  /// JSON to flat rows.
  case parse
  /// Rows to the rows of a day, once each.
  case collect
  /// The rows of a day in the order of the archive.
  case sort
  /// Rows to CSV text.
  case format
  case sha256
  case gzip6 = "gzip -6"
  case gzip1 = "gzip -1"
  /// Rows to a Parquet file.
  case parquet
  /// A csv.gz back to rows, as when a day is merged.
  case read
}
