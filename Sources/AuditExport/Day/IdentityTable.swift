import AuditRecord

/// Finds a row of a day by the hash of its uuid: open addressing, at most three quarters full.
struct IdentityTable: Sendable {
  /// Of each row, in the order in which the rows were put in.
  private var hashes = ChunkedArray<UInt64>()
  /// The number of a row and one, below the upper half of its hash; zero is a free slot. So a slot nearly always tells
  /// whether it is the one, without another look at memory.
  private var slots: [UInt64] = []

  private static let halfOfHash: UInt64 = 0xFFFF_FFFF_0000_0000

  var count: Int { hashes.count }
  /// Bytes of memory.
  var footprint: Int { hashes.footprint + 8 * slots.capacity }

  /// The number of the row that was put under `hash` and that `isSame` confirms.
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

  /// Puts the next row under `hash`, beside what may stand there already.
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
    // The old ones are given back before the new ones are asked for.
    slots = []
    slots = Array(repeating: 0, count: size)
    for row in 0..<hashes.count { put(row) }
  }
}
