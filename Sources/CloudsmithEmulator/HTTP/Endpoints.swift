package import AuditRecord
import PartitionFormats

/// What a path asks for, with or without `/v1` before it.
package enum Endpoint: Sendable, Hashable {
  case auditLog(LogName)
  case userSelf
  case rateLimits
  case status
  /// Gives a token of a service account for an identity token.
  case openID(Slug)
  /// Every event of a log so far; the emulator's own.
  case truth(LogName)
  /// The requests so far; the emulator's own.
  case requests
  case unknown

  package init(path: String) {
    var parts = path.split(separator: "/").map { FormEncoding.decode($0, plusIsBlank: false) }
    if parts.first == "v1" { parts.removeFirst() }
    switch parts.first {
    case "audit-log": self = Endpoint.log(parts.dropFirst()).map { .auditLog($0) } ?? .unknown
    case "openid" where parts.count == 2: self = Slug(parts[1]).map { .openID($0) } ?? .unknown
    case "emulator" where parts.dropFirst() == ["requests"]: self = .requests
    case "emulator" where parts.dropFirst().first == "truth":
      self = Endpoint.log(parts.dropFirst(2)).map { .truth($0) } ?? .unknown
    default:
      switch parts {
      case ["user", "self"]: self = .userSelf
      case ["rates", "limits"]: self = .rateLimits
      case ["status", "check", "basic"]: self = .status
      default: self = .unknown
      }
    }
  }

  private static func log(_ parts: ArraySlice<String>) -> LogName? {
    parts.isEmpty ? nil : LogName(parts.joined(separator: "/"))
  }
}

extension EmulatedResponse {
  static let notFound = EmulatedResponse(status: 404, detail: "Not found.")

  /// What Django does with a path that lacks its last slash.
  static func redirect(toSlash request: EmulatedRequest) -> EmulatedResponse {
    let path = request.path
    let location = path + "/" + request.target.dropFirst(path.count)
    return EmulatedResponse(status: 301, headers: [("Location", location)], body: [])
  }

  /// `/user/self/`: who the key belongs to, or nobody.
  static func user(isKnown: Bool) -> EmulatedResponse {
    let body =
      isKnown
      ? """
      {"authenticated": true, "email": "emulator@example.com", "name": "Emulated User", "profile_url": \
      "https://cloudsmith.io/~emulated-user/", "self_url": \
      "https://api.cloudsmith.io/v1/users/profile/emulated-user/", "slug": "emulated-user", \
      "slug_perm": "eMuL4t0rUs3r"}
      """
      : """
      {"authenticated": false, "email": null, "name": null, "profile_url": null, "self_url": null, "slug": null, \
      "slug_perm": null}
      """
    return EmulatedResponse(json: Array(body.utf8))
  }

  /// The same answer as gzip when the client takes that.
  func encoded(for request: EmulatedRequest) -> EmulatedResponse {
    let codings = (request.headers["Accept-Encoding"] ?? "").lowercased().split(separator: ",")
    let takesGzip = codings.contains { coding in
      let parts = coding.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
      return parts.first == "gzip" && !parts.dropFirst().contains { $0 == "q=0" || $0 == "q=0.0" }
    }
    guard takesGzip, !body.isEmpty else { return self }
    var response = self
    do {
      response.body = try Gzip.compress(body, level: 1)
    } catch {
      return EmulatedResponse(status: 500, detail: "The emulator could not compress the answer.")
    }
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding, Cookie"
    return response
  }
}

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
