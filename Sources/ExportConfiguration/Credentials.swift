package import AuditRecord
package import CloudsmithAPI
package import HTTP
import Platform

/// The credentials for the API and where they were found: an API key, or an identity token that is exchanged for a bearer token.
package struct Credentials: Sendable {
  /// The API key or the identity token.
  package let key: APIKey
  /// The service account for which `key` is exchanged, which is then an identity token. nil if `key` is an API key.
  package let service: Slug?
  /// Where the key was found, for messages. Never the key itself.
  package let source: String
  /// A warning that other users can read the key. nil if they cannot.
  package let warning: String?

  /// Looks for credentials in this order: `--api-key-file`, `CLOUDSMITH_API_KEY`, the file named by the environment, the file or
  /// variable named by the job file, systemd's credentials, cloudsmith-cli's `credentials.ini`, `CLOUDSMITH_OIDC_TOKEN`.
  ///
  /// - Throws: A usage failure if there are none, or if the first ones found are invalid.
  package static func find(_ sources: SettingSources) throws(Failure) -> Credentials {
    let file = try sources.find(Settings.apiKeyFile)
    if case .option(let name)? = file?.source, let path = try sources.resolve(Settings.apiKeyFile) {
      return try Credentials(in: path, source: "\(name) \(quoted(path))")
    }
    if let text = sources.environment[variable], !text.allSatisfy(\.isWhitespace) {
      return try Credentials(text: text, source: variable)
    }
    if let path = try sources.resolve(Settings.apiKeyFile) {
      return try Credentials(in: path, source: quoted(path))
    }
    if let name = try sources.resolve(Settings.apiKeyVariable) {
      guard let text = sources.environment[name], !text.allSatisfy(\.isWhitespace) else {
        throw .usage(
          """
          \(try sources.find(Settings.apiKeyVariable)?.source.place ?? ""): the API key should be in the environment variable \
          \(name), which is not set. Set it.
          """)
      }
      return try Credentials(text: text, source: name)
    }
    if let folder = sources.environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty {
      let path = "\(folder)/\(credential)"
      if FileManager.default.fileExists(atPath: path) {
        return try Credentials(in: path, source: "the systemd credential \(credential)")
      }
    }
    if let (given, warning) = try sources.keyInCLIFiles() {
      return try Credentials(text: given.text, source: given.source.description, warning: warning)
    }
    if let text = sources.environment[identity], !text.allSatisfy(\.isWhitespace) {
      guard let service = try sources.resolve(Settings.oidcService) else {
        throw .usage(
          "\(identity) is set, but its service account is not. Set CLOUDSMITH_SERVICE_SLUG to the slug of the service account."
        )
      }
      return try Credentials(text: text, source: identity, service: service)
    }
    throw .usage(
      """
      No API key. Set CLOUDSMITH_API_KEY, or pass a file with the key as --api-key-file. Create the key under API Settings of \
      your Cloudsmith account, which must be a Manager or Owner to read the audit log.
      """)
  }

  /// The transport for requests with these credentials. With an identity token, it obtains and renews bearer tokens.
  package func transport(
    over base: AsyncHTTPClientTransport, host: APIHost, log: LogName
  ) -> any APITransport {
    guard let service else { return base }
    let exchange = TokenExchange(
      host: host, organization: log.organization, service: service, identity: key, transport: base)
    return RenewingTransport(base, exchange: exchange)
  }

  private static let variable = "CLOUDSMITH_API_KEY"
  private static let identity = "CLOUDSMITH_OIDC_TOKEN"

  /// The name of the API key for systemd's `LoadCredential=` or `SetCredentialEncrypted=`.
  package static let credential = "cloudsmith-api-key"

  private init(
    text: String, source: String, warning: String? = nil, service: Slug? = nil
  ) throws(Failure) {
    do {
      key = try APIKey(text)
    } catch {
      throw .usage("The API key from \(source) is invalid: \(error).")
    }
    self.service = service
    self.source = source
    self.warning = warning
  }

  private init(in path: String, source: String) throws(Failure) {
    let file = try SecretFile(path, contents: "the API key")
    try self.init(text: file.text, source: source, warning: file.warning)
  }
}

/// The text of a file with a secret.
package struct SecretFile: Sendable {
  /// The secret. Never print or log it.
  package let text: String
  /// A warning if every user of this machine can read the file. nil if not.
  package let warning: String?

  /// - Parameters:
  ///   - path: `-` and `/dev/stdin` mean stdin, which is read only once, however often it is named.
  ///   - contents: What the file contains, such as `the API key`, for messages.
  /// - Throws: A usage failure if the file cannot be read.
  package init(_ path: String, contents: String) throws(Failure) {
    if path == "-" || path == "/dev/stdin" {
      text = try SmallFile.standardInput(contents: contents)
      warning = nil
      return
    }
    text = try SmallFile.text(of: path, contents: contents)
    warning =
      SecretFile.isReadableByAll(path)
      ? """
      Every user of this machine can read \(contents) in \(quoted(path)). Fix that with chmod o= \(quoted(path)).
      """ : nil
  }

  private static func isReadableByAll(_ path: String) -> Bool {
    var status = stat()
    // A pipe of the shell can be read only once, so nobody else can read it.
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_mode & S_IROTH != 0
  }
}
