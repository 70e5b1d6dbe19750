import AuditRecord

/// Finds a row of a day by the hash of its uuid: open addressing, at most half full.
struct IdentityTable: Sendable {
  private var hashes: [UInt64] = []
  /// The place beside each hash; nil is a free slot.
  private var places: [RowPlace?] = []
  private(set) var count = 0

  /// The place that was put under `hash` and that `isSame` confirms.
  func place(of hash: IdentityHash, where isSame: (RowPlace) -> Bool) -> RowPlace? {
    guard !hashes.isEmpty else { return nil }
    let mask = hashes.count - 1
    var slot = Int(truncatingIfNeeded: hash.value) & mask
    while let there = places[slot] {
      if hashes[slot] == hash.value, isSame(there) { return there }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Puts `place` under `hash`, beside what may stand there already.
  mutating func insert(_ hash: IdentityHash, _ place: RowPlace) {
    if 2 * (count + 1) > hashes.count { grow() }
    put(hash.value, place)
    count += 1
  }

  private mutating func put(_ hash: UInt64, _ place: RowPlace) {
    let mask = hashes.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while places[slot] != nil { slot = (slot + 1) & mask }
    hashes[slot] = hash
    places[slot] = place
  }

  private mutating func grow() {
    let (oldHashes, oldPlaces) = (hashes, places)
    let size = max(64, hashes.count * 2)
    hashes = Array(repeating: 0, count: size)
    places = Array(repeating: nil, count: size)
    for (hash, place) in zip(oldHashes, oldPlaces) {
      if let place { put(hash, place) }
    }
  }
}
