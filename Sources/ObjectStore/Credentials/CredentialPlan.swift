internal import AuditRecord

/// The source of credentials that the environment and the profile files choose.
///
/// The order is botocore's (`create_credential_resolver`, 1.44): environment variables; a profile with `role_arn`; web identity; SSO;
/// the credentials file; `login_session`; `credential_process`; the config file; the container; the instance. The first source that is
/// configured counts; if it fails, no other one is tried.
indirect enum CredentialPlan: Hashable, Sendable {
  case known(StoreCredentials)
  case role(RoleSettings, assumedWith: CredentialPlan)
  case webIdentity(RoleSettings, tokenFile: String)
  case container(ContainerSource)
  case instance(InstanceMetadata, looked: [String])
}

/// Where credentials are looked for.
struct CredentialSettings: Hashable, Sendable {
  var environment: [String: String]
  /// Paths of the two files, for messages, and their profiles.
  var configPath: String
  var credentialsPath: String
  var profiles: Profiles
  /// The name of sessions of assumed roles, if nothing else sets it.
  var sessionName: String

  /// A variable that is set and not empty.
  func variable(_ name: String) -> String? {
    environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The profile in use, and the variable that names it; nil for `default`.
  var profileName: (name: String, namedBy: String?) {
    CredentialSettings.profileName(environment)
  }

  static func profileName(_ environment: [String: String]) -> (name: String, namedBy: String?) {
    for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
      if let name = environment[variable], !name.isEmpty { return (name, variable) }
    }
    return ("default", nil)
  }

  /// The region that the settings choose: AWS_REGION, AWS_DEFAULT_REGION, then the profile's.
  var region: String? {
    variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? profiles[profileName.name]?["region"]
  }
}

extension CredentialPlan {
  init(_ settings: CredentialSettings) throws(CredentialError) {
    var looked: [String] = []
    if let found = try CredentialPlan.environment(settings) {
      self = .known(found)
      return
    }
    looked.append("environment variables (AWS_ACCESS_KEY_ID is not set)")

    let (name, namedBy) = settings.profileName
    let profile = settings.profiles[name]
    if let namedBy, profile == nil {
      throw .noProfile(name, namedBy: namedBy, files: [settings.credentialsPath, settings.configPath])
    }
    var resolver = ProfileResolver(settings: settings)
    if let profile, resolver.assumesRole(profile) {
      self = try resolver.role(profile)
      return
    }
    if let plan = try CredentialPlan.webIdentity(settings, profile) {
      self = plan
      return
    }
    looked.append("web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set)")
    if let profile, let plan = try resolver.keys(profile) {
      self = plan
      return
    }
    looked.append(
      "profile '\(name)' in \(settings.credentialsPath) and \(settings.configPath) "
        + (profile == nil ? "(not there)" : "(no keys and no role)"))
    if let container = try ContainerSource(settings) {
      self = .container(container)
      return
    }
    looked.append("container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set)")
    guard let instance = try InstanceMetadata(settings) else {
      looked.append("instance metadata (disabled by AWS_EC2_METADATA_DISABLED)")
      throw .notFound(looked)
    }
    self = .instance(instance, looked: looked)
  }

  /// What the credentials are taken from.
  var name: String {
    switch self {
    case .known(let credentials): credentials.source
    case .role(let role, let source): "\(role.source), with \(source.name)"
    case .webIdentity(let role, _): role.source
    case .container: ContainerSource.name
    case .instance: InstanceMetadata.name
    }
  }

  static func environment(_ settings: CredentialSettings) throws(CredentialError) -> StoreCredentials? {
    let source = "environment variables"
    guard let id = settings.variable("AWS_ACCESS_KEY_ID") else { return nil }
    guard let secret = settings.variable("AWS_SECRET_ACCESS_KEY")
    else { throw .incomplete(source: source, missing: "AWS_SECRET_ACCESS_KEY") }
    let token = settings.variable("AWS_SESSION_TOKEN") ?? settings.variable("AWS_SECURITY_TOKEN")
    return try credentials(
      id, secret, token, expiration: settings.variable("AWS_CREDENTIAL_EXPIRATION"), source)
  }

  /// EKS sets the variables in the pods of a service account with a role.
  private static func webIdentity(_ settings: CredentialSettings, _ profile: Profiles.Profile?)
    throws(CredentialError) -> CredentialPlan?
  {
    let source = "web identity"
    guard
      let file = settings.variable("AWS_WEB_IDENTITY_TOKEN_FILE") ?? profile?["web_identity_token_file"]
    else { return nil }
    guard let arn = settings.variable("AWS_ROLE_ARN") ?? profile?["role_arn"]
    else { throw .incomplete(source: source, missing: "AWS_ROLE_ARN") }
    let name = settings.variable("AWS_ROLE_SESSION_NAME") ?? profile?["role_session_name"]
    return .webIdentity(
      try RoleSettings(arn: arn, sessionName: name, profile: profile, settings: settings), tokenFile: file)
  }

  /// Static credentials; one place for their errors.
  static func credentials(
    _ id: String, _ secret: String, _ token: String?, expiration: String? = nil, _ source: String
  ) throws(CredentialError) -> StoreCredentials {
    let time = expiration.flatMap { Timestamp(rfc3339: $0) }
    if expiration != nil, time == nil {
      throw .settings(
        source: source, problem: "the expiration is not an RFC 3339 time",
        cure: "Write it like 2030-01-31T12:00:00Z.")
    }
    do {
      return try StoreCredentials(
        accessKeyID: id, secretAccessKey: secret, sessionToken: token, expiration: time, source: source)
    } catch {
      throw .malformed(source: source, error)
    }
  }
}

