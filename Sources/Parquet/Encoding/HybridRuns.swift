/// Runs of one value mixed with groups of bit-packed values: the encoding of definition levels and dictionary indices.
///
/// Source: parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".
enum HybridRuns {
  /// The number of bit-packed values in a group.
  private static let group = 8

  /// Append the values, each of at most `width` bits (1 to 32), without a length prefix.
  ///
  /// A run can start only at the start of a group, so it examines values by groups. Eight equal values start a run, which lasts as
  /// long as the value repeats.
  static func append<Value: FixedWidthInteger & UnsignedInteger>(
    _ values: Span<Value>, width: Int, to output: inout [UInt8]
  ) {
    var index = 0
    var packed = 0
    while index < values.count {
      let length = run(values, from: index)
      if length >= group || length == values.count - index {
        append(packed: values.extracting(packed..<index), width: width, to: &output)
        append(run: UInt64(values[index]), length: length, width: width, to: &output)
        index += length
        packed = index
      } else {
        index = min(index + group, values.count)
      }
    }
    append(packed: values.extracting(packed..<index), width: width, to: &output)
  }

  /// The number of equal values from `start` on.
  @inline(__always)
  private static func run<Value: FixedWidthInteger>(_ values: Span<Value>, from start: Int) -> Int {
    let value = values[start]
    var index = start + 1
    while index < values.count, values[index] == value { index += 1 }
    return index - start
  }

  private static func append(run value: UInt64, length: Int, width: Int, to output: inout [UInt8]) {
    output.append(unsignedVarint: UInt64(length) << 1)
    for byte in 0..<(width + 7) / 8 { output.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))) }
  }

  private static func append<Value: FixedWidthInteger & UnsignedInteger>(
    packed values: Span<Value>, width: Int, to output: inout [UInt8]
  ) {
    guard !values.isEmpty else { return }
    let groups = (values.count + group - 1) / group
    output.append(unsignedVarint: UInt64(groups) << 1 | 1)
    var packer = BitPacker()
    for index in values.indices { packer.append(UInt64(values[index]), width: width, to: &output) }
    for _ in values.count..<groups * group { packer.append(0, width: width, to: &output) }
    packer.finish(to: &output)
  }

  /// Read exactly `count` values of `width` bits (1 to 32) from exactly `range` of the bytes.
  ///
  /// - Returns: nil if the bytes hold fewer or more values, or a value that is not below `limit`.
  static func read(
    _ bytes: [UInt8], at range: Range<Int>, width: Int, count: Int, below limit: UInt64
  ) -> [UInt32]? {
    var values: [UInt32] = []
    values.reserveCapacity(count)
    var position = range.lowerBound
    while values.count < count {
      guard let header = bytes.unsignedVarint(at: &position, before: range.upperBound), header > 1,
        header < 1 << 32
      else { return nil }
      let left = count - values.count
      if header & 1 == 0 {
        guard Int(header >> 1) <= left,
          let value = runValue(bytes, at: &position, before: range.upperBound, width: width), value < limit
        else { return nil }
        values.append(contentsOf: repeatElement(UInt32(truncatingIfNeeded: value), count: Int(header >> 1)))
      } else {
        let groups = Int(header >> 1)
        // Only the last group may extend past the count.
        guard (groups - 1) * group < left, groups * width <= range.upperBound - position else { return nil }
        var unpacker = BitUnpacker(at: position)
        for _ in 0..<min(left, groups * group) {
          let value = unpacker.next(width: width, in: bytes)
          guard value < limit else { return nil }
          values.append(UInt32(truncatingIfNeeded: value))
        }
        position += groups * width
      }
    }
    return position == range.upperBound ? values : nil
  }

  private static func runValue(
    _ bytes: [UInt8], at position: inout Int, before end: Int, width: Int
  ) -> UInt64? {
    let length = (width + 7) / 8
    guard length <= end - position else { return nil }
    var value: UInt64 = 0
    for byte in 0..<length { value |= UInt64(bytes[position + byte]) << (8 * UInt64(byte)) }
    position += length
    return value
  }
}

/// Packs integers of a fixed width without gaps, the first in the lowest bits.
///
/// Source: parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid", point 1.
struct BitPacker {
  private var word: UInt64 = 0
  /// The number of bits in `word`, fewer than 8 between calls.
  private var filled: UInt64 = 0

  /// Append `value`, which has no bits beyond `width` (0 to 64).
  @inline(__always)
  mutating func append(_ value: UInt64, width: Int, to output: inout [UInt8]) {
    if width <= 32 {
      add(value, width: width, to: &output)
    } else {
      add(value & 0xffff_ffff, width: 32, to: &output)
      add(value >> 32, width: width - 32, to: &output)
    }
  }

  /// Pad the last byte with zeros.
  mutating func finish(to output: inout [UInt8]) {
    if filled > 0 { output.append(UInt8(truncatingIfNeeded: word)) }
    word = 0
    filled = 0
  }

  @inline(__always)
  private mutating func add(_ value: UInt64, width: Int, to output: inout [UInt8]) {
    word |= value &<< filled
    filled += UInt64(width)
    while filled >= 8 {
      output.append(UInt8(truncatingIfNeeded: word))
      word &>>= 8
      filled -= 8
    }
  }
}

/// Unpacks integers of a fixed width.
struct BitUnpacker {
  private var word: UInt64 = 0
  private var filled: UInt64 = 0
  private var position: Int

  init(at position: Int) {
    self.position = position
  }

  /// Return the next integer of `width` bits (0 to 64). The caller has checked that the bytes exist.
  @inline(__always)
  mutating func next(width: Int, in bytes: [UInt8]) -> UInt64 {
    if width <= 32 { return take(width, bytes) }
    let low = take(32, bytes)
    return low | take(width - 32, bytes) &<< 32
  }

  @inline(__always)
  private mutating func take(_ width: Int, _ bytes: [UInt8]) -> UInt64 {
    while filled < UInt64(width) {
      word |= UInt64(bytes[position]) &<< filled
      position += 1
      filled += 8
    }
    let value = word & ((1 &<< UInt64(width)) - 1)
    word &>>= UInt64(width)
    filled -= UInt64(width)
    return value
  }
}

extension UInt64 {
  /// The number of bits of the number.
  var width: Int { 64 - leadingZeroBitCount }
}
