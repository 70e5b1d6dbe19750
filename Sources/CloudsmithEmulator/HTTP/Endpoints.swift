package import AuditRecord
import Compression

/// What a path addresses, with or without a leading `/v1`.
package enum Endpoint: Sendable, Hashable {
  case auditLog(LogName)
  case userSelf
  case rateLimits
  case status
  /// Exchanges an identity token for a token of a service account.
  case openID(Slug)
  /// Every event of a log so far. Only the emulator has this endpoint.
  case truth(LogName)
  /// The requests so far. Only the emulator has this endpoint.
  case requests
  case unknown

  /// Reads the path of a request, without its query. Any other path is `unknown`.
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

  /// Redirects a path without a trailing slash, as Django does.
  static func redirect(toSlash request: EmulatedRequest) -> EmulatedResponse {
    let path = request.path
    let location = path + "/" + request.target.dropFirst(path.count)
    return EmulatedResponse(status: 301, headers: [("Location", location)], body: [])
  }

  /// The response of `/user/self/`: the owner of the key, or an anonymous user.
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

  /// The response compressed with gzip if the client accepts that, else unchanged.
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

/// The record of a request that the emulator has answered. It does not hold the key.
package struct ServedRequest: Sendable, Hashable {
  /// Counts from 1.
  package var number: Int
  /// When the request arrived.
  package var time: Timestamp
  package var method: String
  /// The path without the query, still percent-encoded.
  package var path: String
  package var endpoint: Endpoint
  /// The parameter `page` as received; nil if absent.
  package var page: String?
  /// The parameter `page_size` as received; nil if absent.
  package var pageSize: String?
  /// The decoded parameter `query`; nil if absent.
  package var query: String?
  package var credential: Credential
  /// The number of its key among the accepted ones, from 0; nil without an accepted key.
  package var keyNumber: Int?
  package var userAgent: String?
  package var status: Int
  /// Whether the response was delivered without a cut.
  package var isWhole: Bool

  /// The JSON object that `/emulator/requests/` shows.
  var json: String {
    let members: [(String, String?)] = [
      ("method", method), ("path", path), ("page", page), ("page_size", pageSize), ("query", query),
      ("credential", credential.rawValue), ("key_number", keyNumber.map(String.init)),
      ("user_agent", userAgent), ("time", time.description),
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
