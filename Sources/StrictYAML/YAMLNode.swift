/// A YAML document as a tree. Every node has its position in the text.
///
/// Supported is a subset of YAML 1.2: mappings and lists, by indentation or in brackets; text on one line, plain or in
/// quotes; comments; one document. Accepted text has the same meaning for every reader of YAML 1.2. All other text is
/// rejected, also text that YAML readers interpret differently.
package struct YAMLNode: Sendable {
  package enum Value: Sendable {
    case empty
    case text(String)
    case boolean(Bool)
    /// As written: decimal, `0o` or `0x`, of any length.
    case integer(String)
    /// As written, including `.inf` and `.nan`.
    case number(String)
    case list([YAMLNode])
    case mapping([Member])
  }

  /// A key with its value. The keys of a mapping are unique, also under Unicode canonical equivalence.
  package struct Member: Sendable {
    package let key: String
    package let place: YAMLPosition
    package let value: YAMLNode
  }

  package let value: Value
  /// The start of the value. For an empty value, the position after the colon or the dash.
  package let place: YAMLPosition

  /// Parses a text.
  ///
  /// The time is proportional to the length of the text, which the caller must limit.
  ///
  /// - Returns: nil if the text has only comments.
  /// - Throws: The first error, with its position.
  package static func read(_ text: String) throws(YAMLError) -> YAMLNode? {
    var reader = YAMLReader(cursor: try YAMLCursor(text))
    return try reader.document()
  }
}

extension YAMLNode.Value {
  /// The kind of value, for error messages.
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

/// The type of a plain scalar by the core schema (YAML 1.2.2, 10.3.2): `no`, `on` and `2024-01-01` are text.
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

/// Whether the text is an octal or hexadecimal number. Neither has a sign.
private func isPrefixed(_ text: String) -> Bool {
  guard text.utf8.count > 2 else { return false }
  let digits = text.utf8.dropFirst(2)
  if text.hasPrefix("0o") { return digits.allSatisfy { (0x30...0x37).contains($0) } }
  return text.hasPrefix("0x")
    && digits.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0) }
}

/// Whether the text is a decimal number: `.5`, `5.` or `5.5`, with an optional exponent.
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

/// Line and column, both from 1. Columns count Unicode scalars; a byte order mark does not count.
package struct YAMLPosition: Hashable, Sendable {
  package let line: Int
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}

/// Why a text was rejected.
package struct YAMLError: Error, Hashable {
  /// nil if the error concerns the whole text.
  package let place: YAMLPosition?
  /// The message: one line, without a full stop at the end.
  package let words: String

  package init(_ place: YAMLPosition? = nil, _ words: String) {
    self.place = place
    self.words = words
  }

  package init(words: String) { self.init(nil, words) }
}
