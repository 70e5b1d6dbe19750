/// A YAML document as a tree in which everything knows its place.
///
/// What is read is a part of YAML 1.2: mappings and lists, by indentation or in brackets; text on one line, plain or in
/// quotes; comments; one document. What is accepted means here what it means to every reader of YAML 1.2; the rest is
/// refused, as is what readers are not at one about.
package struct YAMLNode: Sendable {
  package enum Value: Sendable {
    case empty
    case text(String)
    case boolean(Bool)
    /// As it is written: decimal, `0o` or `0x`, of any length.
    case integer(String)
    /// As it is written, `.inf` and `.nan` among them.
    case number(String)
    case list([YAMLNode])
    case mapping([Member])
  }

  /// The keys of a mapping differ, also as Unicode compares text.
  package struct Member: Sendable {
    package let key: String
    package let place: YAMLPosition
    package let value: YAMLNode
  }

  package let value: Value
  /// Of what is empty: behind the colon or the dash.
  package let place: YAMLPosition

  /// nil when the text holds nothing but comments.
  ///
  /// The time is proportional to the length of the text, of which the caller sets the limit.
  package static func read(_ text: String) throws(YAMLError) -> YAMLNode? {
    var reader = YAMLReader(cursor: try YAMLCursor(text))
    return try reader.document()
  }
}

extension YAMLNode.Value {
  /// As a sentence calls it.
  package var kind: String {
    switch self {
    case .empty: "nothing"
    case .text: "text"
    case .boolean: "true or false"
    case .integer: "a whole number"
    case .number: "a number"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// What a word without quotes is (YAML 1.2.2, 10.3.2): `no`, `on` and `2024-01-01` are text.
extension YAMLNode.Value {
  init(plain text: String) {
    switch text {
    case "~", "null", "Null", "NULL": self = .empty
    case "true", "True", "TRUE": self = .boolean(true)
    case "false", "False", "FALSE": self = .boolean(false)
    case ".nan", ".NaN", ".NAN": self = .number(text)
    default:
      let digits = text.utf8.dropFirst(text.utf8.first.map(isSign) == true ? 1 : 0)
      if isInteger(digits) || isPrefixed(text) {
        self = .integer(text)
      } else if isNumber(digits) || [".inf", ".Inf", ".INF"].contains(String(Substring(digits))) {
        self = .number(text)
      } else {
        self = .text(text)
      }
    }
  }
}

private typealias Bytes = Substring.UTF8View

private func isInteger(_ digits: Bytes) -> Bool { !digits.isEmpty && digits.allSatisfy(isDigit) }

/// Octal or hexadecimal; neither has a sign.
private func isPrefixed(_ text: String) -> Bool {
  guard text.utf8.count > 2 else { return false }
  let digits = text.utf8.dropFirst(2)
  if text.hasPrefix("0o") { return digits.allSatisfy { (0x30...0x37).contains($0) } }
  return text.hasPrefix("0x")
    && digits.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0) }
}

/// `[.] digits` or `digits [. digits]`, and an exponent.
private func isNumber(_ text: Bytes) -> Bool {
  var rest = text
  var digits = passDigits(&rest)
  if rest.first == UInt8(ascii: ".") {
    rest.removeFirst()
    digits += passDigits(&rest)
  }
  guard digits > 0 else { return false }
  if let letter = rest.first, letter == UInt8(ascii: "e") || letter == UInt8(ascii: "E") {
    rest.removeFirst()
    if rest.first.map(isSign) == true { rest.removeFirst() }
    guard passDigits(&rest) > 0 else { return false }
  }
  return rest.isEmpty
}

private func passDigits(_ rest: inout Bytes) -> Int {
  let before = rest.count
  rest = rest.drop(while: isDigit)
  return before - rest.count
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
private func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }

/// Line and column, from 1. A column is a character (a Unicode scalar); a byte order mark is none.
package struct YAMLPosition: Hashable, Sendable {
  package let line: Int
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// Why a text is not the YAML that is wanted.
package struct YAMLError: Error, Hashable {
  /// nil: of the whole.
  package let place: YAMLPosition?
  /// One line without a full stop.
  package let words: String

  package init(_ place: YAMLPosition? = nil, _ words: String) {
    self.place = place
    self.words = words
  }

  package init(words: String) { self.init(nil, words) }
}
