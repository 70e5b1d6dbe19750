import StrictYAML

extension YAMLNode {
  /// With all places but those of what is empty, which others set variously; as `read-yaml.py` tells a tree.
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

  /// Without places, as JSON where it can be.
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

/// What the reader makes of a text: the tree as JSON, else the place and the words.
func read(_ text: String) -> String {
  do {
    return try YAMLNode.read(text)?.plainly ?? "nothing"
  } catch {
    return (error.place.map { "\($0.line):\($0.column): " } ?? "") + error.words
  }
}
