import AuditRecord
import CloudsmithAPI
import HTTP
import Synchronization
import Testing

/// An identity token exchanged for bearer tokens.
struct RenewingTransportTests {
  @Test func `the token is sent as a bearer token, never as a key, and requested once`() async throws {
    let desk = Desk([.status(201, #"{"token": "b.1"}"#)])
    let base = ScriptedTransport([.status(200, "[]"), .status(200, "[]")])
    let transport = try renewing(base, desk)
    for _ in 1...2 { _ = try await transport.get(Sample.request()) }
    #expect(base.requests.map(\.key) == [try bearer("b.1"), try bearer("b.1")])
    #expect(desk.posts == ["/openid/acme/ {\"oidc_token\":\"identity\",\"service_slug\":\"svc\"}"])
  }

  @Test func `a refused token is renewed once per request`() async throws {
    let desk = Desk([.status(200, #"{"token": "b.1"}"#), .status(200, #"{"token": "b.2"}"#)])
    let base = ScriptedTransport([
      .status(200), .status(401), .status(200), .status(401, #"{"detail": "b.2 is not b.2"}"#),
      .status(401, #"{"detail": "b.2 is not b.2"}"#),
    ])
    let transport = try renewing(base, desk)
    #expect(try await transport.get(Sample.request()).status == 200)
    #expect(try await transport.get(Sample.request()).status == 200)
    #expect(base.requests.map(\.key) == [try bearer("b.1"), try bearer("b.1"), try bearer("b.2")])
    // The third request is refused with what is in force, and the desk gives nothing new.
    await #expect(throws: TransportFault.unreachable("the desk is closed")) {
      try await transport.get(Sample.request())
    }
  }

  @Test(arguments: ["b/2", #"b\/2"#, #"\u0062\u002f2"#, #"b\u002F\u0032"#])
  func `a refusal is final, and no message repeats the token, however JSON escapes it`(spelling: String)
    async throws
  {
    let desk = Desk([.status(200, #"{"token": "b.1"}"#), .status(200, #"{"token": "b/2"}"#)])
    let base = ScriptedTransport([
      .status(401),
      .status(401, #"{"detail": "\#(spelling) is not known"}"#, headers: [("X-Request-Id", "b/2")]),
    ])
    let response = try await renewing(base, desk).get(Sample.request())
    let verdict = ResponseVerdict(response, page: 1, key: Sample.key, now: Timestamp(microseconds: 0))
    let answer = Answer(status: 401, detail: "[redacted] is not known", requestID: "[redacted]")
    #expect(verdict == .refused(.keyRefused(answer)))
  }

  @Test(arguments: [400, 401, 403, 404, 422])
  func `a refused exchange is a refusal of the request, never the end of the list`(status: Int)
    async throws
  {
    let desk = Desk([.status(status, #"{"detail": "no"}"#)])
    let base = ScriptedTransport([])
    let response = try await renewing(base, desk).get(Sample.request())
    #expect(response.status == 401)
    #expect(base.requests.isEmpty)
  }

  @Test(arguments: [429, 500, 503])
  func `a temporary failure of an exchange is retried`(status: Int) async throws {
    let desk = Desk([.status(status), .status(201, #"{"token": "b.1"}"#)])
    let base = ScriptedTransport([.status(200, "[]")])
    let transport = try renewing(base, desk)
    #expect(try await transport.get(Sample.request()).status == status)
    #expect(try await transport.get(Sample.request()).status == 200)
  }

  @Test(arguments: [
    "", "{}", #"{"token": ""}"#, #"{"token": 5}"#, #"{"token": "two words"}"#, #"{"token": "a\nb"}"#,
  ])
  func `an exchange that returns no usable token is a fault`(body: String) async throws {
    await #expect(throws: TransportFault.undecodable("the OIDC token exchange returned no token")) {
      try await renewing(ScriptedTransport([]), Desk([.status(200, body)])).get(Sample.request())
    }
  }

  @Test func `a redirect of an exchange is never followed`() async throws {
    await #expect(throws: TransportFault.undecodable("the OIDC token exchange is redirected")) {
      try await renewing(
        ScriptedTransport([]), Desk([.status(307, "", headers: [("Location", "https://evil.example/")])])
      ).get(Sample.request())
    }
  }

  @Test func `cancelling a request does not affect the token of another`() async throws {
    let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
    let desk = Desk([.failure(.cancelled), .status(200, #"{"token": "b.1"}"#)]) { number in
      guard number == 1 else { return }
      arrived.yield()
      // Until the request is given up.
      let (never, nobody) = AsyncStream.makeStream(of: Void.self)
      for await _ in never {}
      nobody.finish()
    }
    let transport = try renewing(ScriptedTransport([.status(200, "[]")]), desk)
    let givenUp = Task { try await transport.get(Sample.request()) }
    for await _ in arrivals { break }
    let other = Task { try await transport.get(Sample.request()) }
    // So that it waits for the same token; if it does not yet, it asks for one by itself.
    for _ in 1...1_000 { await Task.yield() }
    givenUp.cancel()
    await #expect(throws: TransportFault.cancelled) { try await givenUp.value }
    #expect(try await other.value.status == 200)
  }

  private func bearer(_ text: String) throws -> APIKey { try APIKey(text, kind: .bearer) }

  private func renewing(_ base: ScriptedTransport, _ desk: Desk) throws -> RenewingTransport {
    let organization = try #require(Slug("acme"))
    let service = try #require(Slug("svc"))
    return RenewingTransport(
      base,
      exchange: TokenExchange(
        host: .cloudsmith, organization: organization, service: service, identity: try APIKey("identity"),
        transport: desk))
  }
}

/// Where tokens are given, from a list.
private final class Desk: TokenTransport {
  private let state: Mutex<(replies: [ScriptedTransport.Reply], posts: [String])>
  private let delay: @Sendable (Int) async -> Void

  /// - Parameter delay: what comes before each answer, by its number from 1.
  init(_ replies: [ScriptedTransport.Reply], delay: @escaping @Sendable (Int) async -> Void = { _ in }) {
    state = Mutex((replies, []))
    self.delay = delay
  }

  var posts: [String] { state.withLock(\.posts) }

  func post(
    _ body: [UInt8], to target: String, at origin: Origin
  ) async throws(TransportFault) -> APIResponse {
    let (number, reply): (Int, ScriptedTransport.Reply) = state.withLock {
      $0.posts.append("\(target) \(String(decoding: body, as: UTF8.self))")
      let isClosed = $0.replies.isEmpty
      return (
        $0.posts.count, isClosed ? .failure(.unreachable("the desk is closed")) : $0.replies.removeFirst()
      )
    }
    await delay(number)
    return try reply.get()
  }
}
