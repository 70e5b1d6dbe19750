import CloudsmithAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The API key and where it was found: `--api-key-file`, `CLOUDSMITH_API_KEY`, or cloudsmith-cli's `credentials.ini`.
struct Credentials {
  let key: APIKey
  /// For messages; never the key.
  let source: String
  /// That others could read the key too; nil when all is well.
  let warning: String?

  static func find(_ options: ConnectionOptions, _ environment: [String: String]) throws(Failure)
    -> Credentials
  {
    // Not the option's text as it is: it is checked like every other.
    if options.apiKeyFile != nil, let file = try Settings.apiKeyFile.resolve(options.apiKeyFile, environment)
    {
      return try Credentials(in: file, source: "--api-key-file \(quoted(file))")
    }
    if let text = environment["CLOUDSMITH_API_KEY"], !text.allSatisfy(\.isWhitespace) {
      return try Credentials(text: text, source: "CLOUDSMITH_API_KEY")
    }
    if let file = try Settings.apiKeyFile.resolve(nil, environment) {
      return try Credentials(in: file, source: quoted(file))
    }
    let profile = try Settings.profile.resolve(options.profile, environment)
    for file in candidates(environment) where FileManager.default.fileExists(atPath: file) {
      let secret = try read(file)
      if let text = CredentialsFile(secret.text).apiKey(profile: profile) {
        return try Credentials(text: text, source: quoted(file), warning: secret.warning)
      }
    }
    throw .usage(
      """
      No API key: put it in CLOUDSMITH_API_KEY, or in a file named by --api-key-file; it is created in the API Settings of \
      your Cloudsmith account, which must be a Manager or Owner to read the audit log.
      """)
  }

  private init(text: String, source: String, warning: String? = nil) throws(Failure) {
    do {
      key = try APIKey(text)
    } catch {
      throw .usage("The API key from \(source) is not one: \(error).")
    }
    self.source = source
    self.warning = warning
  }

  private init(in file: String, source: String) throws(Failure) {
    let secret = try Credentials.read(file)
    try self.init(text: secret.text, source: source, warning: secret.warning)
  }

  private static func read(_ file: String) throws(Failure) -> SecretFile {
    try SecretFile(file, contents: "the API key")
  }

  /// Where cloudsmith-cli keeps its credentials, in its order.
  private static func candidates(_ environment: [String: String]) -> [String] {
    if let file = environment["CLOUDSMITH_CREDENTIALS_FILE"], !file.isEmpty { return [file] }
    let home = environment["HOME"] ?? ""
    let configuration = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home + "/.config"
    return [
      "credentials.ini", configuration + "/cloudsmith/credentials.ini", home + "/.cloudsmith/credentials.ini",
    ]
  }
}
