/// The values of a column: the distinct ones, and for each value its entry. It stops to look for duplicates when there are few.
///
/// Text is stored as UTF-8, doubles as eight little-endian bytes.
struct ValueTable {
  /// The most bytes of entries in a dictionary. A larger one costs readers more than it saves.
  static let dictionaryLimit = 4 << 20
  /// After this many values it decides whether they repeat.
  private static let trial = 8_192
  /// How many slots it probes before it stores a value as a new one. This bounds the work for values that collide.
  private static let probes = 64
  private static let multiplier: UInt64 = 0xa076_1d64_78bd_642f

  private(set) var bytes: [UInt8] = []
  /// Where each entry ends in `bytes`. It starts where the previous one ends.
  private var ends: [Int] = []
  /// The entry of each value.
  private(set) var ids: [UInt32] = []
  /// A hash table with open addressing: the high half of the hash above the entry's number plus 1; 0 for an empty slot.
  private var slots: [UInt64] = []
  private var looksUp = true

  var count: Int { ids.count }
  var entries: Int { ends.count }

  /// Whether the values repeat enough for a dictionary: at most 75 % of them are distinct.
  var isDictionary: Bool { looksUp && !ids.isEmpty && 4 * entries <= 3 * ids.count }

  @inline(__always)
  func range(_ entry: Int) -> Range<Int> { (entry == 0 ? 0 : ends[entry - 1])..<ends[entry] }

  /// A bloom filter of the values.
  var bloomFilter: BloomFilter {
    var filter = BloomFilter(values: entries)
    for entry in 0..<entries { filter.insert(bytes.span.bytes.extracting(range(entry))) }
    return filter
  }

  @inline(__always)
  mutating func append(_ value: RawSpan) {
    guard looksUp else { return ids.append(add(value)) }
    // Many columns have long runs: compare with the previous value first.
    if let last = ids.last, isEqual(Int(last), value) { return ids.append(last) }
    if 2 * entries >= slots.count { grow() }
    let hash = ValueTable.hash(value)
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    for _ in 0..<ValueTable.probes {
      let found = slots[slot]
      if found == 0 { break }
      if found >> 32 == hash >> 32 {
        let entry = Int(found & 0xffff_ffff) - 1
        if isEqual(entry, value) { return ids.append(UInt32(truncatingIfNeeded: entry)) }
      }
      slot = (slot + 1) & mask
    }
    let entry = add(value)
    ids.append(entry)
    if slots[slot] == 0 { slots[slot] = hash & ~0xffff_ffff | UInt64(entry + 1) }
    if bytes.count > ValueTable.dictionaryLimit || (ids.count == ValueTable.trial && !isDictionary) {
      looksUp = false
      slots = []
    }
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    slots.removeAll(keepingCapacity: true)
    looksUp = true
  }

  private mutating func add(_ value: RawSpan) -> UInt32 {
    value.withUnsafeBytes { bytes.append(contentsOf: $0) }
    ends.append(bytes.count)
    return UInt32(truncatingIfNeeded: ends.count - 1)
  }

  @inline(__always)
  private func isEqual(_ entry: Int, _ value: RawSpan) -> Bool {
    let range = range(entry)
    guard range.count == value.byteCount else { return false }
    return bytes.span.bytes.extracting(range).isEqual(value)
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: 0, count: max(256, 2 * old.count))
    let mask = slots.count - 1
    for entry in 0..<entries {
      let hash = ValueTable.hash(bytes.span.bytes.extracting(range(entry)))
      var slot = Int(truncatingIfNeeded: hash) & mask
      for _ in 0..<ValueTable.probes where slots[slot] != 0 { slot = (slot + 1) & mask }
      if slots[slot] == 0 { slots[slot] = hash & ~0xffff_ffff | UInt64(entry + 1) }
    }
  }

  /// One multiplication for sixteen bytes, with the halves of the product folded together (after wyhash, by Wang Yi). The limit of
  /// probes protects against values that are made to collide.
  @inline(__always)
  private static func hash(_ value: RawSpan) -> UInt64 {
    let length = value.byteCount
    var seed: UInt64 = 0x9e37_79b9_7f4a_7c15
    var (low, high): (UInt64, UInt64) = (0, 0)
    if length >= 8 {
      var offset = 0
      while offset + 16 < length {
        seed = fold(value.word(offset) ^ multiplier, value.word(offset + 8) ^ seed)
        offset += 16
      }
      // The last bytes; some may be included twice.
      (low, high) = (value.word(max(0, length - 16)), value.word(length - 8))
    } else if length >= 4 {
      (low, high) = (value.half(0), value.half(length - 4))
    } else if length > 0 {
      low = UInt64(value[0]) << 16 | UInt64(value[length / 2]) << 8 | UInt64(value[length - 1])
    }
    return fold(multiplier ^ UInt64(length), fold(low ^ multiplier, high ^ seed))
  }

  @inline(__always)
  private static func fold(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let product = one.multipliedFullWidth(by: other)
    return product.high ^ product.low
  }
}

extension RawSpan {
  @inline(__always)
  fileprivate func word(_ offset: Int) -> UInt64 {
    unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  @inline(__always)
  fileprivate func half(_ offset: Int) -> UInt64 {
    UInt64(unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Whether a span of the same length holds the same bytes.
  @inline(__always)
  fileprivate func isEqual(_ other: RawSpan) -> Bool {
    let length = byteCount
    guard length >= 8 else {
      if length >= 4 { return half(0) == other.half(0) && half(length - 4) == other.half(length - 4) }
      for index in 0..<length where self[index] != other[index] { return false }
      return true
    }
    var offset = 0
    while offset + 8 < length {
      if word(offset) != other.word(offset) { return false }
      offset += 8
    }
    // The last bytes; some may be compared twice.
    return word(length - 8) == other.word(length - 8)
  }
}
