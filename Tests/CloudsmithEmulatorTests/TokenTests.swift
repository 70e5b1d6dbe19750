import AuditRecord
import CloudsmithEmulator
import TestSupport
import Testing

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

  @Test func `an identity token is exchanged for a bearer token, that is good for so many requests`() throws {
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
  func `what proves nothing gets no token`(body: String, status: Int) throws {
    var api = try `Tokens`.emulation()
    #expect(api.respond(to: `Tokens`.exchange(body), at: .now()).status == status)
  }

  @Test func `another organisation, another method, and nobody to trust give no token`() throws {
    var api = try `Tokens`.emulation()
    let other = `Tokens`.exchange(`Tokens`.proof, organization: "other")
    #expect(api.respond(to: other, at: .now()).status == 404)
    #expect(api.respond(to: EmulatedRequest(target: "/openid/acme/"), at: .now()).status == 405)
    var plain = try EmulatedAPI(EmulatorConfiguration(logs: [try #require(LogName("acme"))]))
    #expect(plain.respond(to: `Tokens`.exchange(`Tokens`.proof), at: .now()).status == 401)
  }
}
