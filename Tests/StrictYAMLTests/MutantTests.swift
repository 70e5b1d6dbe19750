import StrictYAML
import TestSupport
import Testing

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
    `of a mutated document comes a tree, which can be written and read again, or one sentence with its place`()
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
      do throws(YAMLFault) {
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

  private func isRight(_ fault: YAMLFault, of text: String) -> Bool {
    guard let place = fault.place else { return false }
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.indices.contains(place.line - 1)
      && (1...lines[place.line - 1].count + 1).contains(place.column)
      && !fault.words.isEmpty && !fault.words.contains("\n") && !fault.words.hasSuffix(".")
  }
}
