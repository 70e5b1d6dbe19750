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
}
