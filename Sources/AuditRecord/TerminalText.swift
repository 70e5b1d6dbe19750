/// Makes text from a file or a server safe to print on a terminal: it cannot move the cursor, hide its surroundings or reverse
/// their direction.
package enum TerminalText {
  /// Return one line, with `?` for each unsafe character and each line break. No value can look like a line of its own.
  package static func line(_ text: String) -> String { replaced(text) { isSafe($0) } }

  /// Return lines, with `?` for each unsafe character but LF.
  ///
  /// - Parameter keepsColor: whether to keep the sequences that set colors (ECMA-48, SGR).
  package static func lines(_ text: String, keepsColor: Bool = false) -> String {
    guard text.unicodeScalars.contains(where: { !isSafe($0) && $0 != "\n" }) else { return text }
    guard keepsColor else { return replaced(text) { isSafe($0) || $0 == "\n" } }
    var shown = ""
    var rest = text[...]
    while let colour = rest.firstMatch(of: #/\u{1B}\[[0-9;]*m/#) {
      shown += lines(String(rest[..<colour.range.lowerBound])) + colour.output
      rest = rest[colour.range.upperBound...]
    }
    return shown + lines(String(rest))
  }

  /// Whether a terminal prints the character without side effects.
  package static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: return false
    // Keep only the joiners of letters.
    case .format: return scalar == "\u{200C}" || scalar == "\u{200D}"
    default: return true
    }
  }

  private static func replaced(_ text: String, _ isKept: (Unicode.Scalar) -> Bool) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { isKept($0) ? $0 : "?" }))
  }
}

/// Quote a user's value for a sentence: in single quotes, at most 120 characters, safe for a terminal.
package func quoted(_ text: String) -> String {
  let start = String(String.UnicodeScalarView(text.unicodeScalars.prefix(120)))
  return "'" + TerminalText.line(start) + (text.unicodeScalars.count > 120 ? "…" : "") + "'"
}

extension Int {
  /// The number with thousands separators, such as `1,234,567`.
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
