import AuditRecord
import HTTP
import ObjectStoreFakes
import Synchronization
import Testing

@testable import ObjectStore

@Suite struct CredentialProviderTests {
  private let clock = ManualClock()

  private func provider(
    _ environment: [String: String], _ transport: ScriptedTransport, _ files: FakeFiles = FakeFiles()
  ) -> CredentialProvider {
    CredentialProvider(
      environment: environment, files: files, transport: transport, clock: clock, retry: .test,
      sessionName: "tests")
  }

  private static func json(_ id: String, expires: String) -> ScriptedTransport.Answer {
    ScriptedTransport.text(
      200,
      """
      {"Code": "Success", "AccessKeyId": "\(id)", "SecretAccessKey": "S", "Token": "T", "Expiration": "\(expires)", "Type": 1}
      """)
  }

  private static func role(_ action: String) -> ScriptedTransport.Answer {
    ScriptedTransport.text(
      200,
      """
      <\(action)Response><\(action)Result><Credentials><AccessKeyId>R</AccessKeyId><SecretAccessKey>S</SecretAccessKey>\
      <SessionToken>T</SessionToken><Expiration>2015-08-30T13:36:00Z</Expiration></Credentials></\(action)Result></\(action)Response>
      """)
  }

  private func field(_ request: HTTPRequest, _ name: String) -> String? {
    HeaderFields(request.headers)[name]
  }

