/// Runs of one value, and stretches of bit-packed ones: definition levels and indices into a dictionary.
///
/// Source: parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".
enum HybridRuns {
  /// Bit-packed values come in groups of so many.
  private static let group = 8

  /// Appends the values, each of at most `width` bits (1 to 32), without a length before them.
  ///
  /// A run can begin only where a group does; so values are looked at by groups. Eight equal ones begin a run, which then
  /// goes on as far as the value does.
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

  /// How many equal values begin at `start`.
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

  /// Reads exactly `count` values of `width` bits (1 to 32) from exactly `range` of the bytes.
  ///
  /// Nil when the bytes hold fewer or more, or a value that is not below `limit`.
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
        // The last group may reach beyond the count, no other.
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
