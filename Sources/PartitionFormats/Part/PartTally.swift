import AuditRecord
import Crypto

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
