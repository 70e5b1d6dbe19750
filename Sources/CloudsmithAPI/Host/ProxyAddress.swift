/// An HTTP proxy that requests are tunnelled through (`CONNECT`).
package struct ProxyAddress: Hashable, Sendable {
  package let host: String
  package let port: Int
  /// What the proxy asks for, when it asks: Basic authorization (RFC 7617).
  let credentials: Credentials?

  struct Credentials: Hashable, Sendable {
    var user: String
    var password: String
  }

  /// Reads `http://host:port`, `host:port` or `http://user:password@host:port`, percent-escapes in user name and
  /// password decoded. Without a port, 80 is meant.
  package init(_ text: String) throws(ConnectionSettingsError) {
    let text = String(text.trimming(while: \.isWhitespace))
    guard let parts = URLParts(text), ["", "/"].contains(parts.rest) else {
      // One of these in a password ends the host, as a URL is read.
      let userInfo = text.lastIndex(of: "@").map { text[..<$0] } ?? ""
      let start = userInfo.firstRange(of: "://")?.upperBound ?? userInfo.startIndex
      throw userInfo[start...].contains { "/?#".contains($0) } ? .proxyEscape : .notAProxy
    }
    guard parts.scheme ?? "http" == "http" else { throw .proxyScheme }
    self.host = parts.host
    self.port = parts.port ?? 80
    guard let userInfo = parts.userInfo else {
      self.credentials = nil
      return
    }
    let halves = userInfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      .map(PercentEncoding.decode)
    guard let user = halves[0], let password = halves.count == 2 ? halves[1] : "" else { throw .proxyEscape }
    self.credentials = Credentials(user: user, password: password)
  }

  var isLoopback: Bool { Origin(scheme: .http, host: host).isLoopback }
}

extension ProxyAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// `http://proxy.example:3128`, without user name and password.
  package var description: String { Origin(scheme: .http, host: host, port: port).description }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
