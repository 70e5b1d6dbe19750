import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Access` {
  static let key = EmulatorConfiguration.demoKey

  @Test(arguments: [
    ["X-Api-Key": key], ["x-api-key": key], ["Authorization": "token \(key)"],
    ["Authorization": "Token \(key)"],
    ["Authorization": "Bearer \(key)"], ["X-Api-Key": "Bearer \(key)"],
  ]) func `the key is read from the documented fields`(fields: [String: String]) throws {
    var emulation = try Emulation(`Pages`.three)
    #expect(emulation.get("/audit-log/acme/", HTTPFields(fields.map { ($0.key, $0.value) })).status == 200)
    #expect(emulation.api.requests.map(\.credential) == [.accepted])
  }

  static let refused: [(HTTPFields, String)] = [
    ([], "Authentication credentials were not provided."),
    ([("Authorization", "Bearer notreal")], "Authentication credentials were not provided."),
    ([("Authorization", "Digest \(key)")], "Authentication credentials were not provided."),
    (
      [("Authorization", "token notreal")],
      "Invalid authentication credentials provided in Authorization header."
    ),
    ([("X-Api-Key", "notreal")], "Invalid authentication credentials provided in X-Api-Key header."),
    ([("X-Api-Key", "")], "Invalid authentication credentials provided in X-Api-Key header."),
  ]

  @Test(arguments: refused)
  func `without a valid key, the audit log gets 401 with the documented detail`(
    fields: HTTPFields, detail: String
  )
    throws
  {
    var emulation = try Emulation(`Pages`.three)
    let response = emulation.get("/audit-log/acme/", fields)
    #expect(response.status == 401)
    #expect(try response.detail == detail)
    #expect(response.headers["www-authenticate"] == "Basic realm=\"Cloudsmith API\"")
  }

  @Test func `a key in an unknown scheme is anonymous, without an error`() throws {
    var emulation = try Emulation()
    let nobody = emulation.get("/user/self/", [("Authorization", "Bearer notreal")])
    #expect(nobody.status == 200)
    #expect(nobody.text.contains(#""authenticated": false"#))
    #expect(emulation.get("/v1/user/self/").text.contains(#""authenticated": true"#))
    #expect(emulation.get("/user/self/", [("X-Api-Key", "notreal")]).status == 401)
  }

  @Test func `a dropped key is anonymous and cannot read a log`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.dropsKeys = true }
    #expect(emulation.get("/user/self/").text.contains(#""authenticated": false"#))
    #expect(emulation.get().status == 401)
    #expect(try emulation.get().detail == "Authentication credentials were not provided.")
  }

  @Test func `a plan without audit logs gets 402`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.access = .planWithoutAuditLog }
    #expect(emulation.get().status == 402)
    #expect(try emulation.get().detail == "Audit logs are not active; upgrade your account!")
  }

  @Test func `a key without permission gets 403`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.access = .forbidden }
    #expect(emulation.get().status == 403)
    #expect(try emulation.get().detail == "You do not have permission to perform this action.")
  }

  @Test func `another method gets 405`() throws {
    var emulation = try Emulation(`Pages`.three)
    let response = emulation.api.respond(
      to: EmulatedRequest(method: "POST", target: "/audit-log/acme/", headers: [("X-Api-Key", Self.key)]),
      at: emulation.now)
    #expect(response.status == 405)
    #expect(response.headers["Allow"] == "GET")
  }

  @Test func `the service status needs no key`() throws {
    var emulation = try Emulation()
    #expect(emulation.get("/status/check/basic/", []).text.contains("operational"))
  }

  @Test func `a request is recorded with its parameters and status, but without its key`()
    throws
  {
    var emulation = try Emulation(`Pages`.three)
    _ = emulation.get(page: 2, size: 1, query: "event:login")
    _ = emulation.get("/audit-log/none/", [])
    let first = try #require(emulation.api.requests.first)
    #expect(first.number == 1)
    #expect(first.time == emulation.now)
    #expect(first.endpoint == .auditLog(emulation.name))
    #expect([first.page, first.pageSize, first.query] == ["2", "1", "event:login"])
    #expect(emulation.api.requests.map(\.status) == [200, 401])
    let shown = emulation.get("/emulator/requests/", [])
    #expect(try records(shown.body).count == 2)
    #expect(!shown.text.contains(Self.key))
  }

  @Test func `further keys are accepted, and a request is recorded with the number of its key`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.furtherKeys = 2 }
    for (key, status) in [("", 200), ("-1", 200), ("-2", 200), ("-3", 401), ("-0", 401), ("-01", 401)] {
      #expect(
        emulation.get("/audit-log/acme/", [("X-Api-Key", Self.key + key)]).status == status, "\(key)")
    }
    #expect(emulation.api.requests.map(\.keyNumber) == [0, 1, 2, nil, nil, nil])
    let shown = emulation.get("/emulator/requests/", []).text
    #expect(shown.contains(#""key_number": "2""#) && !shown.contains(Self.key))
  }

  @Test func `gzip is used if the client accepts it`() throws {
    var emulation = try Emulation(generated: 100)
    let plain = emulation.get()
    for (coding, isTaken) in [
      ("gzip, deflate, br", true), ("GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false),
    ] {
      let response = emulation.get(
        "/v1/audit-log/acme/", [("X-Api-Key", Self.key), ("Accept-Encoding", coding)])
      #expect((response.headers["Content-Encoding"] == "gzip") == isTaken)
      #expect((response.body.count < plain.body.count / 2) == isTaken)
    }
  }
}

/// `POST /openid/ORG/`, as cloudsmith-cli and the exporter use it.
@Suite(.fewAtOnce) struct `Tokens` {
  private static func emulation(lifetime: Int? = nil) throws -> EmulatedAPI {
    var configuration = EmulatorConfiguration(logs: [try #require(LogName("acme"))])
    configuration.identity = TrustedIdentity(token: "identity", service: "svc", lifetime: lifetime)
    return try EmulatedAPI(configuration)
  }

  private static func exchange(_ body: String, organization: String = "acme") -> EmulatedRequest {
    EmulatedRequest(method: "POST", target: "/openid/\(organization)/", body: Array(body.utf8))
  }

  private static let proof = #"{"oidc_token": "identity", "service_slug": "svc"}"#

  @Test func `an identity token is exchanged for a bearer token that is valid for some requests`() throws {
    var api = try `Tokens`.emulation(lifetime: 2)
    let now = Timestamp.now()
    let answer = api.respond(to: `Tokens`.exchange(`Tokens`.proof), at: now)
    #expect(answer.status == 201)
    #expect(String(decoding: answer.body, as: UTF8.self) == #"{"token": "emulated.bearer.1"}"#)
    let request = EmulatedRequest(
      target: "/v1/audit-log/acme/", headers: [("Authorization", "Bearer emulated.bearer.1")])
    #expect((1...3).map { _ in api.respond(to: request, at: now).status } == [200, 200, 401])
    let asKey = EmulatedRequest(
      target: "/v1/audit-log/acme/", headers: [("X-Api-Key", "emulated.bearer.1")])
    #expect(api.respond(to: asKey, at: now).status == 401)
  }

  @Test(arguments: [
    (#"{"oidc_token": "other", "service_slug": "svc"}"#, 401),
    (#"{"oidc_token": "identity", "service_slug": "other"}"#, 401), ("{}", 422), ("", 422),
  ])
  func `an invalid proof gets no token`(body: String, status: Int) throws {
    var api = try `Tokens`.emulation()
    #expect(api.respond(to: `Tokens`.exchange(body), at: .now()).status == status)
  }

  @Test func `no token is issued to another organization or method, or without a trusted identity`() throws {
    var api = try `Tokens`.emulation()
    let other = `Tokens`.exchange(`Tokens`.proof, organization: "other")
    #expect(api.respond(to: other, at: .now()).status == 404)
    #expect(api.respond(to: EmulatedRequest(target: "/openid/acme/"), at: .now()).status == 405)
    var plain = try EmulatedAPI(EmulatorConfiguration(logs: [try #require(LogName("acme"))]))
    #expect(plain.respond(to: `Tokens`.exchange(`Tokens`.proof), at: .now()).status == 401)
  }
}

@Suite(.fewAtOnce) struct `The rate limit` {
  @Test func `every response states limit, remaining requests, reset and interval`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = 3_600 }
    let headers = emulation.get().headers
    #expect(headers["X-RateLimit-Limit"] == "3600")
    #expect(headers["X-RateLimit-Remaining"] == "3599")
    #expect(headers["X-RateLimit-Reset"] == String(emulation.now.microseconds / 1_000_000 + 3_600))
    #expect(headers["X-RateLimit-Interval"] == "1.0")
    #expect(emulation.get("/audit-log/acme/", []).headers["x-ratelimit-remaining"] == "3598")
  }

  @Test func `requests over the limit get 429 until the window ends`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = 2 }
    #expect([emulation.get().status, emulation.get().status] == [200, 200])
    emulation.now = emulation.now + .seconds(296.44237399)
    let refused = emulation.get()
    #expect(refused.status == 429)
    #expect(refused.headers["Retry-After"] == "3304")
    #expect(refused.headers["X-RateLimit-Interval"] == "3303.557626")
    #expect(refused.headers["X-RateLimit-Remaining"] == "0")
    #expect(try refused.detail == "Request was throttled. Expected available in 3304.0 seconds.")
    emulation.now = emulation.now + .seconds(3_304)
    #expect(emulation.get().status == 200)
  }

  @Test func `other users of the key count against the limit`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = 100 }
    emulation.api.rateLimit?.spend(99, at: emulation.now)
    #expect(emulation.get().headers["X-RateLimit-Remaining"] == "0")
    #expect(emulation.get().status == 429)
  }

  @Test func `a request for the limits does not count against them`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = 100 }
    _ = emulation.get()
    for _ in 0..<3 {
      #expect(emulation.get("/v1/rates/limits/").text.contains(#""limit": 100, "remaining": 99"#))
    }
  }

  @Test func `without a limit, responses have no rate limit fields`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.rateLimit = nil }
    let response = emulation.get()
    #expect(response.status == 200)
    #expect(!response.headers.fields.contains { $0.name.hasPrefix("X-RateLimit") })
  }
}
