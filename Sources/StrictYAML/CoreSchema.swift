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
