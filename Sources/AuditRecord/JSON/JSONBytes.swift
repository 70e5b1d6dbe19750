/// Words of a JSON text. Every access checks the bounds of the span unless its name says otherwise. The others are unsafe only
/// in their type, and any bits are a valid `UInt64`.
extension Span<UInt8> {
  /// Eight bytes, the first in the lowest bits.
  @inline(__always)
  func word(_ position: Int) -> UInt64 {
    UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  /// As `word`, unchecked: the caller ensures that the eight bytes exist.
  @inline(__always)
  func uncheckedWord(_ position: Int) -> UInt64 {
    UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self))
  }

  /// Where the first block from `start` on starts that is ASCII, or that is not; nil if there is none. The last block may be
  /// shorter.
  func firstBlock(from start: Int, isASCII wanted: Bool) -> Int? {
    var block = start
    while block <= count - 64 {
      var bits: UInt64 = 0
      for offset in stride(from: 0, to: 64, by: 8) { bits |= uncheckedWord(block &+ offset) }
      if (bits & 0x8080_8080_8080_8080 == 0) == wanted { return block }
      block += 64
    }
    guard block < count else { return nil }
    var bits: UInt8 = 0
    for position in block..<count { bits |= self[position] }
    return (bits < 0x80) == wanted ? block : nil
  }
}

extension MutableSpan<UInt8> {
  /// Store eight bytes, unchecked: the caller ensures that there is room.
  @inline(__always)
  mutating func store(uncheckedWord word: UInt64, at position: Int) {
    var raw = mutableBytes
    raw.storeBytes(of: word.littleEndian, toUncheckedByteOffset: position, as: UInt64.self)
  }
}

extension UInt64 {
  /// Marks the first byte of a word that ends the plain text of a JSON string: `"`, `\` or a control character.
  ///
  /// The lowest set bit is the highest bit of that byte; zero if all eight are plain. Bits above the lowest may be wrong, since
  /// a borrow runs only upwards from a correct one.
  @inline(__always)
  var stringStops: UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // Flipping this bit moves the quote next to the control characters, and the blank, which is not one, above them.
    let controlsAndQuotes = (self ^ (ones &* 0x02)) &- ones &* 0x21
    let backslashes = (self ^ (ones &* UInt64(UInt8(ascii: "\\")))) &- ones
    // The byte was below the bound, or was 0x80 and more. Its own highest bit, which neither step changes, distinguishes the
    // two.
    let isStop = controlsAndQuotes | backslashes
    return isStop & ~self & (ones &* 0x80)
  }
}
