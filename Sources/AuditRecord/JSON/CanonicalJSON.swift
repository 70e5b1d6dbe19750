/// Writes a JSON value in one canonical form, whatever its order and spacing.
///
/// Members are sorted by the code points of their names at every level, and the last of duplicates wins. There is no white
/// space. Strings escape only `"`, `\` and control characters, as `\"`, `\\`, `\b`, `\f`, `\n`, `\r`, `\t` or `\u00` with
/// lower-case digits. Numbers stay as received. A lone surrogate becomes U+FFFD.
package enum CanonicalJSON {
  /// The canonical text of the single value in `json`. Throws if it is not strict JSON in UTF-8.
  package static func text(of json: [UInt8], limits: JSONLimits = JSONLimits()) throws(PageError) -> [UInt8] {
    try JSONScanner.checkUTF8(json.span)
    var writer = CanonicalWriter(limits: limits)
    var scanner = JSONScanner(limits: limits)
    scanner.skipWhiteSpace(json.span)
    let start = scanner.position
    try scanner.skipValue(json.span, depth: 0)
    let end = scanner.position
    scanner.skipWhiteSpace(json.span)
    guard scanner.position == json.count else { throw PageError(.trailingBytes, at: scanner.position) }
    try writer.append(json.span, start..<end)
    return writer.text
  }
}

/// Writes canonical text, one value after the other.
struct CanonicalWriter {
  /// A member of the object being written.
  struct Member {
    /// The name without escapes, in UTF-8.
    var name: [UInt8]
    /// The range of the value in the JSON text.
    var value: Range<Int>?
  }

  private(set) var text: [UInt8] = []
  /// The number of lone surrogate escapes written as U+FFFD.
  var loneSurrogates = 0
  /// The number of members written.
  private var members = 0
  private var scanner: JSONScanner

  init(limits: JSONLimits) {
    scanner = JSONScanner(limits: limits)
  }

  /// Write the value at `range` of `json`, which must be UTF-8.
  mutating func append(_ json: Span<UInt8>, _ range: Range<Int>) throws(PageError) {
    scanner.position = range.lowerBound
    try appendValue(json, depth: 0)
  }

  /// Write an object of `members`. A member without a value is the object of the members `inner`.
  mutating func append(
    _ members: [Member], inner: [Member] = [], _ json: Span<UInt8>, depth: Int = 0
  ) throws(PageError) {
    text.append(UInt8(ascii: "{"))
    var isFirst = true
    for member in CanonicalWriter.sorted(members) {
      if !isFirst { text.append(UInt8(ascii: ",")) }
      isFirst = false
      append(string: member.name)
      text.append(UInt8(ascii: ":"))
      if let value = member.value {
        scanner.position = value.lowerBound
        try appendValue(json, depth: depth)
      } else {
        try append(inner, json, depth: depth + 1)
      }
    }
    text.append(UInt8(ascii: "}"))
  }

  /// Sort by name, and keep only the last of several members of one name.
  private static func sorted(_ members: [Member]) -> [Member] {
    guard members.count > 1 else { return members }
    let order = members.enumerated().sorted { one, other in
      one.element.name == other.element.name
        ? one.offset < other.offset : one.element.name.lexicographicallyPrecedes(other.element.name)
    }
    var kept: [Member] = []
    for (_, member) in order {
      if member.name == kept.last?.name { kept.removeLast() }
      kept.append(member)
    }
    return kept
  }

  private mutating func appendValue(_ json: Span<UInt8>, depth: Int) throws(PageError) {
    let start = scanner.position
    switch try scanner.peek(json) {
    case UInt8(ascii: "{"): try appendObject(json, depth: depth + 1)
    case UInt8(ascii: "["): try appendArray(json, depth: depth + 1)
    case UInt8(ascii: "\""): try appendString(json)
    default:
      try scanner.skipScalar(json)
      for position in start..<scanner.position { text.append(json[position]) }
    }
  }

  private mutating func appendArray(_ json: Span<UInt8>, depth: Int) throws(PageError) {
    try scanner.checkDepth(depth)
    text.append(UInt8(ascii: "["))
    if try scanner.open(until: UInt8(ascii: "]"), json) {
      try appendValue(json, depth: depth)
      while try scanner.continues(until: UInt8(ascii: "]"), json) {
        text.append(UInt8(ascii: ","))
        try appendValue(json, depth: depth)
      }
    }
    text.append(UInt8(ascii: "]"))
  }

  private mutating func appendObject(_ json: Span<UInt8>, depth: Int) throws(PageError) {
    try scanner.checkDepth(depth)
    var members: [Member] = []
    if try scanner.open(until: UInt8(ascii: "}"), json) {
      repeat {
        self.members += 1
        try scanner.checkMembers(self.members)
        let token = try scanner.readString(json)
        let name = try scanner.decode(token, json, loneSurrogates: &loneSurrogates)
        try scanner.expectColon(json)
        let start = scanner.position
        try scanner.skipValue(json, depth: depth)
        members.append(Member(name: name, value: start..<scanner.position))
      } while try scanner.continues(until: UInt8(ascii: "}"), json)
    }
    let end = scanner.position
    try append(members, json, depth: depth)
    scanner.position = end
  }

  private mutating func appendString(_ json: Span<UInt8>) throws(PageError) {
    let token = try scanner.readString(json)
    let end = scanner.position
    text.append(UInt8(ascii: "\""))
    scanner.position = token.range.lowerBound
    while scanner.position < token.range.upperBound {
      let byte = json[scanner.position]
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        scanner.position += 1
        continue
      }
      let escape = try scanner.readEscape(json)
      if escape.isLoneSurrogate { loneSurrogates += 1 }
      for byte in escape.scalar.utf8 { append(unescaped: byte) }
    }
    text.append(UInt8(ascii: "\""))
    scanner.position = end
  }

  mutating func append(raw bytes: Span<UInt8>) {
    for index in bytes.indices { text.append(bytes[index]) }
  }

  /// Write a string of these characters, in UTF-8.
  mutating func append(string: [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string { append(unescaped: byte) }
    text.append(UInt8(ascii: "\""))
  }

  /// Write a byte of a string's plain text, escaped if necessary.
  private mutating func append(unescaped byte: UInt8) {
    let letter: UInt8
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
    case 0x08: letter = UInt8(ascii: "b")
    case 0x09: letter = UInt8(ascii: "t")
    case 0x0A: letter = UInt8(ascii: "n")
    case 0x0C: letter = UInt8(ascii: "f")
    case 0x0D: letter = UInt8(ascii: "r")
    case ..<0x20:
      text.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
      text.append(UInt8(ascii: "0") + byte >> 4)
      let low = byte & 0xF
      text.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
      return
    default:
      text.append(byte)
      return
    }
    text.append(UInt8(ascii: "\\"))
    text.append(letter)
  }
}
