import AuditRecord
import HTTP
import ObjectStoreFakes
import TestSupport
import Testing

@testable import ObjectStore

@Suite struct CredentialPlanTests {
  private func plan(_ environment: [String: String] = [:], config: String = "", credentials: String = "")
    throws
    -> CredentialPlan
  {
    try CredentialPlan(
      CredentialSettings(
        environment: environment, configPath: "~/.aws/config", credentialsPath: "~/.aws/credentials",
        profiles: Profiles(
          config: try ProfileFile(config, kind: .config),
          credentials: try ProfileFile(credentials, kind: .credentials)),
        sessionName: "tests"))
  }

  private func error(_ environment: [String: String] = [:], config: String = "", credentials: String = "")
    throws
    -> CredentialError
  {
    try #require(throws: CredentialError.self) {
      try plan(environment, config: config, credentials: credentials)
    }
  }

  private static let keys = "aws_access_key_id = FILE\naws_secret_access_key = s\n"
  private static let environmentKeys = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"]
  private static let webIdentity = [
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
  ]
  private static let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"]
  private static let roleProfile =
    "[default]\nrole_arn = arn:p\nsource_profile = base\n[profile base]\n" + keys

  /// Which kind of source, and whose key.
  private func kind(_ plan: CredentialPlan) -> String {
    switch plan {
    case .known(let credentials): "keys \(credentials.accessKeyID)"
    case .role(let role, let source): "\(role.arn) < \(kind(source))"
    case .webIdentity(let role, let file): "web \(role.arn) \(file)"
    case .container(let container): "container \(container.url)"
    case .instance(let instance, _): "instance \(instance.base)"
    }
  }

  @Test func `sources have the order of botocore`() throws {
    var environment = Self.environmentKeys.merging(Self.webIdentity) { $1 }.merging(Self.container) { $1 }
    func kind(_ config: String, _ credentials: String) throws -> String {
      self.kind(try plan(environment, config: config, credentials: credentials))
    }
    let file = "[default]\naws_access_key_id = CRED\naws_secret_access_key = s\n"
    #expect(try kind(Self.roleProfile, file) == "keys ENV")
    environment["AWS_ACCESS_KEY_ID"] = ""
    #expect(try kind(Self.roleProfile, file) == "arn:p < keys FILE")
    #expect(try kind("[default]\n\(Self.keys)", file) == "web arn:aws:iam::1:role/r /token")
    environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = nil
    #expect(try kind("[default]\n\(Self.keys)", file) == "keys CRED")
    #expect(try kind("[default]\n\(Self.keys)", "") == "keys FILE")
    #expect(try kind("", "") == "container http://169.254.170.2/v2/x")
    environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = nil
    #expect(try kind("", "") == "instance http://169.254.169.254")
    environment["AWS_EC2_METADATA_DISABLED"] = "TRUE"
    guard case .notFound(let places) = try error(environment) else { return #expect(Bool(false)) }
    #expect(places.count == 5 && places[2].contains("~/.aws/credentials"), "\(places)")
  }

  @Test func `the query of a container's URL is sent, and its fragment is not`() throws {
    for (name, text, url) in [
      ("FULL", "https://c.example?x=1/2#y", "https://c.example/?x=1/2"),
      ("FULL", "http://169.254.170.23/v1/credentials?a=%20", "http://169.254.170.23/v1/credentials?a=%20"),
      ("RELATIVE", "/v2/x?id=1", "http://169.254.170.2/v2/x?id=1"),
    ] {
      #expect(kind(try plan(["AWS_CONTAINER_CREDENTIALS_\(name)_URI": text])) == "container \(url)")
    }
  }

  @Test func `a source that is configured in part is an error, and no other is tried`() throws {
    #expect(
      try error(["AWS_ACCESS_KEY_ID": "A"])
        == .incomplete(source: "environment variables", missing: "AWS_SECRET_ACCESS_KEY"))
    #expect(
      try error(["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"])
        == .incomplete(source: "web identity", missing: "AWS_ROLE_ARN"))
    #expect(
      try error(credentials: "[default]\naws_access_key_id=A")
        == .incomplete(
          source: "profile 'default' in ~/.aws/credentials", missing: "aws_secret_access_key"))
    #expect(
      try error(config: "[default]\nrole_arn=r")
        == .incomplete(source: "profile 'default'", missing: "source_profile or credential_source"))
    #expect(
      try error(["AWS_PROFILE": "x"])
        == .noProfile("x", namedBy: "AWS_PROFILE", files: ["~/.aws/credentials", "~/.aws/config"]))
    #expect(
      try error(["AWS_ACCESS_KEY_ID": "A\u{1}", "AWS_SECRET_ACCESS_KEY": "hush"])
        == .malformed(source: "environment variables", .accessKeyID))
  }

  @Test(arguments: [
    ("sso_session = x", "SSO"), ("sso_start_url = x", "SSO"), ("login_session = x", "login_session"),
    ("credential_process = x", "credential_process"),
    ("role_arn = r\nsource_profile = default\nmfa_serial = m", "mfa_serial"),
  ])
  func `an unsupported setting is named`(lines: String, kind: String) throws {
    let error = try error(config: "[default]\n\(lines)")
    guard case .unsupported = error else { return #expect(Bool(false), "\(error)") }
    #expect(error.description.contains(kind) && error.description.contains("not supported"))
  }

  @Test func `roles are followed through profiles, and loops are detected`() throws {
    let chain = """
      [default]
      role_arn = one
      source_profile = b
      external_id = e
      duration_seconds = 900
      [profile b]
      role_arn = two
      credential_source = EcsContainer
      region = eu-west-1
      """
    let found = try plan(Self.container, config: chain)
    #expect(kind(found) == "one < two < container http://169.254.170.2/v2/x")
    guard case .role(let role, let next) = found, case .role(let inner, _) = next
    else { return #expect(Bool(false)) }
    #expect(
      role.externalID == "e" && role.duration == 900
        && role.endpoint.origin.host == "sts.us-east-1.amazonaws.com")
    #expect(inner.endpoint.origin.host == "sts.eu-west-1.amazonaws.com" && inner.sessionName == "tests")
    let own = "[default]\nrole_arn = r\nsource_profile = default\n" + Self.keys
    #expect(kind(try plan(config: own)) == "r < keys FILE")
    let loop = "[default]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=r\nsource_profile=default\n"
    guard case .settings(_, let problem, _) = try error(config: loop) else { return #expect(Bool(false)) }
    #expect(problem.contains("leads back"))
    let web = "[default]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=w\nweb_identity_token_file=/t\n"
    #expect(kind(try plan(config: web)) == "r < web w /t")
    for kind in ["Environment", "Ec2InstanceMetadata"] {
      _ = try plan(
        ["AWS_PROFILE": "p"].merging(kind == "Environment" ? Self.environmentKeys : [:]) { $1 },
        config: "[profile p]\nrole_arn = r\ncredential_source = \(kind)")
    }
  }

  @Test(arguments: [
    ("https://any.example/x?y=1", true), ("http://localhost:8080/x", true), ("http://127.0.0.9/x", true),
    ("http://169.254.170.2/x", true), ("http://169.254.170.23/v1/credentials", true),
    ("http://[fd00:ec2::23]/v1", true), ("http://any.example/x", false),
    ("http://169.254.170.2.example/x", false),
    ("http://127.0.0.1@any.example/x", false), ("http://169.254.169.254/x", false), ("file:///x", false),
    ("https://any.example/?a\r\nb", false),
  ])
  func `plain HTTP for container credentials is sent only to the allowed hosts`(url: String, isAllowed: Bool)
    throws
  {
    let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]
    if isAllowed {
      #expect(kind(try plan(environment)) == "container \(url)")
    } else {
      guard case .settings = try error(environment) else { return #expect(Bool(false)) }
    }
  }

  @Test(arguments: ["@evil.example/", "evil", "//x", ".evil.example/"])
  func `a container's relative URI stays on its host`(path: String) throws {
    do {
      let found = try plan(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path])
      #expect(kind(found).hasPrefix("container http://169.254.170.2/"))
    } catch let error as CredentialError {
      guard case .settings = error else { return #expect(Bool(false), "\(error)") }
    }
  }

  @Test func `profile files are read with comments, nested settings and merged sections`() throws {
    let file = try ProfileFile(
      """
      \u{FEFF}# comment
      ; comment
      [default]
      Region = eu-west-1
      s3 =
        addressing_style = path
        max_bandwidth = 1
      output = json
      [profile "a b"]
      region=x=y # not a comment
      [sso-session s]
      region = hidden
      [profile  c ]
      [default]
      output = text
      """, kind: .config)
    #expect(Set(file.profiles.keys) == ["default", "a b", "c"])
    #expect(
      file.profiles["default"] == [
        "region": "eu-west-1", "s3": "", "s3.addressing_style": "path", "s3.max_bandwidth": "1",
        "output": "text",
      ])
    #expect(file.profiles["a b"] == ["region": "x=y # not a comment"])
    let credentials = try ProfileFile("[profile x]\na=1\n[x]\na=2\r\n", kind: .credentials)
    #expect(credentials.profiles == ["profile x": ["a": "1"], "x": ["a": "2"]])
    for (text, line) in [("a = b", 1), ("[x\n", 1), ("[x]\nsecret", 2), ("[x]\n= b", 2)] {
      #expect(throws: MalformedProfileFile(line: line)) { try ProfileFile(text, kind: .config) }
    }
  }

  @Test func `a damaged profile file gives a plan or an error, never a crash`() {
    let corpus = [
      Self.roleProfile, "[profile \"a b\"]\ns3 =\n  x = y\nsso_session = s\n", "[default]\n" + Self.keys,
    ].map { Array($0.utf8) }
    let tokens = [
      "[", "]", "=", " = ", "[profile ", "[default]\n", "#", ";", "\n ", "\r\n", "role_arn", "source_profile",
      "credential_source", "web_identity_token_file", "duration_seconds = ", "region", "\u{2028}",
    ].map { Array($0.utf8) }
    let mutator = Mutator(corpus: corpus, tokens: tokens, longest: 4_096)
    var plans = 0
    for seed in 1...5_000 {
      var random = SeededRandom(seed: seed)
      let text = String(decoding: mutator.mutant(&random), as: UTF8.self)
      do {
        _ = try plan(random.once(in: 2) ? [:] : ["AWS_PROFILE": "base"], config: text, credentials: text)
        plans += 1
      } catch {
        #expect(error is CredentialError || error is MalformedProfileFile, "seed \(seed)")
      }
    }
    #expect(plans > 500)
  }

  @Test func `the region comes from the environment, then from the profile`() {
    var settings = CredentialSettings(
      environment: [:], configPath: "", credentialsPath: "",
      profiles: Profiles(config: ProfileFile(), credentials: ProfileFile()), sessionName: "")
    #expect(settings.region == nil)
    settings.environment = ["AWS_DEFAULT_REGION": "b", "AWS_REGION": "a"]
    #expect(settings.region == "a")
    settings.environment["AWS_REGION"] = ""
    #expect(settings.region == "b")
  }
}
