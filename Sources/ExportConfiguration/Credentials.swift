package import AuditRecord
package import CloudsmithAPI
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
    switch try place(sources) {
    case .file(let path, let source): try Credentials(in: path, source: source)
    case .text(let text, let source, let warning):
      try Credentials(text: text, source: source, warning: warning)
    case .identity(let text, let service):
      try Credentials(text: text, source: identity, service: service)
    }
  }

  /// Identifies the host and the place of the credentials: logs that share both have equal texts. Reads no file with a key,
  /// which may be a pipe. nil if the settings are invalid or there are no credentials.
  static func account(_ sources: SettingSources) -> String? {
    do throws(Failure) {
      let host = try sources.host()
      switch try place(sources) {
      case .file(let path, _): return "\(host) file \(path)"
      case .text(_, let source, _): return "\(host) text \(source)"
      case .identity: return "\(host) organization \(try sources.log().organization)"
      }
    } catch {
      return nil
    }
  }

  /// Where the credentials are.
  private enum Place {
    case file(path: String, source: String)
    case text(String, source: String, warning: String?)
    /// An identity token, and the service account for which it is exchanged.
    case identity(String, Slug)
  }

  private static func place(_ sources: SettingSources) throws(Failure) -> Place {
    let file = try sources.find(Settings.apiKeyFile)
    if case .option(let name)? = file?.source, let path = try sources.resolve(Settings.apiKeyFile) {
      return .file(path: path, source: "\(name) \(quoted(path))")
    }
    if let text = sources.environment[variable], !text.allSatisfy(\.isWhitespace) {
      return .text(text, source: variable, warning: nil)
    }
    if let path = try sources.resolve(Settings.apiKeyFile) {
      return .file(path: path, source: quoted(path))
    }
    if let name = try sources.resolve(Settings.apiKeyVariable) {
      guard let text = sources.environment[name], !text.allSatisfy(\.isWhitespace) else {
        throw .usage(
          """
          \(try sources.find(Settings.apiKeyVariable)?.source.place ?? ""): the API key should be in the environment variable \
          \(name), which is not set. Set it.
          """)
      }
      return .text(text, source: name, warning: nil)
    }
    if let folder = sources.environment["CREDENTIALS_DIRECTORY"], !folder.isEmpty {
      let path = "\(folder)/\(credential)"
      if FileManager.default.fileExists(atPath: path) {
        return .file(path: path, source: "the systemd credential \(credential)")
      }
    }
    if let (given, warning) = try sources.keyInCLIFiles() {
      return .text(given.text, source: given.source.description, warning: warning)
    }
    if let text = sources.environment[identity], !text.allSatisfy(\.isWhitespace) {
      guard let service = try sources.resolve(Settings.oidcService) else {
        throw .usage(
          "\(identity) is set, but its service account is not. Set CLOUDSMITH_SERVICE_SLUG to the slug of the service account."
        )
      }
      return .identity(text, service)
    }
    throw .usage(
      """
      No API key. Set CLOUDSMITH_API_KEY, or pass a file with the key as --api-key-file. Create the key under API Settings of \
      your Cloudsmith account, which must be a Manager or Owner to read the audit log.
      """)
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
