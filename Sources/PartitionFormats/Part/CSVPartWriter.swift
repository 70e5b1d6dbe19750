package import AuditRecord

/// Writes one part of a day as a `csv.gz` file.
///
/// Rows go in in their final order; bytes of the file come out through `sink`, about 1 MiB of text at a time. After an
/// error the writer cannot be used further.
package struct CSVPartWriter: ~Copyable {
  private var encoder = CSVEncoder()
  private var gzip: GzipWriter
  private var tally = PartTally()
  private let limit: Int
  /// Text that was not yet handed to gzip.
  private var text: [UInt8] = CSVEncoder.header
  private var compressed: [UInt8] = []

  /// `level`: of gzip, 1 to 9. `limit`: the bytes of text, header included, that the part does not pass unless its first row
  /// alone does.
  package init(level: Int = 6, limit: Int = .max) throws(GzipError) {
    gzip = try GzipWriter(level: level)
    self.limit = limit
    tally.uncompressedBytes = text.count
  }

  /// The rows written so far.
  package var rows: Int { tally.rows }
  /// The text written so far, in bytes, with the header.
  package var uncompressedBytes: Int { tally.uncompressedBytes }

  /// Writes those of `rows` that still fit, from the first on, and returns the others: none when all were written.
  ///
  /// `content` takes the written rows' text. Throws `GzipError`, or what `sink` throws.
  package mutating func append(
    _ batch: RowBatch, rows: Range<Int>, content: inout DayContentHash, to sink: ([UInt8]) throws -> Void
  ) throws -> Range<Int> {
    for row in rows {
      let start = text.count
      encoder.append(batch, row: row, to: &text)
      let length = text.count - start
      guard tally.rows == 0 || tally.uncompressedBytes + length <= limit else {
        text.removeLast(length)
        return row..<rows.upperBound
      }
      content.append(text: text, from: start)
      tally.uncompressedBytes += length
      tally.add(eventAt: batch.eventAt[row])
      if text.count >= CSVPartWriter.blockLength { try compress(to: sink) }
    }
    return rows.upperBound..<rows.upperBound
  }

  /// Ends the file. A part without rows is one with a header alone.
  package mutating func finish(to sink: ([UInt8]) throws -> Void) throws -> PartSummary {
    try compress(to: sink)
    try gzip.finish(to: &compressed)
    try handOver(to: sink)
    return tally.summary
  }

  private mutating func compress(to sink: ([UInt8]) throws -> Void) throws {
    try gzip.append(text, to: &compressed)
    text.removeAll(keepingCapacity: true)
    try handOver(to: sink)
  }

  private mutating func handOver(to sink: ([UInt8]) throws -> Void) throws {
    guard !compressed.isEmpty else { return }
    tally.add(file: compressed)
    try sink(compressed)
    compressed.removeAll(keepingCapacity: true)
  }

  /// How much text is encoded before it is compressed, in bytes.
  private static let blockLength = 128 << 10
}
