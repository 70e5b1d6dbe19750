package import AuditRecord
package import CloudsmithAPI
import Platform

/// What proves who asks, and where it was found: an API key, or an identity token that is exchanged for a bearer token.
package struct Credentials: Sendable {
  package let key: APIKey
  /// The service account that `key`, an identity token then, is exchanged for; nil: `key` is an API key.
  package let service: Slug?
  /// For messages; never the key.
  package let source: String
  /// That others could read the key too; nil when all is well.
  package let warning: String?

  /// Looks for it in this order: `--api-key-file`, `CLOUDSMITH_API_KEY`, the file that the environment names, what the job
  /// file names, systemd's credentials, cloudsmith-cli's `credentials.ini`, `CLOUDSMITH_OIDC_TOKEN`.
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
          The environment variable \(name) is not set, which \(try sources.find(Settings.apiKeyVariable)?.source.place ?? "") \
          names for the API key: set it.
          """)
      }
      return try Credentials(text: text, source: name)
    }
    if let folder = sources.environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty {
      let path = "\(folder)/\(credential)"
      if FileManager.default.fileExists(atPath: path) {
        return try Credentials(in: path, source: "systemd's credential \(credential)")
      }
    }
    if let (given, warning) = try sources.keyInCLIFiles() {
      return try Credentials(text: given.text, source: given.source.description, warning: warning)
    }
    if let text = sources.environment[identity], !text.allSatisfy(\.isWhitespace) {
      guard let service = try sources.resolve(Settings.oidcService) else {
        throw .usage(
          "\(identity) is set, but not which service account it is for: set CLOUDSMITH_SERVICE_SLUG to its slug."
        )
      }
      return try Credentials(text: text, source: identity, service: service)
    }
    throw .usage(
      """
      No API key: put it in CLOUDSMITH_API_KEY, or in a file named by --api-key-file; it is created in the API Settings of \
      your Cloudsmith account, which must be a Manager or Owner to read the audit log.
      """)
  }

  /// What requests have to go through to carry the proof.
  package func transport(
    over base: AsyncHTTPClientTransport, host: APIHost, log: LogName
  ) -> any HTTPTransport {
    guard let service else { return base }
    let exchange = TokenExchange(
      host: host, organization: log.organization, service: service, identity: key, transport: base)
    return RenewingTransport(base, exchange: exchange)
  }

  private static let variable = "CLOUDSMITH_API_KEY"
  private static let identity = "CLOUDSMITH_OIDC_TOKEN"

  /// What systemd's `LoadCredential=` or `SetCredentialEncrypted=` has to call it.
  package static let credential = "cloudsmith-api-key"

  private init(
    text: String, source: String, warning: String? = nil, service: Slug? = nil
  ) throws(Failure) {
    do {
      key = try APIKey(text)
    } catch {
      throw .usage("The API key from \(source) is not one: \(error).")
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

/// A file that only its owner should be able to read.
package struct SecretFile: Sendable {
  package let text: String
  /// A sentence when everybody on this machine may read the file; nil when not.
  package let warning: String?

  /// - Parameters:
  ///   - path: `-` and `/dev/stdin` are what is piped in, which is read once however often it is named.
  ///   - contents: what is in it, such as `the API key`.
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
      Every user of this machine can read \(contents) in \(quoted(path)): take that right away with chmod o= \(quoted(path)).
      """ : nil
  }

  private static func isReadableByAll(_ path: String) -> Bool {
    var status = stat()
    // What is read once, such as a pipe of the shell's, lies open to nobody.
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_mode & S_IROTH != 0
  }
}
