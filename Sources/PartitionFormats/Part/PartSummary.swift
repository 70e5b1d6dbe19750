package import AuditRecord
import Crypto

/// What a part file holds, as the manifest tells it.
package struct PartSummary: Hashable, Sendable {
  /// The header is not counted.
  package var rows: Int
  /// Of the file.
  package var bytes: Int
  /// Of the text, with the header.
  package var uncompressedBytes: Int
  /// Of the file's bytes, in lower-case hex.
  package var sha256: String
  /// Nil when there are no rows.
  package var minEventAt: Timestamp?
  package var maxEventAt: Timestamp?
}

/// What becomes a `PartSummary` while a part is written or read.
struct PartTally {
  var rows = 0
  var uncompressedBytes = 0
  private var bytes = 0
  private var hash = SHA256()
  private var eventAt: ClosedRange<Int64>?

  mutating func add(file: [UInt8]) {
    bytes += file.count
    hash.update(file)
  }

  mutating func add(eventAt time: Int64) {
    rows += 1
    let bounds = eventAt ?? time...time
    eventAt = min(bounds.lowerBound, time)...max(bounds.upperBound, time)
  }

  var summary: PartSummary {
    PartSummary(
      rows: rows, bytes: bytes, uncompressedBytes: uncompressedBytes, sha256: hash.finalize().hex,
      minEventAt: eventAt.map { Timestamp(microseconds: $0.lowerBound) },
      maxEventAt: eventAt.map { Timestamp(microseconds: $0.upperBound) })
  }
}

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

extension SHA256 {
  /// Adds the bytes from the index `start` on.
  mutating func update(_ bytes: [UInt8], from start: Int = 0) {
    bytes.withUnsafeBytes { update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[start...])) }
  }
}
