package import AuditRecord

/// Reads one part of a day from the bytes of its `csv.gz` file, and finds again all that its writer knew about it.
///
/// After an error the reader cannot be used further.
package struct CSVPartReader: ~Copyable {
  /// A batch of so many rows, or of so much text, is handed on.
  private static let batchRows = 4_096
  private static let batchBytes = 4 << 20

  private var gzip: GzipReader
  private var decoder = CSVDecoder()
  private var tally = PartTally()
  private var text: [UInt8] = []

  package init() throws(GzipError) {
    gzip = try GzipReader()
  }

  /// Takes the next bytes of the file; hands on the rows that they hold, a few thousand at a time.
  ///
  /// `content` takes the text of the rows. Throws `GzipError` or `CSVError` where the file is not what a writer made, or
  /// what `sink` throws.
  package mutating func append(
    _ chunk: [UInt8], content: inout DayContentHash, to sink: (RowBatch) throws -> Void
  ) throws {
    tally.add(file: chunk)
    var position = 0
    var more = true
    while more {
      text.removeAll(keepingCapacity: true)
      more = try gzip.read(chunk, from: &position, to: &text)
      try takeText(content: &content)
      if decoder.batch.count >= CSVPartReader.batchRows
        || decoder.batch.bytes.count >= CSVPartReader.batchBytes
      {
        try handOver(to: sink)
      }
    }
  }

  /// Ends the file: throws unless it is whole. Hands on the last rows.
  package mutating func finish(to sink: (RowBatch) throws -> Void) throws -> PartSummary {
    try gzip.finish()
    try decoder.finish()
    try handOver(to: sink)
    return tally.summary
  }

  private mutating func takeText(content: inout DayContentHash) throws(CSVError) {
    let before = tally.uncompressedBytes
    tally.uncompressedBytes += text.count
    let row = decoder.batch.count
    try decoder.append(text)
    let header = min(text.count, max(0, CSVEncoder.header.count - before))
    content.append(text: text, from: header)
    for time in decoder.batch.eventAt[row...] { tally.add(eventAt: time) }
  }

  private mutating func handOver(to sink: (RowBatch) throws -> Void) throws {
    guard !decoder.batch.isEmpty else { return }
    try sink(decoder.batch)
    decoder.batch.removeAll()
  }
}
