/// A split-block bloom filter: tells of a value that it is not in a column, or that it may be.
///
/// Source: parquet-format, BloomFilter.md, "Technical Approach" and "Algorithm".
struct BloomFilter {
  private static let blockWords = 8
  private static let salts: [UInt32] = [
    0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31,
  ]
  /// Beyond it a filter is less sure instead of larger: 128 KiB.
  private static let wordLimit = 1 << 15

  private var words: [UInt32]

  /// A filter in which one foreign value of a hundred is told to be there, at `values` different ones.
  init(values: Int) {
    // BloomFilter.md, "Sizing an SBBF": 9.7 bits a value, and a power of two.
    let needed = (values * 97 / 10 + 31) / 32
    var count = Self.blockWords
    while count < needed, count < Self.wordLimit { count *= 2 }
    words = Array(repeating: 0, count: count)
  }

  /// Adds a value as `PLAIN` writes it, text without its length.
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

  /// `BloomFilterHeader` of parquet.thrift, and the words.
  var bytes: [UInt8] {
    var thrift = ThriftWriter()
    thrift.structure { thrift in
      thrift.int32(1, 4 * words.count)
      // The algorithm BLOCK, the hash XXHASH, not compressed: the first of each union.
      for field in 2...4 { thrift.structure(field) { $0.structure(1) { _ in } } }
    }
    var bytes = thrift.bytes
    for word in words { bytes.append(littleEndian: word) }
    return bytes
  }
}
