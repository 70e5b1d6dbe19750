import AuditRecord

@testable import PartitionFormats

/// A Parquet part in memory.
struct ParquetPart {
  var file: [UInt8] = []
  var summary: PartSummary

  /// Writes the rows, handing them over in slices.
  init(_ rows: [Row], slice: Int = .max, level: Int = 6) throws {
    try self.init(RowBatch(rows), slice: slice, level: level)
  }

  init(_ batch: RowBatch, slice: Int = .max, level: Int = 6) throws {
    var file: [UInt8] = []
    var writer = try ParquetPartWriter(level: level)
    var rest = 0..<batch.count
    while !rest.isEmpty {
      let left = try writer.append(batch, rows: rest.prefix(slice)) { file += $0 }
      rest = left.lowerBound..<rest.upperBound
    }
    summary = try writer.finish { file += $0 }
    self.file = file
  }

  /// The rows of a file that is handed over in pieces.
  static func read(
    _ file: [UInt8], chunk: Int = .max, content: inout DayContentHash
  ) throws -> (rows: [Row], summary: PartSummary) {
    var reader = ParquetPartReader()
    var rest = file[...]
    while !rest.isEmpty {
      let piece = rest.prefix(chunk)
      reader.append(Array(piece))
      rest = rest.dropFirst(piece.count)
    }
    var rows: [Row] = []
    let summary = try reader.finish(content: &content) { rows += $0.rows }
    return (rows, summary)
  }
}
