import CloudsmithAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The API key and where it was found.
struct Credentials: Sendable {
  let key: APIKey
  /// For messages; never the key.
  let source: String
  /// That others could read the key too; nil when all is well.
  let warning: String?

  /// Looks for it in this order: `--api-key-file`, `CLOUDSMITH_API_KEY`, the file that the environment names, what the job
  /// file names, systemd's credentials, cloudsmith-cli's `credentials.ini`.
  static func find(_ sources: SettingSources) throws(Failure) -> Credentials {
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
    throw .usage(
      """
      No API key: put it in CLOUDSMITH_API_KEY, or in a file named by --api-key-file; it is created in the API Settings of \
      your Cloudsmith account, which must be a Manager or Owner to read the audit log.
      """)
  }

  /// For commands that take no job file.
  static func find(
    _ options: ConnectionOptions, _ environment: [String: String]
  ) throws(Failure) -> Credentials {
    try find(SettingSources(options.given, environment: environment))
  }

  private static let variable = "CLOUDSMITH_API_KEY"

  /// What systemd's `LoadCredential=` or `SetCredentialEncrypted=` has to call it.
  static let credential = "cloudsmith-api-key"

  private init(text: String, source: String, warning: String? = nil) throws(Failure) {
    do {
      key = try APIKey(text)
    } catch {
      throw .usage("The API key from \(source) is not one: \(error).")
    }
    self.source = source
    self.warning = warning
  }

  private init(in path: String, source: String) throws(Failure) {
    let file = try SecretFile(path, contents: "the API key")
    try self.init(text: file.text, source: source, warning: file.warning)
  }
}
