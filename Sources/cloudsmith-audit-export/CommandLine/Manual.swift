/// Text in mdoc, the language of manual pages (mandoc's mdoc(7)).
enum Manual {
  /// Filled text. Each sentence starts a new line, and lines have at most 80 bytes.
  static func text(_ text: String) -> String {
    var lines: [String] = []
    for sentence in escaped(text).replacing(/([.:?]\)?) (?=\p{Lu})/, with: { "\($0.output.1)\n" }).split(
      separator: "\n")
    {
      var line = ""
      for word in sentence.split(separator: " ") {
        if !line.isEmpty, width(line) + width(word) >= 80 {
          lines.append(line)
          line = ""
        }
        line += line.isEmpty ? word : " " + word
      }
      lines.append(line)
    }
    return lines.map(protected).joined(separator: "\n")
  }

  /// mandoc counts a non-ASCII character as its escape, such as \[u2713].
  private static func width(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + ($1.isASCII ? 1 : 8) }
  }

  /// An argument of a macro.
  static func word(_ text: String) -> String {
    let word = escaped(text).replacing("-", with: "\\-").replacing("\"", with: "\\(dq")
    return word.contains(" ") ? "\"\(word)\"" : word
  }

  /// Lines without filling.
  static func literal(_ lines: [String]) -> String {
    ([".Bd -literal -offset indent"] + lines.map { protected(escaped($0).replacing("-", with: "\\-")) } + [
      ".Ed"
    ])
    .joined(separator: "\n")
  }

  /// A list. Each entry has a tag, which is a line of macros, and a text.
  static func list(_ entries: [(tag: String, text: String)]) -> String {
    ([".Bl -tag -width Ds"] + entries.map { ".It \($0.tag)\n\(text($0.text))" } + [".El"]).joined(
      separator: "\n")
  }

  /// Paragraphs as in the discussions of `--help`. Lines that are indented by two spaces are not filled.
  static func paragraphs(_ discussion: String) -> String {
    var parts: [String] = []
    var lines = discussion.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
    while let line = lines.first {
      let isLiteral = line.hasPrefix("  ")
      let block = lines.prefix { !$0.isEmpty && $0.hasPrefix("  ") == isLiteral }
      lines = lines.dropFirst(max(1, block.count))
      guard !block.isEmpty else { continue }
      if !isLiteral, !parts.isEmpty { parts.append(".Pp") }
      parts.append(
        isLiteral ? literal(block.map { String($0.dropFirst(2)) }) : text(block.joined(separator: " ")))
    }
    return parts.joined(separator: "\n")
  }

  private static func escaped(_ text: String) -> String { text.replacing("\\", with: "\\e") }

  /// Prevents a line from being read as a macro.
  private static func protected(_ line: String) -> String {
    line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }
}
