/// The values of a column in hand: each different one once, as far as that pays, and which of them every value is.
///
/// Text stands as it is, doubles as their eight bytes, lowest first.
struct ValueTable {
  /// Beyond so many bytes of entries a dictionary costs readers more than it saves.
  static let dictionaryLimit = 4 << 20
  /// After so many values it is clear whether they repeat.
  private static let trial = 8_192
  /// How many slots are looked at before a value is kept as a new one: a bound on the work for values that collide.
  private static let probes = 64
  private static let multiplier: UInt64 = 0xa076_1d64_78bd_642f

  private(set) var bytes: [UInt8] = []
  /// Where each entry ends in `bytes`; it begins where the one before ends.
  private var ends: [Int] = []
  /// The entry of each value.
  private(set) var ids: [UInt32] = []
  /// Open addressing: the high half of the hash above the entry's number and 1; 0 where nothing is.
  private var slots: [UInt64] = []
  private var looksUp = true

  var count: Int { ids.count }
  var entries: Int { ends.count }

  /// Whether the values repeat enough to be written as indices into a dictionary: at most 75 % of them are different.
  var isDictionary: Bool { looksUp && !ids.isEmpty && 4 * entries <= 3 * ids.count }

  @inline(__always)
  func range(_ entry: Int) -> Range<Int> { (entry == 0 ? 0 : ends[entry - 1])..<ends[entry] }

  /// A filter of the values.
  var bloomFilter: BloomFilter {
    var filter = BloomFilter(values: entries)
    for entry in 0..<entries { filter.insert(bytes.span.bytes.extracting(range(entry))) }
    return filter
  }

  @inline(__always)
  mutating func append(_ value: RawSpan) {
    guard looksUp else { return ids.append(add(value)) }
    // As the one before: many columns have long runs.
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

  /// One multiplication for sixteen bytes, whose halves are folded together (after wyhash, by Wang Yi). Who makes values that collide
  /// meets the limit of probes.
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
      // The last bytes, some of them for the second time.
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

  /// Whether a span of the same length has the same bytes.
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
    // The last bytes, some of them for the second time.
    return word(length - 8) == other.word(length - 8)
  }

  /// The order of bytes, unsigned, the shorter first where one begins the other: below, at or above 0.
  ///
  /// Source: parquet-format, parquet.thrift, "ColumnOrder", BYTE_ARRAY.
  func compare(_ other: RawSpan) -> Int {
    let common = Swift.min(byteCount, other.byteCount)
    var index = 0
    while index + 8 <= common {
      let one = unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      let two = other.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      if one != two { return one.bigEndian < two.bigEndian ? -1 : 1 }
      index += 8
    }
    while index < common {
      let one = unsafeLoad(fromByteOffset: index, as: UInt8.self)
      let two = other.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if one != two { return one < two ? -1 : 1 }
      index += 1
    }
    return byteCount - other.byteCount
  }
}
