package import HTTP

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

extension ConnectionSettings {
  /// Resolves options and environment for a host of the API.
  ///
  /// - Parameter version: of this program, for the user agent.
  package init(
    host: APIHost, proxy: String? = nil, caFile: String? = nil, environment: [String: String] = [:],
    version: String
  ) throws(ConnectionSettingsError) {
    try self.init(
      origin: host.origin, proxy: proxy, caFile: caFile, environment: environment,
      userAgent: "cloudsmith-audit-export/\(version)",
      role: ServerRole(name: "API host", secret: "the API key"))
  }
}
