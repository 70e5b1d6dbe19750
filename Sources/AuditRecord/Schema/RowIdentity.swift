/// What identities are hashed with. It is drawn anew in each process: nobody can prepare identities that collide.
package struct IdentityKey: Sendable {
  /// From 2 to below `prime`.
  package let multiplier: UInt64
  let mask: UInt64

  /// 2⁶¹ − 1.
  package static let prime: UInt64 = (1 << 61) - 1

  package static let process = IdentityKey()

  init() {
    multiplier = .random(in: 2..<IdentityKey.prime)
    mask = .random(in: .min ... .max)
  }

  /// `(hash + word) × multiplier` modulo the prime, at most a few above it.
  ///
  /// - Parameter word: below 2⁵⁶.
  @inline(__always)
  fileprivate func step(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash &+ word).multipliedFullWidth(by: multiplier)
    let sum = product.low & IdentityKey.prime &+ (product.high &<< 3 | product.low &>> 61)
    return sum & IdentityKey.prime &+ sum &>> 61
  }
}

/// 64 bits that stand for a record's identity, to find candidates quickly. Equal identities hash alike within one process; whoever
/// must be certain compares the bytes, or a `UUIDFingerprint`.
package struct IdentityHash: Hashable, Sendable {
  package var value: UInt64

  package init(value: UInt64) { self.value = value }

  /// The value of a polynomial whose coefficients are the bytes, seven at a time, at a secret place (the hash of Carter and
  /// Wegman): whatever two different identities are, they collide under at most one key in 2⁶¹ for every seven bytes. Then a last
  /// mix (the finisher of SplitMix64).
  package init(_ bytes: Span<UInt8>) {
    let key = IdentityKey.process
    let raw = bytes.bytes
    var hash = UInt64(truncatingIfNeeded: raw.byteCount)
    var offset = 0
    while offset + 8 <= raw.byteCount {
      let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
      hash = key.step(hash, word & 0x00FF_FFFF_FFFF_FFFF)
      offset += 7
    }
    var last: UInt64 = 0
    while offset < raw.byteCount {
      last = last << 8 | UInt64(bytes[offset])
      offset += 1
    }
    hash = key.step(hash, last)
    if hash >= IdentityKey.prime { hash -= IdentityKey.prime }
    hash ^= key.mask
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    value = hash ^ (hash >> 31)
  }
}

/// 128 bits that stand for a uuid where taking one for another would lose an event, by Swift's `Hasher`.
///
/// The hasher's seed is another in each process, so no one can look for uuids that collide; that two of a thousand million
/// do by chance is as likely as one in 10²⁰.
package struct UUIDFingerprint: Hashable, Sendable {
  private var one: UInt64
  private var other: UInt64

  package init(_ bytes: Span<UInt8>) {
    var (one, other) = (Hasher(), Hasher())
    other.combine(0 as UInt8)
    bytes.withUnsafeBytes {
      one.combine(bytes: $0)
      other.combine(bytes: $0)
    }
    self.one = UInt64(bitPattern: Int64(one.finalize()))
    self.other = UInt64(bitPattern: Int64(other.finalize()))
  }
}

extension RowBatch {
  package func identity(_ row: Int) -> IdentityHash {
    IdentityHash(bytes.span.extracting(cell(.uuid, row).range))
  }

  package func fingerprint(_ row: Int) -> UUIDFingerprint {
    UUIDFingerprint(bytes.span.extracting(cell(.uuid, row).range))
  }
}
