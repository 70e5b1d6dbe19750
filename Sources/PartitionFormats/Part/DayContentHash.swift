package import AuditRecord
private import Crypto

/// The identity of a day's content: SHA-256 over its rows as csv-1 text, in order, without header.
///
/// It does not depend on the format of the files, on how rows are split into them, or on their compression. One hash goes
/// through all parts of the day, in order.
package struct DayContentHash: Sendable {
  private var hash = SHA256()
  private var encoder = CSVEncoder()
  private var text: [UInt8] = []

  package init() {}

  /// Adds rows whose CSV text is not at hand. The reader and the writer of CSV parts add theirs themselves.
  package mutating func append(_ batch: RowBatch, rows: Range<Int>) {
    let selection = RowSelection(batch, rows: rows.map { Int32($0) })
    var place = 0
    while place < selection.rows.count {
      place = encoder.append(selection, from: place, to: &text, until: DayContentHash.blockLength).place
      hashText()
    }
  }

  /// The hash of what was added so far, in lower-case hex.
  package var sha256: String { hash.finalize().hex }

  /// Adds the text of rows, or the next piece of it: what stands in `text` from the index `start` on.
  mutating func append(text: [UInt8], from start: Int) {
    hash.update(text, from: start)
  }

  private mutating func hashText() {
    hash.update(text)
    text.removeAll(keepingCapacity: true)
  }

  private static let blockLength = 256 << 10
}
