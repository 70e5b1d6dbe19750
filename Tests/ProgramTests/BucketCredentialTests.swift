import Foundation
import ObjectStoreFakes
import TestSupport
import Testing

/// Temporary credentials that the program gets over the network, from services in memory that keep what they are sent.
@Suite(.fewAtOnce) struct BucketCredentialTests {
  private static let key = "ASIATEMPORARY"
  private static let secret = "temporary/secret+77"
  private static let token = "FQoGZXIvYXdzEBYaDsession=="

  enum Source: String, CaseIterable {
    case role, webIdentity, container, instance

    /// As `status --settings` shows it.
    fileprivate var name: String {
      switch self {
      case .role: "role arn:aws:iam::1:role/r, with profile 'base'"
      case .webIdentity: "role arn:aws:iam::1:role/w"
      case .container: "the container's credentials endpoint"
      case .instance: "the instance metadata service"
      }
    }

    /// What the source proves itself with, and gets.
    fileprivate var secrets: [String] {
      [
        BucketCredentialTests.secret, BucketCredentialTests.token, "base-secret", "ey.J.identity",
        "container-token",
      ]
        + ["session-of-metadata"]
    }

    fileprivate func variables(_ url: String, _ folder: Folder) throws -> [String: String] {
      switch self {
      case .role:
        [
          "AWS_PROFILE": "p", "AWS_ENDPOINT_URL_STS": url,
          "AWS_CONFIG_FILE": try folder.write(
            "[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nexternal_id = x y\n",
            to: "config"),
          "AWS_SHARED_CREDENTIALS_FILE": try folder.write(
            "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = base-secret\n", to: "credentials"),
        ]
      case .webIdentity:
        [
          "AWS_ROLE_ARN": "arn:aws:iam::1:role/w", "AWS_ENDPOINT_URL": url,
          "AWS_WEB_IDENTITY_TOKEN_FILE": try folder.write("ey.J.identity\n", to: "token"),
        ]
      case .container:
        [
          "AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/v1/credentials?a=b",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": try folder.write("container-token\n", to: "token"),
        ]
      case .instance: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": url]
      }
    }

    /// The requests for credentials: request line, the header fields that matter, body.
    fileprivate var requests: [String] {
      let form = "Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2F"
      let session = "&RoleSessionName=cloudsmith-audit-export"
      return switch self {
      case .role:
        ["POST / Authorization: AWS4-HMAC-SHA256 Action=AssumeRole&\(form)r\(session)&ExternalId=x%20y"]
      case .webIdentity:
        ["POST / Action=AssumeRoleWithWebIdentity&\(form)w\(session)&WebIdentityToken=ey.J.identity"]
      case .container: ["GET /v1/credentials?a=b Authorization: container-token"]
      case .instance:
        [
          "PUT /latest/api/token X-aws-ec2-metadata-token-ttl-seconds: 21600",
          "GET /latest/meta-data/iam/security-credentials/ X-aws-ec2-metadata-token: session-of-metadata",
          "GET /latest/meta-data/iam/security-credentials/my-role X-aws-ec2-metadata-token: session-of-metadata",
        ]
      }
    }
  }

  /// The services' answers.
  private static func answer(_ request: SocketServer.Request) -> SocketServer.Reply {
    let expiration = Date(timeIntervalSinceNow: 6 * 3_600).formatted(.iso8601)
    let body = String(decoding: request.body, as: UTF8.self)
    let text =
      if request.target == "/latest/api/token" {
        "session-of-metadata"
      } else if request.target.hasSuffix("/security-credentials/") {
        "my-role"
      } else if let action = body.firstMatch(of: /Action=(\w+)/)?.1 {
        """
        <\(action)Response><\(action)Result><Credentials><AccessKeyId>\(key)</AccessKeyId>\
        <SecretAccessKey>\(secret)</SecretAccessKey><SessionToken>\(token)</SessionToken>\
        <Expiration>\(expiration)</Expiration></Credentials></\(action)Result></\(action)Response>
        """
      } else {
        """
        {"Code": "Success", "AccessKeyId": "\(key)", "SecretAccessKey": "\(secret)", "Token": "\(token)", \
        "Expiration": "\(expiration)"}
        """
      }
    return .response(body: Array(text.utf8))
  }

  /// What `Source.requests` describes.
  private static func description(_ request: SocketServer.Request) -> String {
    let names = ["authorization", "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"]
    let fields = request.fields.filter { names.contains($0.name.lowercased()) }.map { field in
      // The rest is the signature.
      "\(field.name): \(field.value.split(separator: " Credential=AKIABASE/").first ?? "")"
    }
    return
      (["\(request.method) \(request.target)"] + fields + [String(decoding: request.body, as: UTF8.self)])
      .filter { !$0.isEmpty }.joined(separator: " ")
  }

