import StrictYAML
import TestSupport
import Testing

/// Every text is read or refused in linear time and with a bounded stack.
@Suite(.timeLimit(.minutes(Int(ScaledTimeout.seconds(60) / 60)))) struct AttackTests {
  private static let pieces: [(String, String)] = [
    ("[", "1:9: nested"), ("- ", "1:17: nested"), ("{a: ", "1:33: nested"), ("[[],", "1:30: nested"),
    ("a: ", "1:5: there is a second key"), ("a: 1\n", "2:1: duplicate key 'a'"),
    ("a:\n", "2:1: duplicate key 'a'"),
    (" ", "nothing"), ("\n", "nothing"), ("#", "nothing"), (" #", "nothing"), ("# \n", "nothing"),
    ("-\n", "a list of 5000000"), ("- a\n", "a list of 2500000"), ("- []\n", "a list of 2000000"),
    ("a", "text aaa"), ("a ", "text a a"), ("'", "text '''"), ("\\", "text \\\\\\"),
    ("\u{301}", "text \u{301}"),
    ("\"", "1:3: the value ends here: only a comment"), ("[a]\n", "2:1: this line"), (",", "1:1: ','"),
    (": ", "1:1: ':'"),
    ("---\n", "2:1: found a document marker"), ("\u{FEFF}", "1:1: control"),
    ("\t", "1:1: tabs are not allowed"),
    ("\r\n", "nothing"),
    ("\r", "1:1: control"), ("&a ", "1:1: anchors"), ("*a ", "1:1: aliases"),
    ("? ", "1:1: keys with a ?"),
  ]

  @Test(arguments: pieces)
  func `ten megabytes of one repeated text are read or refused`(piece: String, outcome: String) {
    let found = AttackTests.summary(String(repeating: piece, count: 10_000_000 / piece.utf8.count))
    #expect(found.utf8.starts(with: outcome.utf8), "\(found)")
  }

  @Test func `a hundred thousand levels of indentation are refused`() {
    var text = ""
    for level in 0..<100_000 { text += String(repeating: " ", count: min(level, 100)) + "a:\n" }
    #expect(AttackTests.summary(text) == "9:9: nested too deeply for a job file")
  }

  @Test func `half a million members are read, in brackets or on lines`() {
    let members = (0..<500_000).map { "k\($0): [a, 'b']" }
    for text in [members.joined(separator: "\n"), "{" + members.joined(separator: ", ") + "}"] {
      #expect(AttackTests.summary(text) == "a mapping of 500000")
    }
  }

  private static func summary(_ text: String) -> String {
    do throws(YAMLError) {
      switch try YAMLNode.read(text)?.value {
      case .none: return "nothing"
      case .text(let text): return "text " + String(String.UnicodeScalarView(text.unicodeScalars.prefix(3)))
      case .list(let nodes): return "a list of \(nodes.count)"
      case .mapping(let members): return "a mapping of \(members.count)"
      case .some(let value): return value.kind
      }
    } catch {
      return "\(error.place?.line ?? 0):\(error.place?.column ?? 0): \(error.words)"
    }
  }
}

/// Job files that are almost right.
@Suite struct MutantTests {
  static let tokens = [
    "- ", "-", ": ", ":", "? ", "#", " #", "&a ", "*a", "!!str ", "| ", "> ", "%YAML 1.2\n", "---\n", "...\n",
    "\n---", "<<: ", "'",
    "''", "\"", "\\\n", "\\x4", "\\U00110000", "[", "]", "{", "}", ", ", "\n", "\n  ", "\n- ", "  ", "\t",
    "~", "a: b\n", "\u{85}",
    "\u{2028}", "{a: b}", "[a, b]",
  ].map { Array($0.utf8) }

  @Test
  func
    `a mutated document gives a tree that survives a round trip, or one error with position`()
    async throws
  {
    let made = (1...40).map { seed in
      var document = RandomDocument(seed: seed)
      return Array(document.text().utf8)
    }
    let corpus = try samples("", ending: "job.yaml") + made
    try await FuzzedReader.yaml.readMutants(of: corpus, tokens: MutantTests.tokens) { bytes, _ in
      guard let text = String(validating: bytes, as: UTF8.self) else { return false }
      let node: YAMLNode
      do throws(YAMLError) {
        guard let read = try YAMLNode.read(text) else { return true }
        node = read
      } catch {
        try #require(isRight(error, of: text))
        return false
      }
      let written = node.plainly
      // Escapes make keys longer.
      if written.utf8.count < 1_000 { try #require(try YAMLNode.read(written)?.plainly == written) }
      return true
    }
  }

  private func isRight(_ fault: YAMLError, of text: String) -> Bool {
    guard let place = fault.place else { return false }
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.indices.contains(place.line - 1)
      && (1...lines[place.line - 1].count + 1).contains(place.column)
      && !fault.words.isEmpty && !fault.words.contains("\n") && !fault.words.hasSuffix(".")
  }
}
