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
  ]) func `the key is taken from the fields that are documented`(fields: [String: String]) throws {
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
  func `without the key the audit log is 401, with the documented words`(fields: HTTPFields, detail: String)
    throws
  {
    var emulation = try Emulation(`Pages`.three)
    let response = emulation.get("/audit-log/acme/", fields)
    #expect(response.status == 401)
    #expect(try response.detail == detail)
    #expect(response.headers["www-authenticate"] == "Basic realm=\"Cloudsmith API\"")
  }

  @Test func `a key in an unknown scheme makes nobody of its owner, without an error`() throws {
    var emulation = try Emulation()
    let nobody = emulation.get("/user/self/", [("Authorization", "Bearer notreal")])
    #expect(nobody.status == 200)
    #expect(nobody.text.contains(#""authenticated": false"#))
    #expect(emulation.get("/v1/user/self/").text.contains(#""authenticated": true"#))
    #expect(emulation.get("/user/self/", [("X-Api-Key", "notreal")]).status == 401)
  }

  @Test func `a key that is dropped makes nobody of its owner, and reads no log`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.dropsKeys = true }
    #expect(emulation.get("/user/self/").text.contains(#""authenticated": false"#))
    #expect(emulation.get().status == 401)
    #expect(try emulation.get().detail == "Authentication credentials were not provided.")
  }

  @Test func `a plan without audit logs is 402`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.access = .planWithoutAuditLog }
    #expect(emulation.get().status == 402)
    #expect(try emulation.get().detail == "Audit logs are not active; upgrade your account!")
  }

  @Test func `a key without the right is 403`() throws {
    var emulation = try Emulation(`Pages`.three) { $0.access = .forbidden }
    #expect(emulation.get().status == 403)
    #expect(try emulation.get().detail == "You do not have permission to perform this action.")
  }

  @Test func `another method is 405`() throws {
    var emulation = try Emulation(`Pages`.three)
    let response = emulation.api.respond(
      to: EmulatedRequest(method: "POST", target: "/audit-log/acme/", headers: [("X-Api-Key", Self.key)]),
      at: emulation.now)
    #expect(response.status == 405)
    #expect(response.headers["Allow"] == "GET")
  }

  @Test func `the state of the service needs no key`() throws {
    var emulation = try Emulation()
    #expect(emulation.get("/status/check/basic/", []).text.contains("operational"))
  }

  @Test func `a request is remembered with what it asked and how it was answered, but not with its key`()
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

  @Test func `gzip is used when the client takes it`() throws {
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
