package import AuditRecord

/// The settings of connections: proxy, trusted certificates, limits and timeouts.
package struct ConnectionSettings: Hashable, Sendable {
  /// Nil for direct connections.
  package var proxy: ProxyAddress?
  /// The environment variable that names the proxy; nil if an option does, or there is no proxy.
  package private(set) var proxyVariable: String?
  /// A PEM file of CA certificates that replace the system's.
  package var caFile: String?
  /// `cloudsmith-audit-export/1.0.0`
  package var userAgent: String
  /// `gzip`, or `identity` for an API on this machine, where compression only costs time.
  package var acceptEncoding: String
  package var limits = ResponseLimits()
  package var timeouts = RequestTimeouts()

  /// Resolves options and environment. Reads no file and opens no connection.
  ///
  /// * Proxy: `--proxy`, else `https_proxy`/`HTTPS_PROXY` (`http_proxy`/`HTTP_PROXY` for an http host), else
  ///   `all_proxy`/`ALL_PROXY`. The variables are ignored if `no_proxy`/`NO_PROXY` names the host, or the host is loopback.
  /// * CA file: `--ca-file`, else `SSL_CERT_FILE`.
  ///
  /// An empty variable counts as absent.
  ///
  /// - Parameters:
  ///   - proxy: the text of `--proxy`.
  ///   - caFile: the text of `--ca-file`.
  ///   - version: of this program, for the user agent.
  package init(
    host: APIHost, proxy: String? = nil, caFile: String? = nil, environment: [String: String] = [:],
    version: String
  ) throws(ConnectionSettingsError) {
    func found(_ name: String) -> (name: String, text: String)? {
      [name.lowercased(), name].lazy.compactMap { name in environment[name].map { (name, $0) } }
        .first { !$0.1.isEmpty }
    }
    func variable(_ name: String) -> String? { found(name)?.text }
    self.userAgent = "cloudsmith-audit-export/\(version)"
    self.acceptEncoding = host.origin.isLoopback ? "identity" : "gzip"
    self.caFile = caFile ?? variable("SSL_CERT_FILE")
    if let proxy {
      self.proxy = try ProxyAddress(proxy)
    } else if !host.origin.isLoopback, !ProxyExceptions(variable("NO_PROXY") ?? "").contain(host.origin),
      let proxy = found(host.origin.scheme == .https ? "HTTPS_PROXY" : "HTTP_PROXY") ?? found("ALL_PROXY")
    {
      do {
        self.proxy = try ProxyAddress(proxy.text)
        self.proxyVariable = proxy.name
      } catch {
        throw .inVariable(proxy.name, error)
      }
    }
    if let proxy = self.proxy, host.origin.scheme == .http, !proxy.isLoopback { throw .plainHTTPThroughProxy }
  }
}

/// The limits of a response. A response beyond them is refused and not held in memory.
package struct ResponseLimits: Hashable, Sendable {
  /// The most bytes of a decompressed body.
  package var bodySize = 64 << 20
  /// The most bytes that one compressed byte may become, in a body beyond `inflationFloor`. Real pages reach about 40.
  package var inflation = 200
  /// The bytes of a decompressed body below which no ratio applies: a small page with one long, repetitive value may grow a
  /// thousandfold and is no attack.
  package var inflationFloor = 8 << 20

  /// The most bytes of a body beyond `bodySize` that are read to measure it, without keeping them.
  package var measured: Int { 8 * bodySize }

  package init() {}
}

/// The timeouts of a request.
package struct RequestTimeouts: Hashable, Sendable {
  /// Until the connection is made, including TLS.
  package var connect = TimeSpan.seconds(10)
  /// From the start of the request to the last byte of its response.
  package var total = TimeSpan.seconds(60)

  package init() {}
}

/// Why settings of connections are refused. Never repeats a URL, which may hold a password.
package enum ConnectionSettingsError: Error, Hashable, Sendable {
  case notAProxy, proxyScheme, proxyEscape, plainHTTPThroughProxy
  /// The proxy in an environment variable is wrong; with the name of the variable.
  indirect case inVariable(String, ConnectionSettingsError)
  /// The CA file has no certificate in PEM form.
  case caFile(path: String)
  /// The CA file cannot be opened; with the system's reason.
  case caFileUnreadable(path: String, why: String)
  /// The process may open too few files for a connection.
  case tooFewOpenFiles
}

extension ConnectionSettingsError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAProxy: "the proxy is not the URL of a host; it should look like http://proxy.example:3128"
    case .proxyEscape:
      """
      the proxy's user name or password has a character that must be escaped: write % as %25, / as %2F, ? as %3F, # as %23 and @ \
      as %40
      """
    case .inVariable(let name, let error): "\(name): \(error)"
    case .proxyScheme: "only http proxies are supported; the proxy should look like http://proxy.example:3128"
    case .plainHTTPThroughProxy:
      "an http API host cannot be used with a proxy on another machine, which would send the API key in the clear"
    case .caFile(let path):
      """
      the CA file \(path) has no certificate in PEM form, or is damaged (openssl x509 -inform der converts DER to PEM)
      """
    case .caFileUnreadable(let path, let why): "the CA file \(path) cannot be read: \(why)"
    case .tooFewOpenFiles:
      """
      the limit of open files is too low for a connection: raise it (ulimit -n, or LimitNOFILE= in a systemd unit), or \
      find what leaves files open
      """
    }
  }
}
