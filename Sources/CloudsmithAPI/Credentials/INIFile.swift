internal import HTTP

/// The content of cloudsmith-cli's `config.ini` or `credentials.ini`: sections of `key = value` lines.
///
/// Values may be in quotes; an empty value counts as absent. Keys are case-sensitive. Lines that begin with `#` or `;` are
/// comments. Other lines are ignored. It prints as `[redacted]`, because it may hold a key.
package struct INIFile: Sendable {
  /// A value and the line it is on.
  package struct Entry: Hashable, Sendable {
    package var text: String
    /// From 1.
    package var line: Int

    package init(text: String, line: Int) {
      self.text = text
      self.line = line
    }
  }

  private var sections: [String: [String: Entry]] = [:]

  /// Reads any text. Never fails.
  package init(_ text: String) {
    var section = ""
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      let line = line.trimming { $0.isWhitespace || $0 == "\u{feff}" }
      guard let first = line.first, first != "#", first != ";" else { continue }
      if first == "[", line.last == "]" {
        section = line.dropFirst().dropLast().trimming(while: \.isWhitespace).description
      } else if let separator = line.firstIndex(where: { $0 == "=" || $0 == ":" }) {
        let key = line[..<separator].trimming(while: \.isWhitespace).description
        sections[section, default: [:]][key] =
          Entry(text: INIFile.unquoted(line[line.index(after: separator)...]), line: number)
      }
    }
  }

  /// The value of a key in a section; nil if it is absent or empty.
  package func entry(_ key: String, in section: String) -> Entry? {
    sections[section]?[key].flatMap { $0.text.isEmpty ? nil : $0 }
  }

  private static func unquoted(_ text: Substring) -> String {
    let value = text.trimming(while: \.isWhitespace)
    guard value.count >= 2, let quote = value.first, quote == value.last, quote == "\"" || quote == "'"
    else { return String(value) }
    return value.dropFirst().dropLast().trimming(while: \.isWhitespace).description
  }
}

extension INIFile: CustomStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
