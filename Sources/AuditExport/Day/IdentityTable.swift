import AuditRecord

/// Finds a row of a day by the hash of its uuid. Open addressing, at most three quarters full; About 20 to 30 bytes per row.
struct IdentityTable: Sendable {
  /// The hash of each row, in insertion order.
  private var hashes = ChunkedArray<UInt64>()
  /// The upper half of a row's hash, and below it the row's number plus one; zero is a free slot. The hash half decides
  /// nearly every probe without a second memory access.
  private var slots: [UInt64] = []

  private static let halfOfHash: UInt64 = 0xFFFF_FFFF_0000_0000

  var count: Int { hashes.count }
  /// Bytes of memory.
  var footprint: Int { hashes.footprint + 8 * slots.capacity }

  /// The number of the row that was appended under `hash` and that `isSame` confirms; nil if there is none.
  func row(under hash: IdentityHash, where isSame: (Int) -> Bool) -> Int? {
    guard !slots.isEmpty else { return nil }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash.value) & mask
    while slots[slot] != 0 {
      if (slots[slot] ^ hash.value) & Self.halfOfHash == 0 {
        let row = Int(truncatingIfNeeded: slots[slot] & ~Self.halfOfHash) - 1
        if isSame(row) { return row }
      }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Appends the next row under `hash`. Several rows may share a hash.
  mutating func append(_ hash: IdentityHash) {
    hashes.append(hash.value)
    if 4 * hashes.count > 3 * slots.count { return grow() }
    put(hashes.count - 1)
  }

  private mutating func put(_ row: Int) {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hashes[row]) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = hashes[row] & Self.halfOfHash | UInt64(row + 1)
  }

  private mutating func grow() {
    let size = max(64, slots.count * 2)
    // Free the old slots before allocating the new ones.
    slots = []
    slots = Array(repeating: 0, count: size)
    for row in 0..<hashes.count { put(row) }
  }
}

/// A list that grows by a chunk at a time: it is never copied to become longer, and never twice as large as what it holds.
struct ChunkedArray<Element: Sendable>: Sendable {
  private static var bits: Int { 15 }

  private var chunks: [[Element]] = []
  private(set) var count = 0

  /// Bytes of memory.
  var footprint: Int { chunks.reduce(0) { $0 + $1.capacity } * MemoryLayout<Element>.stride }

  subscript(index: Int) -> Element {
    chunks[index >> Self.bits][index & (1 << Self.bits - 1)]
  }

  mutating func append(_ element: Element) {
    if count & (1 << Self.bits - 1) == 0 {
      chunks.append([])
      // The first chunk grows like an array, because most lists are short.
      if count > 0 { chunks[chunks.count - 1].reserveCapacity(1 << Self.bits) }
    }
    chunks[chunks.count - 1].append(element)
    count += 1
  }
}

/// Identifies a row that was spilled to the disk: its time, 128 bits for its uuid, and 64 bits for its content by Swift's
/// `Hasher`. Valid within one process only.
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