/// Follows a profile to its keys or its role, through `source_profile` and `credential_source`.
private struct ProfileResolver {
  let settings: CredentialSettings
  /// Profiles on the way here, to find loops.
  var visited: [String] = []

  func assumesRole(_ profile: Profiles.Profile) -> Bool {
    profile["role_arn"] != nil && profile["web_identity_token_file"] == nil
  }

  mutating func role(_ profile: Profiles.Profile) throws(CredentialError) -> CredentialPlan {
    let source = "profile '\(profile.name)'"
    if profile["mfa_serial"] != nil {
      throw .unsupported(
        source: source, kind: "mfa_serial, which needs a code that a person enters",
        cure: "Use a role without MFA.")
    }
    visited.append(profile.name)
    let arn = profile["role_arn"] ?? ""
    let role = try RoleSettings(
      arn: arn, sessionName: profile["role_session_name"], profile: profile, settings: settings)
    switch (profile["source_profile"], profile["credential_source"]) {
    case (_?, _?):
      throw .settings(
        source: source, problem: "it has both source_profile and credential_source", cure: "Keep one of them."
      )
    case (nil, nil): throw .incomplete(source: source, missing: "source_profile or credential_source")
    case (nil, let kind?): return .role(role, assumedWith: try credentialSource(kind, source))
    case (let name?, nil):
      guard let next = settings.profiles[name] else {
        throw .noProfile(
          name, namedBy: "source_profile of \(source)",
          files: [settings.credentialsPath, settings.configPath])
      }
      if visited.contains(name) {
        // A profile may assume its role with its own keys.
        if name == profile.name, let keys = try staticKeys(next, next.merged) {
          return .role(role, assumedWith: .known(keys))
        }
        throw .settings(
          source: source, problem: "source_profile leads back to '\(name)'",
          cure: "Set keys in the last profile of the chain.")
      }
      if let keys = try staticKeys(next, next.merged) {
        return .role(role, assumedWith: .known(keys))
      }
      if assumesRole(next) { return .role(role, assumedWith: try self.role(next)) }
      if let file = next["web_identity_token_file"] {
        guard let arn = next["role_arn"]
        else { throw .incomplete(source: "profile '\(name)'", missing: "role_arn") }
        let web = try RoleSettings(
          arn: arn, sessionName: next["role_session_name"], profile: next, settings: settings)
        return .role(role, assumedWith: .webIdentity(web, tokenFile: file))
      }
      guard let plan = try keys(next)
      else { throw .incomplete(source: "profile '\(name)'", missing: "aws_access_key_id") }
      return .role(role, assumedWith: plan)
    }
  }

  private func credentialSource(_ kind: String, _ source: String) throws(CredentialError) -> CredentialPlan {
    switch kind.lowercased() {
    case "environment":
      guard let keys = try CredentialPlan.environment(settings)
      else { throw .incomplete(source: "environment variables", missing: "AWS_ACCESS_KEY_ID") }
      return .known(keys)
    case "ecscontainer":
      guard let container = try ContainerSource(settings) else {
        throw .incomplete(source: "the container", missing: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
      }
      return .container(container)
    case "ec2instancemetadata":
      guard let instance = try InstanceMetadata(settings) else {
        throw .settings(
          source: source,
          problem: "credential_source is Ec2InstanceMetadata, which AWS_EC2_METADATA_DISABLED disables",
          cure: "Unset the variable.")
      }
      return .instance(instance, looked: ["credential_source of \(source)"])
    default:
      throw .settings(
        source: source, problem: "credential_source is unknown",
        cure: "Use Environment, EcsContainer or Ec2InstanceMetadata.")
    }
  }

  /// The keys of a profile, in the order of the sources that can hold them.
  func keys(_ profile: Profiles.Profile) throws(CredentialError) -> CredentialPlan? {
    let source = "profile '\(profile.name)'"
    let cure = "Use keys, a role or web identity instead."
    if profile["sso_session"] != nil || profile["sso_start_url"] != nil {
      throw .unsupported(source: source, kind: "SSO", cure: cure)
    }
    if let keys = try staticKeys(profile, profile.credentials, file: settings.credentialsPath) {
      return .known(keys)
    }
    if profile["login_session"] != nil {
      throw .unsupported(source: source, kind: "login_session (aws login)", cure: cure)
    }
    if profile["credential_process"] != nil {
      throw .unsupported(source: source, kind: "credential_process", cure: cure)
    }
    return try staticKeys(profile, profile.config, file: settings.configPath).map { .known($0) }
  }

  private func staticKeys(_ profile: Profiles.Profile, _ values: [String: String], file: String? = nil)
    throws(CredentialError) -> StoreCredentials?
  {
    let source = "profile '\(profile.name)'" + (file.map { " in \($0)" } ?? "")
    func value(_ key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }
    guard let id = value("aws_access_key_id") else { return nil }
    guard let secret = value("aws_secret_access_key")
    else { throw .incomplete(source: source, missing: "aws_secret_access_key") }
    return try CredentialPlan.credentials(
      id, secret, value("aws_session_token") ?? value("aws_security_token"), source)
  }
}
