package import AuditRecord
import Crypto

/// The facts about a part file that the manifest records.
package struct PartSummary: Hashable, Sendable {
  /// The number of rows, without a header.
  package var rows: Int
  /// The size of the file.
  package var bytes: Int
  /// The size of the content: for CSV the text with its header, for Parquet the values in `PLAIN` encoding.
  package var uncompressedBytes: Int
  /// The SHA-256 of the file's bytes, in lower-case hex.
  package var sha256: String
  /// The earliest and the latest `event_at`; nil if there are no rows.
  package var minEventAt: Timestamp?
  /// The latest `event_at`; nil if there are no rows.
  package var maxEventAt: Timestamp?
}

/// Accumulates a `PartSummary` while a part is written or read.
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

/// The identity of a day's content: the SHA-256 of its rows as csv-1 text, in order, without a header.
///
/// It does not depend on the format, the compression or the number of the files. Pass one hash through all parts of the day, in
/// order.
package struct DayContentHash: Sendable {
  private var hash = SHA256()
  private var encoder = CSVEncoder()
  private var text: [UInt8] = []

  package init() {}

  /// Add rows, at the cost of encoding them. Do not add rows that a CSV reader or writer handles: those add the text that they have.
  package mutating func append(_ batch: RowBatch, rows: Range<Int>) {
    let selection = RowSelection(batch, rows: rows.map { Int32($0) })
    var place = 0
    while place < selection.rows.count {
      place = encoder.append(selection, from: place, to: &text, until: DayContentHash.blockLength).place
      hashText()
    }
  }

  /// The hash of all rows so far, in lower-case hex.
  package var sha256: String { hash.finalize().hex }

  /// Add the text of rows, or the next piece of it: `text` from the index `start` on.
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
  /// Add the bytes from the index `start` on.
  mutating func update(_ bytes: [UInt8], from start: Int = 0) {
    bytes.withUnsafeBytes { update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[start...])) }
  }
}
