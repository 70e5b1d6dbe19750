package import AuditRecord

/// How the API is reached: proxy, trusted certificates, limits and time-outs.
package struct ConnectionSettings: Hashable, Sendable {
  package var proxy: ProxyAddress?
  /// The environment variable that names the proxy; nil where the option does, or there is none.
  package private(set) var proxyVariable: String?
  /// A PEM file of certificates that are trusted instead of the system's.
  package var caFile: String?
  /// `cloudsmith-audit-export/1.0.0`
  package var userAgent: String
  /// `gzip`, or `identity` for an API on this machine: there is no network to spare, and both ends would pay for it.
  package var acceptEncoding: String
  package var limits = ResponseLimits()
  package var timeouts = RequestTimeouts()

  /// Settles options and environment; reads no file and asks no network.
  ///
  /// `--proxy` wins over `https_proxy`/`HTTPS_PROXY` (`http_proxy`/`HTTP_PROXY` for an http host), these over
  /// `all_proxy`/`ALL_PROXY`. The variables count only when `no_proxy`/`NO_PROXY` does not name the host and the host is not
  /// loopback. `--ca-file` wins over `SSL_CERT_FILE`. An empty variable is an absent one.
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

/// What a response may weigh at most; beyond it the response is refused, not held in memory.
package struct ResponseLimits: Hashable, Sendable {
  /// Bytes of a body, after decompression.
  package var bodySize = 64 << 20
  /// Bytes that one compressed byte may become, of a body beyond `inflationFloor`. Pages of real events reach about 40.
  package var inflation = 200
  /// Bytes of a body, after decompression, that no ratio is asked of: one long value of one letter makes a small page that
  /// grows a thousandfold, and is no attack.
  package var inflationFloor = 8 << 20

  /// Bytes of a body beyond `bodySize` that are read, and not held, to tell what it is; then it is given up.
  package var measured: Int { 8 * bodySize }

  package init() {}
}

package struct RequestTimeouts: Hashable, Sendable {
  /// Until the connection stands, TLS included.
  package var connect = TimeSpan.seconds(10)
  /// From the start of the request to the last byte of its response, however they come.
  package var total = TimeSpan.seconds(60)

  package init() {}
}

/// Why settings of the connection are refused. It never repeats a URL, which may hold a password.
package enum ConnectionSettingsError: Error, Hashable, Sendable {
  case notAProxy, proxyScheme, proxyEscape, plainHTTPThroughProxy
  /// What is wrong with the proxy that an environment variable names.
  indirect case inVariable(String, ConnectionSettingsError)
  case caFile(path: String)
  /// It cannot even be opened; with the system's words for why.
  case caFileUnreadable(path: String, why: String)
  /// The process may open no more files, or too few for a connection.
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
