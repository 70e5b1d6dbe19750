import FoundationEssentials
import TestSupport

/// A JSON value as Foundation reads it, and as the tests write it: in a hundred ways.
indirect enum JSONValue: Hashable, Decodable {
  case null
  case boolean(Bool)
  /// The text of a number that a double holds exactly.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else if let value = try? container.decode([String: JSONValue].self) {
      self = .object(value)
    } else {
      self = .number(try container.decode(Double.self))
    }
  }

  static func decoded(_ json: [UInt8]) throws -> JSONValue {
    try JSONDecoder().decode(JSONValue.self, from: Data(json))
  }

  // MARK: Random values

  static func random(depth: Int, _ random: inout SeededRandom) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
    case 0: return .null
    case 1: return .boolean(random.once(in: 2))
    case 2: return .number(Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 64)
    case 3, 4: return .string(randomString(&random))
    case 5:
      return .array(
        (0..<Int.random(in: 0...4, using: &random)).map { _ in .random(depth: depth - 1, &random) })
    default:
      var members: [String: JSONValue] = [:]
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        members[randomString(&random)] = .random(depth: depth - 1, &random)
      }
      return .object(members)
    }
  }

  /// Short and long, plain and nasty; never NUL.
  static func randomString(_ random: inout SeededRandom) -> String {
    let length = random.pick([0, 1, 3, 7, 8, 9, 16, 40])
    let isPlain = random.once(in: 2)
    var text = ""
    for _ in 0..<length {
      text.unicodeScalars.append(
        isPlain
          ? Unicode.Scalar(UInt8.random(in: 0x61...0x7A, using: &random))
          : random.pick([
            "a", "\"", "\\", "/", "\u{1}", "\u{1F}", "\n", "\r", "\t", "\u{8}", "\u{C}", ",", " ", "\u{7F}",
            "é", "\u{7FF}", "\u{800}", "\u{2028}", "\u{FFFD}", "\u{FFFF}", "\u{10000}", "😀", "\u{10FFFF}",
          ]))
    }
    return text
  }

  // MARK: Writing

  /// One of the many texts of this value: random white space, order of members and escapes.
  func text(_ random: inout SeededRandom) -> String {
    let space = { (random: inout SeededRandom) in random.pick(["", "", "", " ", "\n", "\t \r\n"]) }
    var text = space(&random)
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += "\(value)"
    case .number(let value): text += JSONValue.text(of: value)
    case .string(let value): text += JSONValue.text(of: value, &random)
    case .array(let values):
      text +=
        "[" + values.map { $0.text(&random) }.joined(separator: ",") + (values.isEmpty ? space(&random) : "")
        + "]"
    case .object(let members):
      let written = members.sorted { $0.key < $1.key }.shuffled(using: &random).map { name, value in
        space(&random) + JSONValue.text(of: name, &random) + space(&random) + ":" + value.text(&random)
      }
      text += "{" + written.joined(separator: ",") + (members.isEmpty ? space(&random) : "") + "}"
    }
    return text + space(&random)
  }

  static func text(of value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  static func text(of string: String, _ random: inout SeededRandom) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
      if !mustEscape, !random.once(in: 8) {
        text.unicodeScalars.append(scalar)
      } else if let short = shortEscapes[scalar], random.once(in: 2) {
        text += short
      } else {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16, uppercase: random.once(in: 2))
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return text + "\""
  }

  private static let shortEscapes: [Unicode.Scalar: String] = [
    "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\u{8}": "\\b", "\u{C}": "\\f", "\n": "\\n", "\r": "\\r",
    "\t": "\\t",
  ]

  /// The canonical text, written in the plainest way.
  var canonicalText: String {
    switch self {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .number(let value): JSONValue.text(of: value)
    case .string(let value): JSONValue.canonicalText(of: value)
    case .array(let values): "[" + values.map(\.canonicalText).joined(separator: ",") + "]"
    case .object(let members):
      "{"
        + members.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
        .map { JSONValue.canonicalText(of: $0.key) + ":" + $0.value.canonicalText }.joined(separator: ",")
        + "}"
    }
  }

  private static func canonicalText(of string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      if scalar != "/", let short = shortEscapes[scalar] {
        text += short
      } else if scalar.value < 0x20 {
        text += (scalar.value < 0x10 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
