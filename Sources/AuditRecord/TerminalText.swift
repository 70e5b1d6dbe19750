/// Text that may hold what a file or a server says, as a terminal can be given it: nothing in it moves the cursor, hides what
/// stands around it or turns it about.
package enum TerminalText {
  /// One line: what would end it is replaced too, so that no value can pass for a line of its own.
  package static func line(_ text: String) -> String { replaced(text) { isSafe($0) } }

  /// - Parameter keepsColour: leave the sequences that set colours (ECMA-48, SGR).
  package static func lines(_ text: String, keepsColour: Bool = false) -> String {
    guard text.unicodeScalars.contains(where: { !isSafe($0) && $0 != "\n" }) else { return text }
    guard keepsColour else { return replaced(text) { isSafe($0) || $0 == "\n" } }
    var shown = ""
    var rest = text[...]
    while let colour = rest.firstMatch(of: #/\u{1B}\[[0-9;]*m/#) {
      shown += lines(String(rest[..<colour.range.lowerBound])) + colour.output
      rest = rest[colour.range.upperBound...]
    }
    return shown + lines(String(rest))
  }

  package static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: return false
    // Only what joins letters.
    case .format: return scalar == "\u{200C}" || scalar == "\u{200D}"
    default: return true
    }
  }

  private static func replaced(_ text: String, _ isKept: (Unicode.Scalar) -> Bool) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { isKept($0) ? $0 : "?" }))
  }
}

/// A value of a user's as it can stand in a sentence: in quotes, without what a terminal would obey, not endless.
package func quoted(_ text: String) -> String {
  let start = String(String.UnicodeScalarView(text.unicodeScalars.prefix(120)))
  return "'" + TerminalText.line(start) + (text.unicodeScalars.count > 120 ? "…" : "") + "'"
}

extension Int {
  /// `1,234,567`
  package var grouped: String {
    let digits = Array(String(magnitude))
    var text = self < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }
}
