package import AuditRecord

/// The settings of connections: proxy, trusted certificates, limits and timeouts.
package struct ConnectionSettings: Hashable, Sendable {
  /// Nil for direct connections.
  package var proxy: ProxyAddress?
  /// The environment variable that names the proxy; nil if an option does, or there is no proxy.
  package private(set) var proxyVariable: String?
  /// A PEM file of CA certificates that replace the system's.
  package var caFile: String?
  /// Product and version (RFC 9110, section 10.1.5), for requests without a `User-Agent` of their own.
  package var userAgent: String
  /// What requests that decode content ask for in `Accept-Encoding`: `gzip`, or `identity` for a server on this machine, where
  /// compression only costs time.
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
  ///   - role: what the server is and what it is sent, for messages.
  package init(
    origin: Origin, proxy: String? = nil, caFile: String? = nil, environment: [String: String] = [:],
    userAgent: String, role: ServerRole
  ) throws(ConnectionSettingsError) {
    func found(_ name: String) -> (name: String, text: String)? {
      [name.lowercased(), name].lazy.compactMap { name in environment[name].map { (name, $0) } }
        .first { !$0.1.isEmpty }
    }
    func variable(_ name: String) -> String? { found(name)?.text }
    self.userAgent = userAgent
    self.acceptEncoding = origin.isLoopback ? "identity" : "gzip"
    self.caFile = caFile ?? variable("SSL_CERT_FILE")
    if let proxy {
      self.proxy = try ProxyAddress(proxy)
    } else if !origin.isLoopback, !ProxyExceptions(variable("NO_PROXY") ?? "").contain(origin),
      let proxy = found(origin.scheme == .https ? "HTTPS_PROXY" : "HTTP_PROXY") ?? found("ALL_PROXY")
    {
      do {
        self.proxy = try ProxyAddress(proxy.text)
        self.proxyVariable = proxy.name
      } catch {
        throw .inVariable(proxy.name, error)
      }
    }
    if let proxy = self.proxy, origin.scheme == .http, !proxy.isLoopback {
      throw .plainHTTPThroughProxy(role)
    }
  }
}

/// What a server is to the user, and what it is sent: `API host` and `the API key`. For messages.
package struct ServerRole: Hashable, Sendable {
  package var name: String
  package var secret: String

  package init(name: String, secret: String) {
    self.name = name
    self.secret = secret
  }
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
  case notAProxy, proxyScheme, proxyEscape
  case plainHTTPThroughProxy(ServerRole)
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
    case .plainHTTPThroughProxy(let role):
      "an http \(role.name) cannot be used with a proxy on another machine, which would send \(role.secret) in the clear"
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
