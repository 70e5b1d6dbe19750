import AuditRecord

/// One record of an audit log as JSON text, which is not decoded.
struct RecordText {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
  }

  /// The value of a top-level string with escapes as written; nil if the member is missing or not a string.
  func string(_ name: String) -> ArraySlice<UInt8>? {
    guard let members = JSONText.members(of: bytes) else { return nil }
    guard let member = members.last(where: { bytes[$0.name].elementsEqual(name.utf8) }) else { return nil }
    let value = bytes[member.value]
    guard value.count >= 2, value.first == UInt8(ascii: "\"") else { return nil }
    return value.dropFirst().dropLast()
  }

  /// The `event_at` of the record; nil if it is missing or unreadable.
  var time: Timestamp? {
    string("event_at").flatMap { Timestamp(rfc3339: String(decoding: $0, as: UTF8.self)) }
  }

  /// The text without the members of these names; everything else is kept byte for byte.
  func without(_ names: [String]) -> [UInt8] {
    guard let members = JSONText.members(of: bytes) else { return Array(bytes) }
    let isDropped = { (member: JSONText.Member) in
      names.contains { $0.utf8.elementsEqual(bytes[member.name]) }
    }
    guard let first = members.first(where: { !isDropped($0) }) else {
      return members.isEmpty ? Array(bytes) : Array("{}".utf8)
    }
    var kept: [UInt8] = []
    kept.append(contentsOf: bytes[..<(members[0].name.lowerBound - 1)])
    kept.append(contentsOf: bytes[(first.name.lowerBound - 1)..<first.value.upperBound])
    for (previous, member) in zip(members, members.dropFirst())
    where member.name.lowerBound > first.name.lowerBound && !isDropped(member) {
      kept.append(contentsOf: bytes[previous.value.upperBound..<member.value.upperBound])
    }
    kept.append(contentsOf: bytes[members[members.count - 1].value.upperBound...])
    return kept
  }

  /// The text with another `event_at`; unchanged if it has none.
  func with(time: Timestamp) -> [UInt8] {
    guard
      let member = JSONText.members(of: bytes)?.last(where: { bytes[$0.name].elementsEqual("event_at".utf8) })
    else { return Array(bytes) }
    var text = Array(bytes[..<member.value.lowerBound])
    text.append(UInt8(ascii: "\""))
    EventGenerator.append(time: time, to: &text)
    text.append(UInt8(ascii: "\""))
    return text + bytes[member.value.upperBound...]
  }

  /// The members that only records of organizations have.
  static let organizationOnly = ["target", "target_kind", "target_slug_perm"]
}

/// Finds the parts of a JSON text in its bytes, without decoding them.
///
/// Checks only brackets and quotes: the emulator passes on records with other errors unchanged.
struct JSONText {
  struct Member {
    /// The range between the quotes, with escapes as written.
    var name: Range<Int>
    var value: Range<Int>
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    self.position = bytes.startIndex
  }

  /// The elements of an array, or the offset at which the text stops being one.
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

  /// The members of an object in their order; nil if the text is not an object.
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

  /// Skips one value of any kind. Returns nil if there is none or if it does not end.
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

  /// Skips a number, `true`, `false`, `null`, or any other word.
  private mutating func skipWord() {
    while let byte = peek {
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x0A, 0x0D, 0x09: return
      default: position += 1
      }
    }
  }
}
