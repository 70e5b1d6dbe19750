/// Reads the tokens of a JSON text, strictly by RFC 8259, from a position that advances.
///
/// The text must be valid UTF-8. Pass the same text to every call: a struct that stores a span needs experimental features.
struct JSONScanner: Sendable {
  /// A string as written, between its quotes.
  struct StringToken {
    var range: Range<Int>
    var hasEscapes: Bool
  }

  /// The character that an escape represents.
  struct Escape {
    var scalar: Unicode.Scalar
    /// One half of a surrogate pair without the other; `scalar` is then U+FFFD.
    var isLoneSurrogate = false
  }

  var position = 0
  var limits: JSONLimits

  init(limits: JSONLimits) {
    self.limits = limits
  }

  /// Check that a JSON text is UTF-8 (RFC 8259 §8.1): no overlong form, no surrogate, nothing above U+10FFFF.
  ///
  /// Most blocks of 64 bytes are ASCII, which is quick to see. No character extends into such a block, so each stretch between
  /// two of them is checked separately.
  static func checkUTF8(_ text: Span<UInt8>) throws(PageError) {
    var start = 0
    while let first = text.firstBlock(from: start, isASCII: false) {
      let end = text.firstBlock(from: first, isASCII: true) ?? text.count
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: text.extracting(first..<end))
      } catch {
        throw PageError(.invalidUTF8, at: first + error.byteOffsets.lowerBound)
      }
      start = end
    }
  }

  // MARK: Structure

  @inline(__always)
  mutating func skipWhiteSpace(_ json: Span<UInt8>) {
    while position < json.count {
      switch json[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  /// Skip `byte` if it is at the position without white space around it, as it nearly always is.
  @inline(__always)
  private mutating func passes(_ byte: UInt8, _ json: Span<UInt8>) -> Bool {
    guard position <= json.count - 2, json[position] == byte, json[position + 1] > 0x20 else { return false }
    position += 1
    return true
  }

  /// The byte at the position. Throws at the end.
  @inline(__always)
  func peek(_ json: Span<UInt8>) throws(PageError) -> UInt8 {
    guard position < json.count else { throw PageError(.unexpectedEnd, at: position) }
    return json[position]
  }

  /// Skip `byte` and the white space after it.
  @inline(__always)
  mutating func expect(_ byte: UInt8, _ json: Span<UInt8>) throws(PageError) {
    guard try peek(json) == byte else { throw PageError(.unexpectedByte, at: position) }
    position += 1
    skipWhiteSpace(json)
  }

  /// Skip the comma between two elements, or `end`; white space may surround a comma.
  ///
  /// - Returns: whether another element follows.
  @inline(__always)
  mutating func continues(until end: UInt8, _ json: Span<UInt8>) throws(PageError) -> Bool {
    if passes(UInt8(ascii: ","), json) { return true }
    skipWhiteSpace(json)
    let byte = try peek(json)
    guard byte == UInt8(ascii: ",") || byte == end else { throw PageError(.unexpectedByte, at: position) }
    position += 1
    if byte == end { return false }
    skipWhiteSpace(json)
    return true
  }

  /// Skip an opening bracket.
  ///
  /// - Returns: whether the container holds anything; if not, the closing bracket is skipped too.
  @inline(__always)
  mutating func open(until end: UInt8, _ json: Span<UInt8>) throws(PageError) -> Bool {
    position += 1
    skipWhiteSpace(json)
    guard try peek(json) == end else { return true }
    position += 1
    return false
  }

  // MARK: Values

  /// Skip one value, and check every byte of it. `depth` is the number of containers around it.
  mutating func skipValue(_ json: Span<UInt8>, depth: Int) throws(PageError) {
    switch try peek(json) {
    case UInt8(ascii: "\""): _ = try readString(json)
    case UInt8(ascii: "{"):
      try checkDepth(depth + 1)
      guard try open(until: UInt8(ascii: "}"), json) else { return }
      repeat {
        _ = try readString(json)
        try expectColon(json)
        try skipValue(json, depth: depth + 1)
      } while try continues(until: UInt8(ascii: "}"), json)
    case UInt8(ascii: "["):
      try checkDepth(depth + 1)
      guard try open(until: UInt8(ascii: "]"), json) else { return }
      repeat {
        try skipValue(json, depth: depth + 1)
      } while try continues(until: UInt8(ascii: "]"), json)
    default: try skipScalar(json)
    }
  }

  /// Skip a number, `true`, `false` or `null`.
  mutating func skipScalar(_ json: Span<UInt8>) throws(PageError) {
    switch try peek(json) {
    case UInt8(ascii: "n"): try skipLiteral("null", json)
    case UInt8(ascii: "t"): try skipLiteral("true", json)
    case UInt8(ascii: "f"): try skipLiteral("false", json)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      guard let end = JSONNumber.end(in: json, from: position) else {
        throw PageError(.invalidNumber, at: position)
      }
      position = end
    default: throw PageError(.unexpectedByte, at: position)
    }
  }

  @inline(__always)
  mutating func expectColon(_ json: Span<UInt8>) throws(PageError) {
    if passes(UInt8(ascii: ":"), json) { return }
    skipWhiteSpace(json)
    try expect(UInt8(ascii: ":"), json)
  }

  func checkDepth(_ depth: Int) throws(PageError) {
    guard depth <= limits.depth else { throw PageError(.tooDeep, at: position) }
  }

  func checkMembers(_ count: Int) throws(PageError) {
    guard count <= limits.members else { throw PageError(.tooManyMembers, at: position) }
  }

  private mutating func skipLiteral(_ word: StaticString, _ json: Span<UInt8>) throws(PageError) {
    for byte in UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount) {
      guard try peek(json) == byte else { throw PageError(.unexpectedByte, at: position) }
      position += 1
    }
  }
}

/// The limits of a JSON text (RFC 8259 §9).
package struct JSONLimits: Hashable, Sendable {
  /// The deepest nesting of arrays and objects; the array of a page is the first level.
  package var depth: Int
  /// The most bytes between the quotes of a string, as received.
  package var stringLength: Int
  /// The most elements in the array of a page.
  package var records: Int
  /// The most bytes of a record, as received.
  package var recordLength: Int
  /// The most members of a record that no column holds, including those of objects inside it.
  package var members: Int

  package init(
    depth: Int = 64, stringLength: Int = 16 << 20, records: Int = 100_000, recordLength: Int = 16 << 20,
    members: Int = 10_000
  ) {
    self.depth = depth
    self.stringLength = stringLength
    self.records = records
    self.recordLength = recordLength
    self.members = members
  }
}

/// Why and where a response body is not a page of records.
///
/// It contains no byte of the body, so it may be logged.
package struct PageError: Error, Hashable, Sendable {
  /// What is wrong. The raw value completes the sentence of `description`.
  package enum Reason: String, CaseIterable, Sendable {
    /// A JSON value other than an array, most likely an error document such as `{"detail": …}`.
    case notAnArray = "it is JSON, but not an array of records"
    case byteOrderMark = "it begins with a byte order mark"
    case otherEncoding = "it is UTF-16 or UTF-32 instead of UTF-8"
    case invalidUTF8 = "it is not valid UTF-8"
    case unexpectedEnd = "it ends too early"
    case unexpectedByte = "it has an unexpected byte"
    case trailingBytes = "it continues after the end of the array"
    case controlCharacter = "a string contains an unescaped control character"
    case invalidEscape = "a string contains an invalid escape sequence"
    case invalidNumber = "a number is not valid JSON"
    case tooDeep = "it is nested deeper than the limit"
    case stringTooLong = "a string is longer than the limit"
    case recordTooLong = "a record is larger than the limit"
    case tooManyMembers = "a record has more members than the limit"
    case tooManyRecords = "it has more records than the limit"
    case tooLarge = "it is too large for a batch of rows"
  }

  package var reason: Reason
  /// The number of bytes before the error.
  package var offset: Int

  package init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

extension PageError: CustomStringConvertible {
  /// One sentence without any content of the body.
  package var description: String {
    "The body is not a page of records: \(reason.rawValue), at byte \(offset)."
  }
}
