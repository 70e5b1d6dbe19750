package import AuditRecord

/// Writes one part of a day as a Parquet file.
///
/// Rows go in in their final order; bytes of the file come out through `sink`, a column of a row group at a time. After
/// an error the writer cannot be used further.
package struct ParquetPartWriter: ~Copyable {
  /// A row group ends with the row that brings it to so many rows or bytes of values.
  private static let groupBytes = 64 << 20
  /// The format counts the bytes of a page in 32 bits.
  private static let rowBytes = 1 << 30

  private var group = ParquetRowGroup(ParquetPartColumns.schema)
  private var groupSize = 0
  private var writer: ParquetWriter
  private var tally = PartTally()
  private let limit: Int

  /// `level`: of gzip, 1 to 9. `limit`: the bytes of values that the part does not pass unless its first row alone does.
  package init(level: Int = 6, limit: Int = .max) throws(GzipError) {
    writer = try ParquetWriter(
      ParquetPartColumns.schema, createdBy: ParquetPartColumns.createdBy, level: level)
    self.limit = limit
  }

  /// The rows written so far.
  package var rows: Int { tally.rows }
  /// The bytes of the values written so far: four and its own for a text, eight for a time or number, none for NULL.
  package var uncompressedBytes: Int { tally.uncompressedBytes }

  /// Writes those of `rows` that still fit, from the first on, and returns the others: none when all were written.
  ///
  /// Throws `GzipError`, `ParquetError` for a row of more than 1 GiB, or what `sink` throws.
  package mutating func append(
    _ batch: RowBatch, rows: Range<Int>, to sink: ([UInt8]) throws -> Void
  ) throws -> Range<Int> {
    var taken = rows.lowerBound..<rows.lowerBound
    var isFull = false
    while !isFull, taken.upperBound < rows.upperBound {
      let row = taken.upperBound
      let size = ParquetPartColumns.size(of: row, in: batch)
      guard size <= ParquetPartWriter.rowBytes else { throw ParquetError(.tooLarge(Self.rowBytes)) }
      isFull = tally.rows > 0 && tally.uncompressedBytes + size > limit
      guard !isFull else { break }
      tally.uncompressedBytes += size
      tally.add(eventAt: batch.eventAt[row])
      groupSize += size
      taken = taken.lowerBound..<row + 1
      if group.rows + taken.count == ParquetRowGroup.rowLimit || groupSize >= ParquetPartWriter.groupBytes {
        group.append(batch, rows: taken)
        try writeGroup(to: sink)
        taken = row + 1..<row + 1
      }
    }
    group.append(batch, rows: taken)
    return taken.upperBound..<rows.upperBound
  }

  /// Does the same, and `content` takes the written rows' text.
  package mutating func append(
    _ batch: RowBatch, rows: Range<Int>, content: inout DayContentHash, to sink: ([UInt8]) throws -> Void
  ) throws -> Range<Int> {
    let left = try append(batch, rows: rows, to: sink)
    content.append(batch, rows: rows.lowerBound..<left.lowerBound)
    return left
  }

  /// Ends the file. A part without rows is one without row groups.
  package mutating func finish(to sink: ([UInt8]) throws -> Void) throws -> PartSummary {
    if group.rows > 0 { try writeGroup(to: sink) }
    var tally = tally
    try writer.finish {
      tally.add(file: $0)
      try sink($0)
    }
    return tally.summary
  }

  private mutating func writeGroup(to sink: ([UInt8]) throws -> Void) throws {
    var tally = tally
    try writer.write(group) {
      tally.add(file: $0)
      try sink($0)
    }
    self.tally = tally
    group.removeAll()
    groupSize = 0
  }
}
