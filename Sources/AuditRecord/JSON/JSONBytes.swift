/// Words of a JSON text. Every access is checked against the bounds of the span but for those that say otherwise: what is
/// called unsafe in the others is only the type, and any bits are a `UInt64`.
extension Span<UInt8> {
  /// Eight bytes, the first in the lowest bits.
  @inline(__always)
  func word(_ position: Int) -> UInt64 {
    UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  /// As `word`, where the caller has made sure that the eight bytes are there.
  @inline(__always)
  func uncheckedWord(_ position: Int) -> UInt64 {
    UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: position, as: UInt64.self))
  }

  /// Where the first of the blocks from `start` on begins that are ASCII, or that are not; nil when there is none. The last
  /// block may be shorter.
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
  /// Stores eight bytes, for which the caller has made sure that there is room.
  @inline(__always)
  mutating func store(uncheckedWord word: UInt64, at position: Int) {
    var raw = mutableBytes
    raw.storeBytes(of: word.littleEndian, toUncheckedByteOffset: position, as: UInt64.self)
  }
}

extension UInt64 {
  /// Marks the first byte of a word at which the plain text of a JSON string ends: `"`, `\` or a control
  /// character.
  ///
  /// The lowest bit set is the highest bit of that byte; zero when all eight are plain. (Bits above the
  /// lowest may be wrong: a borrow can only run upwards from a true one.)
  @inline(__always)
  var stringStops: UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // With this bit changed, a quote comes to stand right behind the control characters, and the blank, which is none, further up.
    let controlsAndQuotes = (self ^ (ones &* 0x02)) &- ones &* 0x21
    let backslashes = (self ^ (ones &* UInt64(UInt8(ascii: "\\")))) &- ones
    // Below zero, or 0x80 and more before: which of the two, the byte itself tells, for neither changes its highest bit.
    let isStop = controlsAndQuotes | backslashes
    return isStop & ~self & (ones &* 0x80)
  }
}
