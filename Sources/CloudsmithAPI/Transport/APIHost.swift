/// The host of the API: `https://api.cloudsmith.io`, or one that the user names.
///
/// TLS is required unless the host is loopback, because the host receives the key.
package struct APIHost: Hashable, Sendable {
  package let origin: Origin

  /// Cloudsmith's public API.
  package static let cloudsmith = APIHost(origin: Origin(scheme: .https, host: "api.cloudsmith.io"))

  /// The version in the path of requests. The API answers with and without it.
  static let versionPath = "/v1"

  private init(origin: Origin) {
    self.origin = origin
  }

  /// Reads a host with or without scheme, port, `/v1` and trailing slash. The default scheme is `https`.
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
  /// The canonical form, which the manifest stores: `https://api.cloudsmith.io`.
  package var description: String { origin.description }
}

/// Why a text is not a host that may receive the API key. Never repeats the text, which may hold a password.
package enum APIHostError: Error, Hashable, Sendable {
  case empty, notAHost, scheme, userInfo, path
  case plainHTTP(host: String)
}

extension APIHostError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "the API host is empty; leave it out to use \(APIHost.cloudsmith)"
    case .notAHost: "the API host is not a host name or URL; it should look like \(APIHost.cloudsmith)"
    case .scheme: "the API host must be an https URL such as \(APIHost.cloudsmith)"
    case .userInfo: "the API host must not contain a user name or password; pass the API key separately"
    case .path: "the API host must have no path except /v1; it should look like \(APIHost.cloudsmith)"
    case .plainHTTP(let host):
      "http would send the API key in the clear; use https for \(host) (http is allowed only on loopback)"
    }
  }
}

/// Scheme, host and port of a URL (RFC 6454, section 4). Decides who receives the key.
package struct Origin: Hashable, Sendable {
  package enum Scheme: String, Sendable {
    case http, https

    var defaultPort: Int { self == .http ? 80 : 443 }
  }

  package var scheme: Scheme
  /// Lower case; an IPv6 address without its brackets.
  package var host: String
  package var port: Int

  /// - Parameters:
  ///   - host: in lower case, an IPv6 address without brackets.
  ///   - port: the default port of the scheme if nil.
  package init(scheme: Scheme, host: String, port: Int? = nil) {
    self.scheme = scheme
    self.host = host
    self.port = port ?? scheme.defaultPort
  }

  /// Whether the host is `localhost`, in 127.0.0.0/8, or `::1`.
  ///
  /// The text decides, never a lookup: a name server must not decide who receives the key.
  package var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers[0] == "127"
      && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy(\.isNumber) && UInt8($0) != nil }
  }
}

extension Origin: CustomStringConvertible {
  /// Such as `https://api.cloudsmith.io` or `http://[::1]:8080`, without a default port.
  package var description: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == scheme.defaultPort
      ? "\(scheme.rawValue)://\(name)" : "\(scheme.rawValue)://\(name):\(port)"
  }
}
