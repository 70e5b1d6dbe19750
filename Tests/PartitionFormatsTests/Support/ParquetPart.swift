import AuditRecord

@testable import PartitionFormats

/// A Parquet part in memory.
struct ParquetPart {
  var file: [UInt8] = []
  var summary: PartSummary

  /// Writes the rows, handing them over in slices.
  init(_ rows: [Row], slice: Int = .max, _ compression: ParquetCompression = .gzip(level: 6)) throws {
    try self.init(RowBatch(rows), slice: slice, compression)
  }

  init(_ batch: RowBatch, slice: Int = .max, _ compression: ParquetCompression = .gzip(level: 6)) throws {
    var file: [UInt8] = []
    var writer = try ParquetPartWriter(compression)
    for start in stride(from: 0, to: batch.count, by: min(slice, max(1, batch.count))) {
      try writer.append(RowSelection(batch), (start..<batch.count).prefix(slice)) { file += $0 }
    }
    summary = try writer.finish { file += $0 }
    self.file = file
  }

  /// Writes some rows, whose text `content` takes.
  init(_ batch: RowBatch, rows: Range<Int>, content: inout DayContentHash) throws {
    var file: [UInt8] = []
    var writer = try ParquetPartWriter()
    try writer.append(RowSelection(batch), rows) { file += $0 }
    content.append(batch, rows: rows)
    summary = try writer.finish { file += $0 }
    self.file = file
  }

  /// The rows of a file.
  static func read(
    _ file: [UInt8], content: inout DayContentHash
  ) async throws -> (rows: [Row], summary: PartSummary) {
    var reader = try await ParquetPartReader(size: file.count) { Array(file[$0..<$0 + $1]) }
    var rows: [Row] = []
    while let batch = try await reader.next(content: &content) { rows += batch.rows }
    return await (rows, try reader.finish())
  }
}
