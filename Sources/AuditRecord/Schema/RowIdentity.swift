/// 64 bits that stand for a record's identity, to find candidates quickly. Equal identities hash alike; whoever must be
/// certain compares the bytes.
package struct IdentityHash: Hashable, Sendable {
  package var value: UInt64

  package init(value: UInt64) { self.value = value }

  /// Folds the bytes eight at a time: one multiplication each, then a last mix (the finisher of SplitMix64).
  package init(_ bytes: Span<UInt8>) {
    let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
    var hash = UInt64(truncatingIfNeeded: bytes.count) &* multiplier
    let raw = bytes.bytes
    var offset = 0
    while offset + 8 <= raw.byteCount {
      let word = raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      hash = ((hash ^ word) &* multiplier)
      hash ^= hash >> 32
      offset += 8
    }
    while offset < raw.byteCount {
      hash = (hash ^ UInt64(bytes[offset])) &* multiplier
      offset += 1
    }
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    value = hash ^ (hash >> 31)
  }
}

extension RowBatch {
  package func identity(_ row: Int) -> IdentityHash {
    IdentityHash(bytes.span.extracting(cell(.uuid, row).range))
  }
}
