/// The key of `IdentityHash`, random in each process, so that nobody can prepare identities that collide.
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

/// A 64-bit hash of a record's identity, to find candidates quickly. Equal identities have equal hashes within one process. To
/// be certain, compare the bytes or a `UUIDFingerprint`.
package struct IdentityHash: Hashable, Sendable {
  package var value: UInt64

  package init(value: UInt64) { self.value = value }

  /// Hash with a polynomial whose coefficients are the bytes, seven at a time, at a secret point (the hash of Carter and
  /// Wegman): any two different identities collide under at most one key in 2⁶¹ per seven bytes. A last mix follows (the
  /// finalizer of SplitMix64).
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

/// A 128-bit fingerprint of a `uuid`, by Swift's `Hasher`, for decisions where a collision would lose an event.
///
/// The hasher has a random seed in each process, so nobody can search for collisions. The chance that two of a thousand million
/// collide is one in 10²⁰.
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
  /// The identity hash of a row's `uuid`.
  package func identity(_ row: Int) -> IdentityHash {
    IdentityHash(bytes.span.extracting(cell(.uuid, row).range))
  }

  /// The fingerprint of a row's `uuid`.
  package func fingerprint(_ row: Int) -> UUIDFingerprint {
    UUIDFingerprint(bytes.span.extracting(cell(.uuid, row).range))
  }
}
