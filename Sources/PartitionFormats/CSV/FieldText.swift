/// Finds the bytes that decide about quotes in csv-1, eight at a time.
///
/// csv-1 quotes a field that is empty, contains `,` `"` CR LF or a backslash, starts or ends with a blank or tab, or
/// starts with `#`, and no other field.
enum FieldText {
  static let comma = UInt8(ascii: ",")
  static let quote = UInt8(ascii: "\"")
  static let lineFeed = UInt8(ascii: "\n")

  /// Whether csv-1 quotes a field with this content.
  static func isQuoted(_ field: RawSpan) -> Bool {
    field.isEmpty || hasQuotedEdge(field) || firstSpecial(in: field, from: 0) != field.byteCount
  }

  /// Whether the first or last byte of a field that is not empty requires quotes.
  static func hasQuotedEdge(_ field: RawSpan) -> Bool {
    isBlank(field[0]) || isBlank(field[field.byteCount - 1]) || field[0] == UInt8(ascii: "#")
  }

  /// Not zero if a field that is not empty starts or ends with a byte below `$`: a blank, a tab, `#`, or a rare byte that requires
  /// no quotes.
  @inline(__always)
  static func edgeDoubts(_ field: RawSpan) -> UInt64 {
    let first = field.unsafeLoad(fromUncheckedByteOffset: 0, as: UInt8.self)
    let last = field.unsafeLoad(fromUncheckedByteOffset: field.byteCount - 1, as: UInt8.self)
    return min(first, last) < UInt8(ascii: "$") ? 1 : 0
  }

  /// Copy 8, 4 or 1 bytes of a field, which must exist, to the same offset after `start`. Returns not zero if they include a comma,
  /// a quote, a backslash or a control character.
  @inline(__always)
  static func copy(
    _ count: Int, of field: RawSpan, at offset: Int, to start: UnsafeMutableRawPointer
  ) -> UInt64 {
    let word: UInt64
    switch count {
    case 8:
      word = field.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
      start.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
    case 4:
      let half = field.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self)
      start.storeBytes(of: half, toByteOffset: offset, as: UInt32.self)
      word = UInt64(half) | UInt64.plain << 32
    default:
      let byte = field.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
      start.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      word = UInt64(byte) | UInt64.plain << 8
    }
    return word.lanes(of: comma) | word.lanes(of: UInt8(ascii: "\\")) | word.lanesBelowBlankOrQuote
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  /// The index of the first `,` `"` CR LF or backslash from `start` on; the count if there is none.
  static func firstSpecial(in bytes: RawSpan, from start: Int) -> Int {
    bytes.firstIndex(from: start) { word in
      word.lanes(of: comma) | word.lanes(of: quote) | word.lanes(of: UInt8(ascii: "\\"))
        | word.lanes(of: lineFeed) | word.lanes(of: UInt8(ascii: "\r"))
    }
  }

  /// The index of the first quote from `start` on; the count if there is none.
  static func firstQuote(in bytes: RawSpan, from start: Int) -> Int {
    bytes.firstIndex(from: start) { $0.lanes(of: quote) }
  }

  /// The index of the first quote or LF from `start` on; the count if there is none.
  static func firstQuoteOrLineFeed(in bytes: RawSpan, from start: Int) -> Int {
    bytes.firstIndex(from: start) { $0.lanes(of: quote) | $0.lanes(of: lineFeed) }
  }

  /// Whether all bytes are ASCII.
  static func isASCII(_ bytes: RawSpan) -> Bool {
    bytes.firstIndex(from: 0) { $0 & UInt64.highBits } == bytes.byteCount
  }
}

extension RawSpan {
  /// The first index from `start` on where `hits` sets the high bit of a byte; the count if there is none.
  @inline(__always)
  fileprivate func firstIndex(from start: Int, _ hits: (UInt64) -> UInt64) -> Int {
    var index = start
    while index < byteCount {
      let found = hits(word(at: index))
      if found != 0 { return index + found.trailingZeroBitCount >> 3 }
      index += 8
    }
    return byteCount
  }

  /// Eight bytes, the first in the lowest bits; zeros, which no caller searches for, past the end.
  @inline(__always)
  private func word(at index: Int) -> UInt64 {
    let count = byteCount - index
    if count >= 8 {
      return UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }
    if byteCount >= 8 {
      let last = UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: byteCount - 8, as: UInt64.self))
      return last &>> UInt64(64 - 8 * count)
    }
    if count >= 4 {
      let low = UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: index, as: UInt32.self))
      let high = UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: byteCount - 4, as: UInt32.self))
      return UInt64(low) | UInt64(high) &<< UInt64(8 * (count - 4))
    }
    var word: UInt64 = 0
    for offset in 0..<count { word |= UInt64(self[index + offset]) &<< UInt64(8 * offset) }
    return word
  }
}

extension UInt64 {
  fileprivate static let lowBits: UInt64 = 0x0101_0101_0101_0101
  fileprivate static let highBits: UInt64 = 0x8080_8080_8080_8080
  /// Eight letters.
  fileprivate static let plain: UInt64 = 0x6161_6161_6161_6161

  /// Not zero if one of the eight bytes is a quote or below a blank. Flipping one bit moves the quote next to the control characters
  /// and the blank above them.
  @inline(__always)
  fileprivate var lanesBelowBlankOrQuote: UInt64 {
    ((self ^ UInt64.lowBits &* 0x02) &- UInt64.lowBits &* 0x21) & ~self & UInt64.highBits
  }

  /// Set the high bit of each of the eight bytes that equals `byte`. Only the lowest result is exact, which is all that callers use.
  ///
  /// Source: Mycroft's test for a zero byte; Warren, "Hacker's Delight", §6-1.
  @inline(__always)
  fileprivate func lanes(of byte: UInt8) -> UInt64 {
    let difference = self ^ (UInt64.lowBits &* UInt64(byte))
    return (difference &- UInt64.lowBits) & ~difference & UInt64.highBits
  }
}

extension [UInt8] {
  /// Append the bytes of a span.
  mutating func append(contentsOf span: Span<UInt8>) {
    span.withUnsafeBufferPointer { append(contentsOf: $0) }
  }
}

extension UnsafeMutablePointer<UInt8> {
  /// Write one byte and advance.
  @inline(__always)
  mutating func put(_ byte: UInt8) {
    pointee = byte
    self += 1
  }

  /// Write bytes and advance.
  @inline(__always)
  mutating func put(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { buffer in
      if let start = buffer.baseAddress {
        UnsafeMutableRawPointer(self).copyMemory(from: start, byteCount: buffer.count)
      }
    }
    self += bytes.byteCount
  }
}

extension RawSpan {
  /// One byte; the index is checked.
  @inline(__always)
  subscript(_ index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }
}
