/// Integers as bit-packed differences, in blocks of 128 values with four widths each.
///
/// Source: parquet-format, Encodings.md, "Delta Encoding (DELTA_BINARY_PACKED = 5)".
enum DeltaBinaryPacking {
  private static let block = 128
  private static let miniblocks = 4
  private static let miniblock = block / miniblocks

  /// Append all values.
  static func append(_ values: Span<Int64>, to output: inout [UInt8]) {
    output.append(unsignedVarint: UInt64(block))
    output.append(unsignedVarint: UInt64(miniblocks))
    output.append(unsignedVarint: UInt64(values.count))
    guard !values.isEmpty else { return output.append(0) }
    output.append(signedVarint: values[0])
    var deltas: [Int64] = []
    deltas.reserveCapacity(block)
    var next = 1
    while next < values.count {
      deltas.removeAll(keepingCapacity: true)
      while next < values.count, deltas.count < block {
        // Overflow wraps around, here and in the reader.
        deltas.append(values[next] &- values[next - 1])
        next += 1
      }
      append(block: deltas, to: &output)
    }
  }

  private static func append(block deltas: [Int64], to output: inout [UInt8]) {
    let least = deltas.min() ?? 0
    output.append(signedVarint: least)
    let starts = stride(from: 0, to: block, by: miniblock)
    let widths = starts.map { start in
      deltas.dropFirst(start).prefix(miniblock).reduce(0) { max($0, UInt64(bitPattern: $1 &- least).width) }
    }
    for width in widths { output.append(UInt8(width)) }
    for (start, width) in zip(starts, widths) where start < deltas.count {
      var packer = BitPacker()
      for index in start..<start + miniblock {
        let delta = index < deltas.count ? deltas[index] &- least : 0
        packer.append(UInt64(bitPattern: delta), width: width, to: &output)
      }
      packer.finish(to: &output)
    }
  }

  /// Read exactly `count` values from `position` on, and advance it; nil if the bytes do not hold them.
  static func read(
    _ bytes: [UInt8], at position: inout Int, before end: Int, count: Int
  ) -> [Int64]? {
    guard bytes.unsignedVarint(at: &position, before: end) == UInt64(block),
      bytes.unsignedVarint(at: &position, before: end) == UInt64(miniblocks),
      bytes.unsignedVarint(at: &position, before: end) == UInt64(count),
      let first = bytes.signedVarint(at: &position, before: end)
    else { return nil }
    guard count > 0 else { return first == 0 ? [] : nil }
    var values = [first]
    values.reserveCapacity(count)
    var last = first
    while values.count < count {
      guard let least = bytes.signedVarint(at: &position, before: end), end - position >= miniblocks
      else { return nil }
      let widths = bytes[position..<position + miniblocks].map(Int.init)
      position += miniblocks
      for width in widths where values.count < count {
        guard width <= 64, end - position >= width * miniblock / 8 else { return nil }
        var unpacker = BitUnpacker(at: position)
        for _ in 0..<min(miniblock, count - values.count) {
          last = last &+ least &+ Int64(bitPattern: unpacker.next(width: width, in: bytes))
          values.append(last)
        }
        position += width * miniblock / 8
      }
    }
    return values
  }
}
