package import AuditRecord

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
