import StrictYAML
import TestSupport
import Testing

/// Each text is read or refused in a time that is proportional to its length, and with a stack that is not.
@Suite(.timeLimit(.minutes(Int(Patience.seconds(60) / 60)))) struct AttackTests {
  private static let pieces: [(String, String)] = [
    ("[", "1:9: nested"), ("- ", "1:17: nested"), ("{a: ", "1:33: nested"), ("[[],", "1:30: nested"),
    ("a: ", "1:5: a second key"), ("a: 1\n", "2:1: the key 'a'"), ("a:\n", "2:1: the key 'a'"),
    (" ", "nothing"), ("\n", "nothing"), ("#", "nothing"), (" #", "nothing"), ("# \n", "nothing"),
    ("-\n", "a list of 5000000"), ("- a\n", "a list of 2500000"), ("- []\n", "a list of 2000000"),
    ("a", "text aaa"), ("a ", "text a a"), ("'", "text '''"), ("\\", "text \\\\\\"),
    ("\u{301}", "text \u{301}"),
    ("\"", "1:3: only a comment"), ("[a]\n", "2:1: this line"), (",", "1:1: ','"), (": ", "1:1: ':'"),
    ("---\n", "2:1: found another"), ("\u{FEFF}", "1:1: control"), ("\t", "1:1: a tab"),
    ("\r\n", "nothing"),
    ("\r", "1:1: control"), ("&a ", "1:1: anchors"), ("*a ", "1:1: aliases"),
    ("? ", "1:1: keys with a ?"),
  ]

  @Test(arguments: pieces)
  func `ten megabytes of one thing are read or refused`(piece: String, outcome: String) {
    let found = AttackTests.summary(String(repeating: piece, count: 10_000_000 / piece.utf8.count))
    #expect(found.utf8.starts(with: outcome.utf8), "\(found)")
  }

  @Test func `a hundred thousand levels by indentation are refused`() {
    var text = ""
    for level in 0..<100_000 { text += String(repeating: " ", count: min(level, 100)) + "a:\n" }
    #expect(AttackTests.summary(text) == "9:9: nested deeper than a job file is")
  }

  @Test func `half a million members in brackets or on lines are read`() {
    let members = (0..<500_000).map { "k\($0): [a, 'b']" }
    for text in [members.joined(separator: "\n"), "{" + members.joined(separator: ", ") + "}"] {
      #expect(AttackTests.summary(text) == "a mapping of 500000")
    }
  }

  private static func summary(_ text: String) -> String {
    do throws(YAMLFault) {
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
