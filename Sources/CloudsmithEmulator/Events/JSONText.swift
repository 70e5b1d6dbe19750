/// Where the parts of a JSON text stand in its bytes, found without changing or decoding any of them.
///
/// Checks brackets and quotes only: records pass through the emulator as they are, whatever else is wrong with them.
struct JSONText {
  struct Member {
    /// Between the quotes, escapes as written.
    var name: Range<Int>
    var value: Range<Int>
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    self.position = bytes.startIndex
  }

  /// The elements of the array that the text is; nil with the offset of the fault when it is none.
  static func elements(of bytes: [UInt8]) -> Result<[Range<Int>], Fault> {
    var text = JSONText(bytes[...])
    var elements: [Range<Int>] = []
    let isComplete = text.skipList(opening: "[", closing: "]") { text in
      guard let value = text.skipValue() else { return false }
      elements.append(value)
      return true
    }
    text.skipBlanks()
    guard isComplete, text.position == bytes.count else { return .failure(Fault(offset: text.position)) }
    return .success(elements)
  }

  struct Fault: Error {
    var offset: Int
  }

  /// The members of the object that the text is, in its order; nil when it is no object.
  static func members(of bytes: ArraySlice<UInt8>) -> [Member]? {
    var text = JSONText(bytes)
    var members: [Member] = []
    let isComplete = text.skipList(opening: "{", closing: "}") { text in
      guard text.peek == UInt8(ascii: "\""), let name = text.skipValue() else { return false }
      text.skipBlanks()
      guard text.peek == UInt8(ascii: ":") else { return false }
      text.position += 1
      guard let value = text.skipValue() else { return false }
      members.append(Member(name: name.lowerBound + 1..<name.upperBound - 1, value: value))
      return true
    }
    return isComplete ? members : nil
  }

  private var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func skipList(
    opening: Unicode.Scalar, closing: Unicode.Scalar, element: (inout JSONText) -> Bool
  ) -> Bool {
    skipBlanks()
    guard peek == UInt8(ascii: opening) else { return false }
    position += 1
    skipBlanks()
    if peek == UInt8(ascii: closing) {
      position += 1
      return true
    }
    while true {
      skipBlanks()
      guard element(&self) else { return false }
      skipBlanks()
      guard let byte = peek else { return false }
      guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: closing) else { return false }
      position += 1
      if byte == UInt8(ascii: closing) { return true }
    }
  }

  /// Passes over one value of any kind; nil when there is none or it does not end.
  private mutating func skipValue() -> Range<Int>? {
    skipBlanks()
    let start = position
    var depth = 0
    repeat {
      guard let byte = peek else { return nil }
      switch byte {
      case UInt8(ascii: "\""):
        guard skipString() else { return nil }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { return nil }
        depth -= 1
        position += 1
      default:
        if depth == 0 {
          skipWord()
          return start == position ? nil : start..<position
        }
        position += 1
      }
    } while depth > 0
    return start..<position
  }

  private mutating func skipString() -> Bool {
    position += 1
    while let byte = peek {
      position += 1
      if byte == UInt8(ascii: "\"") { return true }
      if byte == UInt8(ascii: "\\") { position += 1 }
    }
    return false
  }

  /// A number, `true`, `false`, `null`, or what stands in their place.
  private mutating func skipWord() {
    while let byte = peek {
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x0A, 0x0D, 0x09: return
      default: position += 1
      }
    }
  }
}
