/// A split-block bloom filter: shows that a column does not hold a value, or may hold it.
///
/// Source: parquet-format, BloomFilter.md, "Technical Approach" and "Algorithm".
struct BloomFilter {
  private static let blockWords = 8
  private static let salts: [UInt32] = [
    0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31,
  ]
  /// The largest filter, 128 KiB. With more values it has more false positives instead of more bytes.
  private static let wordLimit = 1 << 15

  private var words: [UInt32]

  /// Create a filter with one false positive in a hundred when it holds `values` distinct values.
  init(values: Int) {
    // BloomFilter.md, "Sizing an SBBF": 9.7 bits a value, and a power of two.
    let needed = (values * 97 / 10 + 31) / 32
    var count = Self.blockWords
    while count < needed, count < Self.wordLimit { count *= 2 }
    words = Array(repeating: 0, count: count)
  }

  /// Add a value in its `PLAIN` encoding, text without its length.
  mutating func insert(_ value: RawSpan) {
    let hash = XXHash64.hash(value)
    let start = block(of: hash)
    for (index, salt) in Self.salts.enumerated() { words[start + index] |= Self.bit(hash, salt) }
  }

  func mayContain(_ value: RawSpan) -> Bool {
    let hash = XXHash64.hash(value)
    let start = block(of: hash)
    return Self.salts.enumerated().allSatisfy { words[start + $0] & Self.bit(hash, $1) != 0 }
  }

  private func block(of hash: UInt64) -> Int {
    Int(((hash >> 32) &* UInt64(words.count / Self.blockWords)) >> 32) * Self.blockWords
  }

  @inline(__always)
  private static func bit(_ hash: UInt64, _ salt: UInt32) -> UInt32 {
    1 &<< ((UInt32(truncatingIfNeeded: hash) &* salt) >> 27)
  }

  /// The encoded filter: `BloomFilterHeader` of parquet.thrift, then the words.
  var bytes: [UInt8] {
    var thrift = ThriftWriter()
    thrift.structure { thrift in
      thrift.int32(1, 4 * words.count)
      // The algorithm BLOCK, the hash XXHASH, uncompressed: the first member of each union.
      for field in 2...4 { thrift.structure(field) { $0.structure(1) { _ in } } }
    }
    var bytes = thrift.bytes
    for word in words { bytes.append(littleEndian: word) }
    return bytes
  }
}

/// XXH64 with seed 0, the hash of bloom filters.
///
/// Source: xxHash, doc/xxhash_spec.md, "XXH64 Algorithm Description"; parquet-format, BloomFilter.md, "Hash function".
enum XXHash64 {
  private static let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
  private static let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
  private static let prime3: UInt64 = 0x1656_67b1_9e37_79f9
  private static let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
  private static let prime5: UInt64 = 0x27d4_eb2f_1656_67c5

  static func hash(_ bytes: RawSpan) -> UInt64 {
    var offset = 0
    var hash = prime5
    if bytes.byteCount >= 32 {
      var lanes = (prime1 &+ prime2, prime2, 0 as UInt64, 0 &- prime1)
      while offset + 32 <= bytes.byteCount {
        lanes.0 = round(lanes.0, bytes.word(offset))
        lanes.1 = round(lanes.1, bytes.word(offset + 8))
        lanes.2 = round(lanes.2, bytes.word(offset + 16))
        lanes.3 = round(lanes.3, bytes.word(offset + 24))
        offset += 32
      }
      hash = rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
      for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
        hash = (hash ^ round(0, lane)) &* prime1 &+ prime4
      }
    }
    hash &+= UInt64(bytes.byteCount)
    while offset + 8 <= bytes.byteCount {
      hash = rotate(hash ^ round(0, bytes.word(offset)), 27) &* prime1 &+ prime4
      offset += 8
    }
    if offset + 4 <= bytes.byteCount {
      let half = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
      hash = rotate(hash ^ UInt64(UInt32(littleEndian: half)) &* prime1, 23) &* prime2 &+ prime3
      offset += 4
    }
    while offset < bytes.byteCount {
      hash = rotate(hash ^ UInt64(bytes[offset]) &* prime5, 11) &* prime1
      offset += 1
    }
    hash = (hash ^ (hash >> 33)) &* prime2
    hash = (hash ^ (hash >> 29)) &* prime3
    return hash ^ (hash >> 32)
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotate(lane &+ word &* prime2, 31) &* prime1
  }

  @inline(__always)
  private static func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 {
    word &<< bits | word &>> (64 &- bits)
  }
}

extension RawSpan {
  @inline(__always)
  fileprivate func word(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}
