package import AuditRecord

/// What the emulator remembers of a request that it answered.
package struct ServedRequest: Sendable, Hashable {
  /// Counts from 1.
  package var number: Int
  package var time: Timestamp
  package var method: String
  package var path: String
  package var endpoint: Endpoint
  package var page: String?
  package var pageSize: String?
  package var query: String?
  package var credential: Credential
  package var userAgent: String?
  package var status: Int
  /// Whether all of the answer was let through to the client.
  package var isWhole: Bool

  /// As one JSON object, for `/emulator/requests/`.
  var json: String {
    let members: [(String, String?)] = [
      ("method", method), ("path", path), ("page", page), ("page_size", pageSize), ("query", query),
      ("credential", credential.rawValue), ("user_agent", userAgent), ("time", time.description),
    ]
    let texts = members.map { "\"\($0.0)\": \($0.1.map(ServedRequest.quoted) ?? "null")" }
    let middle = texts.joined(separator: ", ")
    return "{\"number\": \(number), \(middle), \"status\": \(status), \"whole\": \(isWhole)}"
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\u{0}"..."\u{1F}":
        "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}
