/// The text of `credentials.ini`, as cloudsmith-cli keeps it: sections of `key = value` lines.
///
/// `[default]` holds for everybody; `[profile:NAME]` lies over it. Values may stand in quotes; an empty one is an absent
/// one. Keys are case-sensitive. A line beginning with `#` or `;` is a comment.
package struct CredentialsFile: Sendable {
  private var sections: [String: [String: String]] = [:]

  package init(_ text: String) {
    var section = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimming { $0.isWhitespace || $0 == "\u{feff}" }
      guard let first = line.first, first != "#", first != ";" else { continue }
      if first == "[", line.last == "]" {
        section = line.dropFirst().dropLast().trimming(while: \.isWhitespace).description
      } else if let separator = line.firstIndex(where: { $0 == "=" || $0 == ":" }) {
        let key = line[..<separator].trimming(while: \.isWhitespace).description
        sections[section, default: [:]][key] = CredentialsFile.unquoted(line[line.index(after: separator)...])
      }
    }
  }

  /// The key of a profile, else that of everybody; nil when there is neither.
  package func apiKey(profile: String? = nil) -> String? {
    let names = [profile.map { "profile:\($0)" }, "default"]
    return names.lazy.compactMap { $0.flatMap { self.sections[$0]?["api_key"] } }.first { !$0.isEmpty }
  }

  private static func unquoted(_ text: Substring) -> String {
    let value = text.trimming(while: \.isWhitespace)
    guard value.count >= 2, let quote = value.first, quote == value.last, quote == "\"" || quote == "'"
    else { return String(value) }
    return value.dropFirst().dropLast().trimming(while: \.isWhitespace).description
  }
}

extension CredentialsFile: CustomStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
