import AuditRecord

/// What a row on the disk is known by: its time, 128 bits for its uuid, 64 for its content, by Swift's `Hasher`.
struct RowFingerprint: Hashable, Sendable {
  /// Microseconds since 1970.
  private(set) var eventAt: Int64
  private(set) var uuid: UUIDFingerprint
  private var content: UInt64

  init(_ row: Int, of batch: RowBatch) {
    eventAt = batch.eventAt[row]
    uuid = batch.fingerprint(row)
    content = RowFingerprint.content(of: row, in: batch)
  }

  func hasUUID(of row: Int, in batch: RowBatch) -> Bool { uuid == batch.fingerprint(row) }

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
