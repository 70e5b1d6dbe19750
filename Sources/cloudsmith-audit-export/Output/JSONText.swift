import AuditRecord
import Platform

/// JSON for people and programs: indented, keys in snake case and sorted.
enum JSONText {
  static func of(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do {
      return escaped(String(decoding: try encoder.encode(value), as: UTF8.self))
    } catch {
      fatalError("a report has no JSON form: \(error)")
    }
  }

  /// JSON with escapes for what the encoder leaves as it is and a terminal would obey. It can stand only inside strings.
  static func escaped(_ json: String) -> String {
    guard json.unicodeScalars.contains(where: { !TerminalText.isSafe($0) && $0 != "\n" }) else { return json }
    return json.unicodeScalars.map { scalar in
      guard !TerminalText.isSafe(scalar), scalar != "\n" else { return String(scalar) }
      return String(scalar).utf16.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
    }.joined()
  }
}
