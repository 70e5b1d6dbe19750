/// Text in mdoc, the language of manual pages (mandoc's mdoc(7)).
enum Manual {
  /// Text to be filled: each sentence on lines of its own, of 80 bytes at most.
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

  /// mandoc counts what is not ASCII as the escape that it makes of it, such as \[u2713].
  private static func width(_ text: some StringProtocol) -> Int {
    text.unicodeScalars.reduce(0) { $0 + ($1.isASCII ? 1 : 8) }
  }

  /// A word of a macro's.
  static func word(_ text: String) -> String {
    let word = escaped(text).replacing("-", with: "\\-").replacing("\"", with: "\\(dq")
    return word.contains(" ") ? "\"\(word)\"" : word
  }

  /// Lines as they are.
  static func literal(_ lines: [String]) -> String {
    ([".Bd -literal -offset indent"] + lines.map { protected(escaped($0).replacing("-", with: "\\-")) } + [
      ".Ed"
    ])
    .joined(separator: "\n")
  }

  /// A list of what is tagged with a line of macros, each with its text.
  static func list(_ entries: [(tag: String, text: String)]) -> String {
    ([".Bl -tag -width Ds"] + entries.map { ".It \($0.tag)\n\(text($0.text))" } + [".El"]).joined(
      separator: "\n")
  }

  /// Paragraphs, and between them, indented by two spaces, lines as they are: as in the discussions of `--help`.
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

  /// A line that begins like a macro is none.
  private static func protected(_ line: String) -> String {
    line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
  }
}