  @Test(arguments: Source.allCases)
  func `temporary credentials are requested as AWS's tools do, and are in no output`(source: Source)
    async throws
  {
    try await Bench.with(Bench.generate(50)) { bench in
      let store = FakeStore(secrets: [Self.key: Self.secret])
      try await SocketServer.with(answer: { store.answer($1) }) { storeServer in
        try await SocketServer.with(answer: { Self.answer($1) }) { service in
          func run(_ command: String, _ options: [String]) throws -> CommandOutcome {
            let outcome = try Program.exporter.run(
              [command, "-o", "acme", "--archive", "s3://bucket/audit"] + options,
              environment: bench.environment
                .merging(["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(storeServer.port)"]) { $1 }
                .merging(
                  try source.variables(
                    "http://127.0.0.1:\(service.port)", Folder(path: bench.folder + "/aws"))
                ) { $1 })
            #expect(outcome.status == 0, "\(outcome.log)")
            for secret in source.secrets {
              #expect(!(outcome.output + outcome.log).contains(secret), "\(command) prints \(secret)")
            }
            return outcome
          }
          _ = try run("export", Bench.start + ["--log-level", "debug"])
          #expect(service.received.map(Self.description) == source.requests)
          let tokens = storeServer.received.map { request in
            request.fields.first { $0.name.lowercased() == "x-amz-security-token" }?.value
          }
          #expect(Set(tokens) == [Self.token])
          let settings = try run("status", ["--settings"])
          #expect(settings.output.contains(source.name), "\(settings.output)")
          // Settings are shown without asking.
          #expect(service.received.count == source.requests.count)
          _ = try run("verify", [])
        }
      }
    }
  }

  @Test(arguments: Source.allCases)
  func `a service that refuses and echoes what it is sent puts no secret into an error`(source: Source)
    async throws
  {
    let echo = { @Sendable (_: Int, request: SocketServer.Request) in
      SocketServer.Reply.response(403, body: Array(request.head.utf8) + request.body)
    }
    try await SocketServer.with(answer: echo) { service in
      try Folder.with { folder in
        let outcome = try Program.exporter.run(
          ["verify", "-o", "acme", "--archive", "s3://bucket/audit"],
          environment: [
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "CLOUDSMITH_AUDIT_EXPORT_LOG_LEVEL": "debug",
          ].merging(try source.variables("http://127.0.0.1:\(service.port)", folder)) { $1 })
        #expect(outcome.status == 64, "\(outcome.log)")
        #expect(!service.received.isEmpty && outcome.log.contains("403"), "\(outcome.log)")
        for secret in source.secrets { #expect(!outcome.log.contains(secret), "\(outcome.log)") }
      }
    }
  }

  /// `0.0.0.0` reaches this machine, and is no loopback address, for which proxies would not count anyway.
  @Test func `metadata is requested past the proxy`() async throws {
    try await SocketServer.with([.response(502)]) { proxy in
      try await SocketServer.with([.response(403)]) { store in
        try await SocketServer.with(answer: { Self.answer($1) }) { service in
          let sources = [
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://0.0.0.0:\(service.port)"],
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://0.0.0.0:1/v1/credentials"],
          ]
          for source in sources {
            let url = "http://127.0.0.1:\(store.port)"
            _ = try verify(source.merging(["AWS_ENDPOINT_URL_S3": url]) { $1 }, proxy)
          }
          #expect(service.received.map(Self.description) == Source.instance.requests)
          #expect(proxy.requests == [])
        }
      }
    }
  }

  @Test func `the security token service is reached through the proxy, as by AWS's tools`() async throws {
    try await SocketServer.with([.response(502)]) { proxy in
      try Folder.with { folder in
        let outcome = try verify(Source.role.variables("https://0.0.0.0:1", folder), proxy)
        #expect(outcome.status != 0)
        #expect(proxy.requests.first?.hasPrefix("CONNECT 0.0.0.0:1 ") == true, "\(outcome.log)")
      }
    }
  }

  @Test func `a credential service that does not answer ends a run as a store that does not`() async throws {
    try await SocketServer.with([.response(403)]) { store in
      for (command, options) in [("verify", []), ("export", Bench.start)] {
        let outcome = try Program.exporter.run(
          [command, "-o", "acme", "--archive", "s3://bucket/audit"] + options,
          environment: [
            "CLOUDSMITH_API_KEY": "k-123456", "CLOUDSMITH_API_HOST": "http://127.0.0.1:\(store.port)",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(store.port)",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://0.0.0.0:1/x",
          ])
        #expect(outcome.status == 75, "\(outcome.log)")
        #expect(
          outcome.log.contains("The container's credentials endpoint did not answer: no connection"),
          "\(outcome.log)")
      }
      #expect(store.requests == [])
    }
  }

  /// Runs `verify` with these variables and a proxy.
  private func verify(_ source: [String: String], _ proxy: SocketServer) throws -> CommandOutcome {
    let url = "http://127.0.0.1:\(proxy.port)"
    return try Program.exporter.run(
      ["verify", "-o", "acme", "--archive", "s3://bucket/audit"],
      environment: source.merging(["HTTP_PROXY": url, "HTTPS_PROXY": url, "ALL_PROXY": url]) { $1 })
  }
}
