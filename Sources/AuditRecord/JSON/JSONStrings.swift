/// Strings, RFC 8259 §7.
extension JSONScanner {
  /// Skip a string, from its opening quote to after its closing one, and check every byte of it.
  mutating func readString(_ json: Span<UInt8>) throws(PageError) -> StringToken {
    guard try peek(json) == UInt8(ascii: "\"") else { throw PageError(.unexpectedByte, at: position) }
    position += 1
    let start = position
    var hasEscapes = false
    while true {
      skipPlainText(json)
      switch try peek(json) {
      case UInt8(ascii: "\""):
        let token = StringToken(range: start..<position, hasEscapes: hasEscapes)
        guard token.range.count <= limits.stringLength else { throw PageError(.stringTooLong, at: start) }
        position += 1
        return token
      case UInt8(ascii: "\\"):
        hasEscapes = true
        _ = try readEscape(json)
      default: throw PageError(.controlCharacter, at: position)
      }
    }
  }

  /// Advance to the next `"`, `\` or control character, or to the end.
  @inline(__always)
  mutating func skipPlainText(_ json: Span<UInt8>) {
    while position <= json.count - 8 {
      let stops = json.word(position).stringStops
      if stops != 0 {
        position += stops.trailingZeroBitCount >> 3
        return
      }
      position += 8
    }
    while position < json.count {
      let byte = json[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { return }
      position += 1
    }
  }

  /// Skip an escape, both halves of a surrogate pair at once; its backslash is at the position.
  mutating func readEscape(_ json: Span<UInt8>) throws(PageError) -> Escape {
    let start = position
    position += 1
    let letter = try peek(json)
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return Escape(scalar: Unicode.Scalar(letter))
    case UInt8(ascii: "b"): return Escape(scalar: "\u{8}")
    case UInt8(ascii: "f"): return Escape(scalar: "\u{C}")
    case UInt8(ascii: "n"): return Escape(scalar: "\n")
    case UInt8(ascii: "r"): return Escape(scalar: "\r")
    case UInt8(ascii: "t"): return Escape(scalar: "\t")
    case UInt8(ascii: "u"): break
    default: throw PageError(.invalidEscape, at: start)
    }
    guard let unit = hexadecimalUnit(json, at: position) else { throw PageError(.invalidEscape, at: start) }
    position += 4
    if let scalar = Unicode.Scalar(unit) { return Escape(scalar: scalar) }
    if unit < 0xDC00, position + 1 < json.count, json[position] == UInt8(ascii: "\\"),
      json[position + 1] == UInt8(ascii: "u"), let low = hexadecimalUnit(json, at: position + 2),
      (0xDC00...0xDFFF).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
    {
      position += 6
      return Escape(scalar: scalar)
    }
    return Escape(scalar: "\u{FFFD}", isLoneSurrogate: true)
  }

  /// The characters of a string without its escapes, in UTF-8. The position stays, and lone surrogates are added to
  /// `loneSurrogates`.
  func decode(_ token: StringToken, _ json: Span<UInt8>, loneSurrogates: inout Int) throws(PageError)
    -> [UInt8]
  {
    var text: [UInt8] = []
    text.reserveCapacity(token.range.count)
    var reader = self
    reader.position = token.range.lowerBound
    while reader.position < token.range.upperBound {
      guard json[reader.position] == UInt8(ascii: "\\") else {
        text.append(json[reader.position])
        reader.position += 1
        continue
      }
      let escape = try reader.readEscape(json)
      if escape.isLoneSurrogate { loneSurrogates += 1 }
      text.append(contentsOf: escape.scalar.utf8)
    }
    return text
  }

  private func hexadecimalUnit(_ json: Span<UInt8>, at start: Int) -> UInt16? {
    guard start + 4 <= json.count else { return nil }
    var unit: UInt16 = 0
    for position in start..<start + 4 {
      let byte = json[position]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}
