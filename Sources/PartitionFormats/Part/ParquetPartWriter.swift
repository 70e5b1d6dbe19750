package import AuditRecord

/// Writes one part of a day as a Parquet file.
///
/// The caller says where the part ends; so a part holds the rows that the part of the same number holds in another format.
/// Rows go in in their final order; bytes of the file come out through `sink`, a column of a row group at a time. In memory
/// is one row group, of at most `groupBytes` of values and one row more. After an error the writer cannot be used further.
package struct ParquetPartWriter: ~Copyable {
  /// A row group ends with the row that brings it to so many rows or bytes of values.
  private static let groupBytes = 32 << 20
  /// The format counts the bytes of a page in 32 bits.
  private static let rowBytes = 1 << 30

  private var group = ParquetRowGroup(ParquetPartColumns.schema)
  private var groupSize = 0
  private var writer: ParquetWriter
  private var tally = PartTally()

  /// Throws `ParquetError` for zstd in a build without it, `GzipError` for a level that is none.
  package init(_ compression: ParquetCompression = .gzip(level: 6)) throws {
    writer = try ParquetWriter(
      ParquetPartColumns.schema, createdBy: ParquetPartColumns.createdBy, compression)
  }

  /// The rows written so far.
  package var rows: Int { tally.rows }
  /// The bytes of the values written so far: four and its own for a text, eight for a time or number, none for NULL.
  package var uncompressedBytes: Int { tally.uncompressedBytes }

  /// Writes the rows at some places of a selection. Throws `GzipError`, `ParquetError` for a row of more than 1 GiB, or what
  /// `sink` throws.
  package mutating func append(
    _ selection: RowSelection, _ places: Range<Int>, to sink: ([UInt8]) throws -> Void
  ) throws {
    var first = places.lowerBound
    for place in places {
      let row = Int(selection.rows[place])
      let size = ParquetPartColumns.size(of: row, in: selection.batch)
      guard size <= Self.rowBytes else { throw ParquetError(.tooLarge(Self.rowBytes)) }
      tally.uncompressedBytes += size
      tally.add(eventAt: selection.batch.eventAt[row])
      groupSize += size
      if group.rows + place + 1 - first == ParquetRowGroup.rowLimit || groupSize >= Self.groupBytes {
        group.append(selection.batch, rows: selection.rows[first..<place + 1])
        try writeGroup(to: sink)
        first = place + 1
      }
    }
    group.append(selection.batch, rows: selection.rows[first..<places.upperBound])
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
