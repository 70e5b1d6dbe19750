/// Where a dead man's switch waits for a sign of life. Whoever knows the URL can give it, so it is a secret: it prints as
/// `[redacted]` in every way that Swift prints values.
package struct NoticeURL: Hashable, Sendable {
  /// How services take a sign, told by the shape of their URLs.
  enum Convention: Hashable, Sendable {
    /// `https://hc-ping.com/UUID`: POST to it, or to `…/fail`, with a text as the body. Others copy it.
    case healthchecks
    /// `https://cronitor.link/p/KEY/MONITOR`: `state` and `message` in the query.
    case cronitor
    /// `https://…/api/push/TOKEN`: `status`, `msg` and `ping`, in milliseconds, in the query.
    case uptimeKuma
  }

  let origin: Origin
  let path: String
  /// Without its question mark.
  let query: String
  let convention: Convention

  package init(_ text: String) throws(NoticeURLError) {
    let text = String(text.trimming(while: \.isWhitespace))
    guard let parts = URLParts(text) else { throw .notAURL }
    guard parts.userInfo == nil else { throw .userInfo }
    guard let scheme = parts.scheme.flatMap({ Origin.Scheme(rawValue: $0) }) else { throw .notAURL }
    origin = Origin(scheme: scheme, host: parts.host, port: parts.port)
    guard scheme == .https || origin.isLoopback else { throw .plainHTTP }
    let rest = parts.rest.prefix { $0 != "#" }
    let path = rest.prefix { $0 != "?" }
    self.path = path.isEmpty ? "/" : String(path)
    query = String(rest.dropFirst(path.count).dropFirst())
    let isPush = path.contains("/api/push/")
    convention = origin.host == "cronitor.link" ? .cronitor : isPush ? .uptimeKuma : .healthchecks
  }

  /// The host that is spoken to, for the connection's settings.
  package var host: APIHost {
    get throws(APIHostError) { try APIHost(origin.description) }
  }
}

extension NoticeURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a text is no such URL. It never repeats the text, which is a secret.
package enum NoticeURLError: Error, Hashable, Sendable {
  case notAURL, userInfo, plainHTTP
}

extension NoticeURLError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAURL: "it is not a URL; it should look like https://hc-ping.com/your-uuid-here"
    case .userInfo: "it has a user name or password, which is not sent; use a URL without them"
    case .plainHTTP:
      "it is a secret, and http would send it in the clear; use https (http is allowed only on loopback)"
    }
  }
}
