internal import HTTP

/// A Cloudsmith API key, or a token used instead of one. Sent with every request, never shown.
///
/// It prints as `[redacted]` in every way that Swift prints values. Only this target reads its text.
package struct APIKey: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// A key, sent in `X-Api-Key`.
    case key
    /// A token from an exchange, sent as a bearer (RFC 6750, section 2.1). Cloudsmith refuses it in `X-Api-Key`.
    case bearer
  }

  let text: String
  let kind: Kind

  /// Reads a key. Removes white space around it: a newline at the end of a secret file is normal.
  package init(_ text: String, kind: Kind = .key) throws(APIKeyError) {
    let text = text.trimming(while: \.isWhitespace)
    guard !text.isEmpty else { throw .empty }
    if text.unicodeScalars.first == "\u{FEFF}" { throw .byteOrderMark }
    if let label = text.prefixMatch(of: APIKey.label)?.output { throw .label(String(label)) }
    if text.contains(where: { "\"'`“”‘’«»".contains($0) }) { throw .quotes }
    if text.firstMatch(of: /^\$[A-Za-z_{(]/) != nil { throw .notExpanded }
    guard !text.contains(where: \.isWhitespace) else { throw .containsWhiteSpace }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { throw .containsControlCharacter }
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw .notASCII }
    self.text = String(text)
    self.kind = kind
  }

  /// The text before a key that was copied along from a shell, an ini or env file, or a header. Never part of the key: nothing
  /// follows the padding of base64.
  private static var label: Regex<Substring> {
    #/(?:export\s+|set\s+|\$env:)?(?:[A-Z][A-Z0-9]*_[A-Z0-9_]*\s*=|(?i:(?:x-)?api[_\-]?key|key|token|authorization)\s*[=:]|(?i:bearer|token)\s)(?!=*$)/#
  }

  /// The header field that carries the key.
  var field: (name: String, value: String) {
    switch kind {
    case .key: ("X-Api-Key", text)
    case .bearer: ("Authorization", "Bearer \(text)")
    }
  }

  /// `text` with every occurrence of the key replaced, for texts of the server that may echo it.
  func redacted(from text: String) -> String {
    text.replacing(self.text, with: description)
  }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is not an API key. Never repeats the text.
package enum APIKeyError: Error, Hashable, Sendable {
  case empty, containsWhiteSpace, containsControlCharacter, notASCII, byteOrderMark, quotes, notExpanded
  /// The text before the key, such as `CLOUDSMITH_API_KEY=`.
  case label(String)
}

extension APIKeyError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "it is empty"
    case .containsWhiteSpace: "it contains white space"
    case .containsControlCharacter: "it contains a control character"
    case .notASCII: "it contains a character that is not ASCII"
    case .byteOrderMark: "it begins with a byte order mark; save it as UTF-8 without one"
    case .quotes: "it is in quotes, which would be part of it; remove them"
    case .notExpanded: "it is the name of a variable that was not expanded"
    case .label(let label): "it begins with '\(label)'; remove that part"
    }
  }
}
