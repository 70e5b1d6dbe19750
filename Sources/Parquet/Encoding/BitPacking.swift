/// Packs integers of a fixed width back to back, the first in the lowest bits.
///
/// Source: parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid", point 1.
struct BitPacker {
  private var word: UInt64 = 0
  /// Bits in `word`, fewer than 8 between calls.
  private var filled: UInt64 = 0

  /// `value` has no bits beyond `width`, which is 0 to 64.
  @inline(__always)
  mutating func append(_ value: UInt64, width: Int, to output: inout [UInt8]) {
    if width <= 32 {
      add(value, width: width, to: &output)
    } else {
      add(value & 0xffff_ffff, width: 32, to: &output)
      add(value >> 32, width: width - 32, to: &output)
    }
  }

  /// Fills the last byte with zeros.
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

/// Takes integers of a fixed width out of packed bytes.
struct BitUnpacker {
  private var word: UInt64 = 0
  private var filled: UInt64 = 0
  private var position: Int

  init(at position: Int) {
    self.position = position
  }

  /// `width` is 0 to 64. The caller has checked that the bytes are there.
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
  /// How many bits it takes to write the number.
  var width: Int { 64 - leadingZeroBitCount }
}
