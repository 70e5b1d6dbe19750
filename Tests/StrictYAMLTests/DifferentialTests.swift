import Foundation
import StrictYAML
import TestSupport
import Testing

/// Compares with PyYAML, libyaml, and ruamel.yaml, which reads YAML 1.2.
@Suite(.fewAtOnce, .needsPython)
struct DifferentialTests {
  /// `YAML_DOCUMENTS`, how many, and `YAML_SEED`, that of the first.
  private static let seeds: Range<Int> = {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["YAML_SEED"].flatMap { Int($0) } ?? 1
    return first..<first + (environment["YAML_DOCUMENTS"].flatMap { Int($0) } ?? 2_000)
  }()

  private static func document(_ seed: Int) -> String {
    var document = RandomDocument(seed: seed)
    return document.text()
  }

  @Test func `a generated document is read as three other readers read it, including positions`() throws {
    let texts = Self.seeds.map(Self.document)
    for (seed, (text, others)) in zip(Self.seeds, zip(texts, try Self.others(texts))) {
      let own = own(text)
      for other in others {
        #expect(
          same(own, other),
          "seed \(seed): \(text.debugDescription)\n\(read(text))\n\(own ?? "-")\n\(other ?? "-")")
      }
    }
  }

  @Test func `an accepted mutant is read as three other readers read it`() throws {
    let texts = Self.seeds.compactMap { seed -> String? in
      var random = SeededRandom(seed: seed)
      let corpus = [Array(Self.document(seed).utf8), Array(Self.document(seed + 1).utf8)]
      let mutator = Mutator(corpus: corpus, tokens: MutantTests.tokens, longest: 2_048)
      return String(validating: mutator.mutant(&random), as: UTF8.self)
    }
    let accepted = texts.filter { own($0) != nil }
    #expect(accepted.count > texts.count / 10)
    for (text, others) in zip(accepted, try Self.others(accepted)) {
      for other in others {
        #expect(same(own(text), other), "\(text.debugDescription)\n\(own(text) ?? "-")\n\(other ?? "-")")
      }
    }
  }

  @Test
  func
    `every accepted text of up to three tokens is read as three other readers read it`()
    throws
  {
    let tokens = [
      "a", "1", ":", " ", "-", "\n", "[", "]", "{", "}", ",", "#", "'", "\"", "?", "\\", "---", "é", "<<",
      "  ", ": ", "- ",
    ]
    var texts = [""]
    var longest = [""]
    for _ in 1...3 {
      longest = longest.flatMap { text in tokens.map { text + $0 } }
      texts += longest.filter { own($0) != nil }
    }
    for seed in Self.seeds {
      var random = SeededRandom(seed: seed)
      for _ in 0..<50 {
        let text = (0..<Int.random(in: 5...14, using: &random)).map { _ in random.pick(tokens) }.joined()
        if own(text) != nil { texts.append(text) }
      }
    }
    #expect(texts.count > Self.seeds.count)
    for (text, others) in zip(texts, try Self.others(texts)) {
      for other in others {
        #expect(same(own(text), other), "\(text.debugDescription)\n\(own(text) ?? "-")\n\(other ?? "-")")
      }
    }
  }

  /// nil when it is refused.
  private func own(_ text: String) -> String? {
    do throws(YAMLError) {
      return try YAMLNode.read(text)?.told ?? "nothing"
    } catch {
      return nil
    }
  }

  private func same(_ own: String?, _ other: String?) -> Bool {
    guard let own, let other else { return false }
    return own.utf8.elementsEqual(other.utf8)
  }

  /// The trees that the other readers print for each text; nil if a reader refuses it.
  private static func others(_ texts: [String]) throws -> [[String?]] {
    let file = FileManager.default.temporaryDirectory.appending(path: "yaml-\(UUID().uuidString).json")
    try JSONEncoder().encode(texts).write(to: file)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
    let told = try Python.run("read-yaml.py", [file.path])
    try #require(told.status == 0, "\(told.log)")
    let others = try JSONDecoder().decode([[String?]].self, from: Data(told.outputBytes))
    try #require(others.count == texts.count && others.allSatisfy { $0.count == 3 })
    return others
  }
}

extension YAMLNode {
  /// The tree with positions, as `read-yaml.py` prints it. Empty nodes have none, because other readers disagree on theirs.
  var told: String {
    let at = "@\(place.line):\(place.column)"
    return switch value {
    case .empty: "empty"
    case .text(let text): "text\(at) \(text.unicodeScalars.count) \(text)"
    case .boolean(let isTrue): "boolean\(at) \(isTrue)"
    case .integer(let text): "integer\(at) \(text)"
    case .number(let text): "number\(at) \(text)"
    case .list(let nodes): "list\(at)[\(nodes.map { $0.told + ";" }.joined())]"
    case .mapping(let members):
      "mapping\(at){"
        + members.map { member in
          let key =
            "text@\(member.place.line):\(member.place.column) \(member.key.unicodeScalars.count) \(member.key)"
          return "\(key): \(member.value.told);"
        }.joined() + "}"
    }
  }

  /// The tree as JSON, without positions.
  var plainly: String {
    switch value {
    case .empty: "null"
    case .text(let text): YAMLNode.quoted(text)
    case .boolean(let isTrue): String(isTrue)
    case .integer(let text), .number(let text): text
    case .list(let nodes): "[" + nodes.map(\.plainly).joined(separator: ",") + "]"
    case .mapping(let members):
      "{" + members.map { "\(YAMLNode.quoted($0.key)):\($0.value.plainly)" }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\u{20}"..."\u{7E}", "\u{A0}"..."\u{2027}", "\u{10000}"...: String(scalar)
      default:
        "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
          + String(scalar.value, radix: 16)
      }
    }
    return "\"" + scalars.joined() + "\""
  }
}

/// The tree of a text as JSON, else the position and message of the error.
func read(_ text: String) -> String {
  do {
    return try YAMLNode.read(text)?.plainly ?? "nothing"
  } catch {
    return (error.place.map { "\($0.line):\($0.column): " } ?? "") + error.words
  }
}
