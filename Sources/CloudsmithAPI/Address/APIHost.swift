/// Where the API answers: `https://api.cloudsmith.io`, or a host that the user names.
///
/// TLS is required unless the host is loopback, because the key goes there.
package struct APIHost: Hashable, Sendable {
  package let origin: Origin

  package static let cloudsmith = APIHost(origin: Origin(scheme: .https, host: "api.cloudsmith.io"))

  /// The version that requests name in their path. The API answers with and without it.
  static let versionPath = "/v1"

  private init(origin: Origin) {
    self.origin = origin
  }

  /// Reads a host with or without scheme, port, `/v1` and trailing slash. Without a scheme, `https` is meant.
  package init(_ text: String) throws(APIHostError) {
    let text = String(text.trimming(while: \.isWhitespace))
    guard !text.isEmpty else { throw .empty }
    guard let parts = URLParts(text) else { throw .notAHost }
    guard parts.userInfo == nil else { throw .userInfo }
    guard let scheme = Origin.Scheme(rawValue: parts.scheme ?? "https") else { throw .scheme }
    guard ["", "/", APIHost.versionPath, APIHost.versionPath + "/"].contains(parts.rest) else { throw .path }
    self.origin = Origin(scheme: scheme, host: parts.host, port: parts.port)
    guard scheme == .https || origin.isLoopback else { throw .plainHTTP(host: parts.host) }
  }
}

extension APIHost: CustomStringConvertible {
  /// The canonical text, as the manifest keeps it: `https://api.cloudsmith.io`.
  package var description: String { origin.description }
}

/// Why a text is not a host that the API key may be sent to. It never repeats the text, which may hold a password.
package enum APIHostError: Error, Hashable, Sendable {
  case empty, notAHost, scheme, userInfo, path
  case plainHTTP(host: String)
}

extension APIHostError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "the API host is empty; leave it out for \(APIHost.cloudsmith)"
    case .notAHost: "the API host is not a host name or URL; write it like \(APIHost.cloudsmith)"
    case .scheme: "the API host must be an https URL; write it like \(APIHost.cloudsmith)"
    case .userInfo: "the API host must not hold a user name or password; the API key is given by itself"
    case .path: "the API host must have no path but /v1; write it like \(APIHost.cloudsmith)"
    case .plainHTTP(let host):
      "the API key is not sent in the clear: http is for this machine only, and \(host) is not; use https"
    }
  }
}

/// Scheme, host and port of a URL: where bytes go, and who may see them.
package struct Origin: Hashable, Sendable {
  package enum Scheme: String, Sendable {
    case http, https

    var defaultPort: Int { self == .http ? 80 : 443 }
  }

  package var scheme: Scheme
  /// Lower case; an IPv6 address without its brackets.
  package var host: String
  package var port: Int

  package init(scheme: Scheme, host: String, port: Int? = nil) {
    self.scheme = scheme
    self.host = host
    self.port = port ?? scheme.defaultPort
  }

  /// Whether the host is this machine by name or address: `localhost`, 127.0.0.0/8 or `::1`.
  ///
  /// Decided on the text, never by a lookup: whoever answers lookups must not decide who gets the key.
  package var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers[0] == "127"
      && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) && UInt8($0) != nil }
  }
}

extension Origin: CustomStringConvertible {
  /// `https://api.cloudsmith.io`, `http://[::1]:8080`: the default port is left out.
  package var description: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == scheme.defaultPort
      ? "\(scheme.rawValue)://\(name)" : "\(scheme.rawValue)://\(name):\(port)"
  }
}
