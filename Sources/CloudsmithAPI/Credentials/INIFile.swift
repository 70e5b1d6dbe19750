/// The text of `config.ini` or `credentials.ini`, as cloudsmith-cli keeps them: sections of `key = value` lines.
///
/// Values may stand in quotes; an empty one is an absent one. Keys are case-sensitive. A line beginning with `#` or `;` is a
/// comment. What is none of these is passed over.
package struct INIFile: Sendable {
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

  /// What a section says of a key; nil when it says nothing, or an empty text.
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
