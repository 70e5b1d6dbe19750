import AuditRecord

/// What a row on the disk is known by: its time, 128 bits for its uuid, 64 for its content, by Swift's `Hasher`.
///
/// The hasher's seed is another in each process, so no one can look for rows that collide; that two of a thousand million
/// do by chance is as likely as one in 10²⁰.
struct RowFingerprint: Hashable, Sendable {
  /// Microseconds since 1970.
  private(set) var eventAt: Int64
  private var uuid: UInt64
  private var uuidAgain: UInt64
  private var content: UInt64

  init(_ row: Int, of batch: RowBatch) {
    eventAt = batch.eventAt[row]
    (uuid, uuidAgain) = RowFingerprint.uuid(of: row, in: batch)
    content = RowFingerprint.content(of: row, in: batch)
  }

  func hasUUID(of row: Int, in batch: RowBatch) -> Bool {
    (uuid, uuidAgain) == RowFingerprint.uuid(of: row, in: batch)
  }

  private static func uuid(of row: Int, in batch: RowBatch) -> (UInt64, UInt64) {
    var (one, other) = (Hasher(), Hasher())
    other.combine(0 as UInt8)
    batch.bytes[batch.cell(.uuid, row).range].withUnsafeBytes {
      one.combine(bytes: $0)
      other.combine(bytes: $0)
    }
    return (UInt64(bitPattern: Int64(one.finalize())), UInt64(bitPattern: Int64(other.finalize())))
  }

  private static func content(of row: Int, in batch: RowBatch) -> UInt64 {
    var hasher = Hasher()
    for coordinate in [batch.latitude[row], batch.longitude[row]] {
      hasher.combine(coordinate.isNaN ? nil : coordinate.bitPattern)
    }
    for cell in batch.cells[row * TextColumn.count..<(row + 1) * TextColumn.count] {
      hasher.combine(cell.length)
      batch.bytes[cell.range].withUnsafeBytes { hasher.combine(bytes: $0) }
    }
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }
}