  @Test func `web identity sends the token file unsigned to the region's endpoint`() async throws {
    let transport = ScriptedTransport([Self.role("AssumeRoleWithWebIdentity")])
    let environment = [
      "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
      "AWS_REGION": "eu-west-1",
    ]
    let provider = provider(environment, transport, FakeFiles(["/token": "ey.J\n"]))
    let found = try await provider.credentials()
    #expect(found.accessKeyID == "R" && found.source == "role arn:aws:iam::1:role/r")
    let request = try #require(transport.requests.first)
    #expect(request.method == "POST" && request.url == "https://sts.eu-west-1.amazonaws.com/")
    #expect(
      String(decoding: request.body, as: UTF8.self)
        == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&"
        + "RoleSessionName=tests&WebIdentityToken=ey.J")
    #expect(field(request, "Authorization") == nil && !"\(request)".contains("ey.J"))
  }

  @Test func `a role is assumed with a signed request`() async throws {
    let transport = ScriptedTransport([ScriptedTransport.text(503, ""), Self.role("AssumeRole")])
    let files = FakeFiles([
      "~/.aws/config": "[profile p]\nrole_arn = arn:r\nsource_profile = base\nexternal_id = x y\n",
      "/creds": "[base]\naws_access_key_id = B\naws_secret_access_key = bs\naws_session_token = bt\n",
    ])
    let provider = provider(
      ["AWS_PROFILE": "p", "AWS_SHARED_CREDENTIALS_FILE": "/creds"], transport, files)
    #expect(try await provider.credentials().accessKeyID == "R")
    #expect(transport.requests.count == 2 && clock.slept.count == 1)
    let request = try #require(transport.requests.last)
    let authorization = try #require(field(request, "Authorization"))
    #expect(
      authorization.contains(
        "Credential=B/20150830/us-east-1/sts/aws4_request, SignedHeaders=content-type;host;"))
    #expect(field(request, "x-amz-security-token") == "bt")
    #expect(String(decoding: request.body, as: UTF8.self).hasSuffix("&ExternalId=x%20y"))
  }

  @Test func `a container's token file is read for each request`() async throws {
    let transport = ScriptedTransport([
      Self.json("C1", expires: "2015-08-30T13:00:00Z"), Self.json("C2", expires: "2015-08-30T14:00:00Z"),
    ])
    let files = FakeFiles(["/t": "one\n"])
    let provider = provider(
      [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/t",
      ], transport, files)
    #expect(try await provider.credentials().accessKeyID == "C1")
    files.write("two", to: "/t")
    clock.advance(.minutes(18))
    #expect(try await provider.credentials().accessKeyID == "C1")
    clock.advance(.minutes(1))
    #expect(try await provider.credentials().accessKeyID == "C2")
    #expect(transport.requests.map { field($0, "Authorization") } == ["one", "two"])
    #expect(
      transport.requests.allSatisfy { $0.url == "http://169.254.170.23/v1/credentials" && $0.method == "GET" }
    )
  }

  @Test func `instance metadata is requested with a session token and a time-out of one second`() async throws
  {
    let transport = ScriptedTransport([
      ScriptedTransport.text(200, "tok=="),
      ScriptedTransport.text(200, "my role\n".replacing(" ", with: "-")),
      Self.json("I", expires: "2015-08-30T18:00:00Z"),
    ])
    let found = try await provider([:], transport).credentials()
    #expect(found.accessKeyID == "I" && found.sessionToken == "T")
    let requests = transport.requests
    #expect(requests.map(\.method) == ["PUT", "GET", "GET"])
    #expect(requests.allSatisfy { $0.timeout == .seconds(1) })
    #expect(field(requests[0], "X-aws-ec2-metadata-token-ttl-seconds") == "21600")
    #expect(field(requests[1], "X-aws-ec2-metadata-token") == "tok==")
    #expect(requests[2].url == "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role")
  }

  @Test func `without any source, the error names every place, and instance metadata is requested once`()
    async throws
  {
    let transport = ScriptedTransport([ScriptedTransport.failure(.timedOut(.seconds(1)))])
    let provider = provider([:], transport)
    let error = await #expect(throws: CredentialError.self) { try await provider.credentials() }
    guard case .notFound(let places)? = error else {
      return #expect(Bool(false), "\(String(describing: error))")
    }
    #expect(places.count == 5 && transport.requests.count == 1)
    for word in [
      "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "~/.aws/credentials", "_FULL_URI",
      "169.254.169.254",
    ] {
      #expect("\(try #require(error))".contains(word), "\(word)")
    }
  }

  @Test func `a response without credentials is an error that does not repeat it`() async throws {
    let environment = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]
    let answers: [(Int, String)] = [
      (200, "hush"), (200, "{\"AccessKeyId\": \"hush\"}"), (200, "[\"hush\"]"), (404, "hush"), (403, "hush"),
      (200, "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hush\", \"Expiration\": \"soon\"}"),
      (200, "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hush \\n x\"}"), (200, "{\"Code\": \"Failed\"}"),
    ]
    for (status, body) in answers {
      let provider = provider(environment, ScriptedTransport([ScriptedTransport.text(status, body)]))
      let error = await #expect(throws: CredentialError.self) { try await provider.credentials() }
      #expect(!"\(try #require(error))".contains("hush"), "\(body)")
    }
  }

  @Test func `a token that a service echoes appears in no error`() async throws {
    let echo: ScriptedTransport.Answer = { request in
      let text = String(decoding: request.body, as: UTF8.self) + request.headers.map(\.value).joined()
      let body = text.replacing("&", with: " ")
      return HTTPResponse(
        status: 403,
        body: Array(
          "<ErrorResponse><Error><Code>\(body)</Code><Message>\(body)</Message></Error></ErrorResponse>".utf8)
      )
    }
    let environments: [[String: String]] = [
      ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "r"],
      ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/t"],
      ["AWS_PROFILE": "p"],
    ]
    let files = FakeFiles([
      "/t": "hush\n",
      "~/.aws/config":
        "[profile p]\nrole_arn=r\nsource_profile=b\n[profile b]\naws_access_key_id=A\naws_secret_access_key=s3\naws_session_token=hush\n",
    ])
    for environment in environments {
      let provider = provider(environment, ScriptedTransport([echo]), files)
      let error = await #expect(throws: CredentialError.self) { try await provider.credentials() }
      guard case .refused? = error else { return #expect(Bool(false), "\(String(describing: error))") }
      #expect(!"\(try #require(error))".contains("hush"), "\(String(describing: error))")
    }
  }

  @Test func `only the security token service is reached over the transport for its origin`() async throws {
    let metadata = ScriptedTransport([Self.json("C1", expires: "2015-08-30T13:00:00Z")])
    let tokenService = ScriptedTransport([Self.role("AssumeRoleWithWebIdentity")])
    let origins = Mutex<[String]>([])
    func found(_ environment: [String: String]) async throws -> String {
      try await CredentialProvider(
        environment: environment, files: FakeFiles(["/token": "ey.J"]), transport: metadata,
        tokenServiceTransport: { origin in
          origins.withLock { $0.append(origin.description) }
          return tokenService
        }, clock: clock, retry: .test, sessionName: "tests"
      ).credentials().accessKeyID
    }
    #expect(try await found(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"]) == "C1")
    #expect(tokenService.requests.isEmpty)
    let role = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"]
    #expect(try await found(role.merging(["AWS_REGION": "eu-west-1"]) { $1 }) == "R")
    #expect(metadata.requests.count == 1)
    #expect(origins.withLock(\.self) == ["https://sts.eu-west-1.amazonaws.com"])
  }

  @Test func `failures that another attempt can cure are temporary, and others are not repeated`()
    async throws
  {
    let down = ScriptedTransport.failure(.unreachable("no route to host"))
    let cases: [([ScriptedTransport.Answer], requests: Int, isTemporary: Bool, isCertificate: Bool)] = [
      ([down, down, down], 3, true, false),
      (Array(repeating: ScriptedTransport.text(503, ""), count: 3), 3, true, false),
      ([ScriptedTransport.text(403, "")], 1, false, false),
      ([ScriptedTransport.failure(.untrusted(.notTLS))], 1, false, true),
      ([ScriptedTransport.failure(.proxyRefused("status 407"))], 1, false, false),
    ]
    for (answers, requests, isTemporary, isCertificate) in cases {
      let transport = ScriptedTransport(answers)
      let provider = provider(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"], transport)
      let error = try #require(
        await #expect(throws: CredentialError.self) { try await provider.credentials() })
      #expect(error.isTemporary == isTemporary && error.isCertificate == isCertificate, "\(error)")
      #expect(transport.requests.count == requests, "\(error)")
    }
  }

  @Test func `concurrent callers share one renewal`() async throws {
    let transport = ScriptedTransport([Self.json("C1", expires: "2015-08-30T13:00:00Z")])
    let provider = provider(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"], transport)
    let found = await withTaskGroup(of: StoreCredentials?.self) { group in
      for _ in 0..<20 { group.addTask { try? await provider.credentials() } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(
      found.count == 20 && found.allSatisfy { $0?.accessKeyID == "C1" } && transport.requests.count == 1)
  }

  @Test func `a cancelled caller ends at once, and another waiting caller gets credentials`()
    async throws
  {
    let transport = HangingTransport(then: Self.json("C1", expires: "2015-08-30T13:00:00Z"))
    let provider = CredentialProvider(
      environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"], files: FakeFiles(), transport: transport,
      clock: clock, retry: .test, sessionName: "tests")
    let calls = (0..<2).map { _ in
      Task { () async -> Result<StoreCredentials, CredentialError> in
        do throws(CredentialError) {
          return .success(try await provider.credentials())
        } catch {
          return .failure(error)
        }
      }
    }
    while transport.count == 0 { await Task.yield() }
    calls[0].cancel()
    await #expect(throws: CredentialError.cancelled) { try await calls[0].value.get() }
    #expect(try await calls[1].value.get().accessKeyID == "C1")
  }

  @Test func `credentials that cannot be renewed are used until they expire`() async throws {
    let transport = ScriptedTransport(
      [Self.json("C1", expires: "2015-08-30T13:00:00Z")]
        + Array(repeating: ScriptedTransport.text(500, ""), count: 40))
    let provider = provider(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"], transport)
    _ = try await provider.credentials()
    clock.advance(.minutes(20))
    for _ in 0..<10 { #expect(try await provider.credentials().accessKeyID == "C1") }
    #expect(transport.requests.count == 4)
    clock.advance(.minutes(5))
    await #expect(throws: CredentialError.self) { try await provider.credentials() }
  }

  @Test func `credentials refused by the store are renewed once for all callers`() async throws {
    let transport = ScriptedTransport([
      Self.json("C1", expires: "2015-08-30T18:00:00Z"), Self.json("C2", expires: "2015-08-30T18:00:00Z"),
    ])
    let provider = provider(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"], transport)
    let first = try await provider.credentials()
    #expect(try await provider.renewed(after: first).accessKeyID == "C2")
    #expect(try await provider.renewed(after: first).accessKeyID == "C2")
    #expect(transport.requests.count == 2)
  }

  @Test func `an unreadable or malformed file is named without its content`() async throws {
    let unreadable = provider([:], ScriptedTransport([]), FakeFiles(unreadable: ["~/.aws/config"]))
    await #expect(
      throws: CredentialError.file(path: "~/.aws/config", purpose: "profiles", why: "Permission denied")
    ) { try await unreadable.credentials() }
    let broken = provider([:], ScriptedTransport([]), FakeFiles(["~/.aws/config": "[default]\nhush"]))
    await #expect(throws: CredentialError.profileFile(path: "~/.aws/config", line: 2)) {
      try await broken.credentials()
    }
    let tokenless = provider(
      ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "r"], ScriptedTransport([]), FakeFiles())
    await #expect(throws: CredentialError.self) { try await tokenless.credentials() }
  }
}

/// Answers nothing until it is cancelled, and the next request at once.
private final class HangingTransport: HTTPTransport {
  private let requests = Mutex(0)
  private let answer: ScriptedTransport.Answer

  init(then answer: @escaping ScriptedTransport.Answer) { self.answer = answer }

  var count: Int { requests.withLock(\.self) }

  func send(_ request: HTTPRequest) async throws(TransportFault) -> HTTPResponse {
    let number = requests.withLock { requests in
      requests += 1
      return requests
    }
    guard number == 1 else { return try answer(request) }
    while !Task.isCancelled { await Task.yield() }
    throw .cancelled
  }
}
