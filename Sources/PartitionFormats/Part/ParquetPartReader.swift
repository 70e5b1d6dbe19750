package import AuditRecord

/// Reads one part of a day from the bytes of its Parquet file, and finds again all that its writer knew about it.
///
/// A Parquet file is read from its end, so the compressed bytes are kept until then; rows are unfolded a row group at a
/// time. After an error the reader cannot be used further.
package struct ParquetPartReader: ~Copyable {
  /// A batch of so many rows, or of so much text, is handed on.
  private static let batchRows = 4_096
  private static let batchBytes = 4 << 20

  private var file: [UInt8] = []
  private var tally = PartTally()
  private var batch = RowBatch()

  package init() {}

  /// Takes the next bytes of the file.
  package mutating func append(_ chunk: [UInt8]) {
    tally.add(file: chunk)
    file.append(contentsOf: chunk)
  }

  /// Ends the file: throws unless it is whole. Hands on the rows, a few thousand at a time.
  ///
  /// `content` takes the rows' text. Throws `ParquetError` where the file is not what a writer made, or what `sink`
  /// throws.
  package mutating func finish(
    content: inout DayContentHash, to sink: (RowBatch) throws -> Void
  ) throws -> PartSummary {
    let file = file
    let reader = try ParquetReader(size: file.count) { Array(file[$0]) }
    guard reader.metadata.schema.columns == ParquetPartColumns.schema.columns,
      reader.metadata.schema.metadata == ParquetPartColumns.schema.metadata
    else { throw ParquetError(.schema) }
    for group in reader.metadata.groups.indices {
      var rows = try ParquetPartRows(reader.columns(of: group), rowGroup: group)
      for _ in 0..<reader.metadata.groups[group].rows {
        try rows.appendNext(to: &batch)
        if batch.count >= Self.batchRows || batch.bytes.count >= Self.batchBytes {
          try handOver(content: &content, to: sink)
        }
      }
    }
    try handOver(content: &content, to: sink)
    return tally.summary
  }

  private mutating func handOver(
    content: inout DayContentHash, to sink: (RowBatch) throws -> Void
  ) throws {
    guard !batch.isEmpty else { return }
    for row in 0..<batch.count {
      tally.uncompressedBytes += ParquetPartColumns.size(of: row, in: batch)
      tally.add(eventAt: batch.eventAt[row])
    }
    content.append(batch, rows: 0..<batch.count)
    try sink(batch)
    batch.removeAll()
  }
}
