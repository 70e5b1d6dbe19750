import TestSupport

/// Generates documents of the supported part of YAML, with every way to indent, quote and comment.
struct RandomDocument {
  private var random: SeededRandom
  private var keys = 0

  init(seed: Int) { random = SeededRandom(seed: seed) }

  mutating func text() -> String {
    let indent = random.once(in: 4) ? 2 : 0
    var lines =
      switch upTo(7) {
      case 0: [spaces(indent) + flow(below: 0, depth: 0)]
      case 1: [spaces(indent) + scalar(inBrackets: false) + comment()]
      case 2, 3: list(indent, depth: 0)
      default: mapping(indent, depth: 0)
      }
    if random.once(in: 4) { lines.insert("---" + comment(), at: 0) }
    let end = random.once(in: 5) ? "\r\n" : "\n"
    var text = random.once(in: 10) ? "\u{FEFF}" : ""
    for line in lines.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false) {
      if random.once(in: 8) { text += spaces(upTo(4)) + (random.once(in: 2) ? "# a: [b\t'" : "") + end }
      text += line + end
    }
    if random.once(in: 4) { text.unicodeScalars.removeLast(end.unicodeScalars.count) }
    return text
  }

  // MARK: - By indentation

  private mutating func mapping(_ indent: Int, depth: Int) -> [String] {
    (0...upTo(4)).flatMap { _ in
      let key = spaces(indent) + key(inBrackets: false) + ":"
      switch depth < 6 ? upTo(8) : upTo(3) {
      case 0: return [key + comment()]
      case 1: return [key + gap() + scalar(inBrackets: false) + comment()]
      case 2: return [key + comment(), spaces(indent + 1 + upTo(3)) + scalar(inBrackets: false)]
      case 3, 4: return [key + gap() + flow(below: indent + 1, depth: depth + 1) + comment()]
      case 5, 6: return [key + comment()] + list(indent + upTo(4), depth: depth + 1)
      default: return [key + comment()] + mapping(indent + 1 + upTo(4), depth: depth + 1)
      }
    }
  }

  private mutating func list(_ indent: Int, depth: Int) -> [String] {
    (0...upTo(4)).flatMap { _ in
      let dash = spaces(indent) + "-"
      let pad = 1 + upTo(3)
      switch depth < 6 ? upTo(10) : upTo(3) {
      case 0: return [dash + comment()]
      case 1: return [dash + gap() + scalar(inBrackets: false) + comment()]
      case 2: return [dash + comment(), spaces(indent + 1 + upTo(3)) + scalar(inBrackets: false)]
      case 3: return [dash + gap() + flow(below: indent + 1, depth: depth + 1) + comment()]
      case 4, 5: return behind(dash, mapping(indent + 1 + pad, depth: depth + 1))
      case 6: return behind(dash, list(indent + 1 + pad, depth: depth + 1))
      case 7: return [dash + comment()] + list(indent + 1 + upTo(3), depth: depth + 1)
      default: return [dash + comment()] + mapping(indent + 1 + upTo(3), depth: depth + 1)
      }
    }
  }

  /// The first of the lines stands behind the dash.
  private func behind(_ dash: String, _ lines: [String]) -> [String] {
    [dash + lines[0].dropFirst(dash.count)] + lines.dropFirst()
  }

  // MARK: - In brackets

  private mutating func flow(below indent: Int, depth: Int) -> String {
    let isList = random.once(in: 2)
    var text = isList ? "[" : "{"
    let count = upTo(4)
    for number in 0..<count {
      text += space(indent)
      let value =
        depth < 6 && random.once(in: 4) ? flow(below: indent, depth: depth + 1) : scalar(inBrackets: true)
      if isList {
        text += value
      } else {
        let key = key(inBrackets: true)
        text += key + (random.once(in: 6) ? " :" : ":")
        let isAdjacent = key.first == "'" || key.first == "\""
        text +=
          (isAdjacent && random.once(in: 3) ? "" : " ") + (random.once(in: 6) ? "" : space(indent) + value)
      }
      text += space(indent)
      if number < count - 1 || random.once(in: 5) { text += "," }
    }
    return text + space(indent) + (isList ? "]" : "}")
  }

  /// Between two parts of what stands in brackets.
  private mutating func space(_ indent: Int) -> String {
    switch upTo(12) {
    case 0: comment() + "\n" + spaces(indent + upTo(3))
    case 1...5: " "
    default: ""
    }
  }

  // MARK: - Words

  private mutating func key(inBrackets: Bool) -> String {
    keys += 1
    let key = "k\(keys)"
    switch upTo(5) {
    case 0: return "'\(key) '': # '" + spaces(upTo(2))
    case 1: return "\"\(key)\\\"\\u00e9 é: # \""
    case 2:
      let long = key + plain(inBrackets: inBrackets)
      return RandomDocument.isPlain(long, inBrackets: inBrackets) ? long : key
    default: return key
    }
  }

  private mutating func scalar(inBrackets: Bool) -> String {
    switch upTo(8) {
    case 0:
      return "'" + word().replacing("'", with: "''") + "'"
    case 1:
      let escapes = ["\\n", "\\x41", "\\u263a", "\\U0001F600", "\\/", "\\0", "\\ ", "\\_", "\\N", "\\\""]
      let text = word().replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      return "\"" + text + random.pick(escapes) + "\""
    case 2, 3: return random.pick(RandomDocument.words)
    default: return plain(inBrackets: inBrackets)
    }
  }

  private mutating func plain(inBrackets: Bool) -> String {
    while true {
      let word = word()
      if RandomDocument.isPlain(word, inBrackets: inBrackets) { return word }
    }
  }

  private mutating func word() -> String {
    let letters = Array("ab01 -:#?,[]{}&*!|>'\"%@`\\./_~=+é😀\u{A0}").map(String.init)
    return (0...upTo(8)).map { _ in random.once(in: 2) ? "a" : random.pick(letters) }.joined()
  }

  /// By the rules of YAML 1.2 (7.3.3), and none of what readers are not at one about.
  private static func isPlain(_ word: String, inBrackets: Bool) -> Bool {
    let first = word.first.map(String.init) ?? ""
    return !" ,[]{}#&*!|>'\"%@`:?".contains(first) && word != "-" && !word.hasPrefix("- ")
      && !word.hasSuffix(" ") && !word.hasSuffix(":") && !word.contains(": ") && !word.contains(" #")
      && !word.hasPrefix("---") && !word.hasPrefix("...")
      && !(inBrackets && word.contains { ",[]{}?".contains($0) })
  }

  private static let words = [
    "1", "-1", "+1", "007", "0o17", "0o18", "0x1F", "-0x1", "1.5", "-.5", "5.", "1e3", "1.e-3", ".", "+",
    "-a", "1e", ".inf",
    "-.Inf", "+.INF", ".NaN", "-.nan", "~", "null", "Null", "nuLL", "true", "TRUE", "tRue", "False", "no",
    "on", "y", "2024-01-01",
    "1:30", "1_000", "http://a.b:1/c", "24h", "<<", "=", "--a", "0o", "0x", "''", "\"\"", "a b  c",
  ]

  // MARK: - Space

  private mutating func comment() -> String {
    switch upTo(6) {
    case 0: spaces(1 + upTo(3)) + "# c: [\"é\t"
    case 1: spaces(upTo(3))
    default: ""
    }
  }

  private mutating func gap() -> String { spaces(1 + upTo(3)) }
  private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
  /// Below `count`.
  private mutating func upTo(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
}
