import AuditRecord
import CloudsmithAPI
import Testing

@Suite struct AccountTests {
  private func account(
    _ replies: [ScriptedTransport.Reply], retry: RetryPolicy = RetryPolicy(tries: 2)
  ) async throws -> (Account, [APIRequest]) {
    let transport = ScriptedTransport(replies)
    let client = AuditLogClient(
      log: Sample.log, host: .cloudsmith, key: Sample.key, transport: transport, clock: ManualClock(),
      retry: retry, random: { 0.5 })
    return (try await client.account(), transport.requests)
  }

  @Test func `whose key it is takes one request`() async throws {
    let body = #"{"authenticated": true, "slug": "audit-exporter", "name": "Audit", "email": null}"#
    let (account, requests) = try await account([.status(200, body)])
    #expect(account == Account(isAuthenticated: true, slug: "audit-exporter"))
    #expect(requests == [Sample.request("/v1/user/self/")])
  }

  @Test func `a key that was dropped is nobody's, whatever the status says`() async throws {
    let (account, _) = try await account([.status(200, #"{"authenticated": false, "slug": null}"#)])
    #expect(account == Account(isAuthenticated: false))
  }

  @Test func `a refused key is an error`() async throws {
    await #expect(throws: APIError.keyRefused(Answer(status: 401, detail: "no"))) {
      try await self.account([.status(401, #"{"detail": "no"}"#)])
    }
  }

  @Test(arguments: ["", "[]", "<html>", #"{"authenticated": "yes"}"#, "{}"])
  func `what is no answer is asked for again, and then told`(body: String) async throws {
    let good = ScriptedTransport.Reply.status(200, #"{"authenticated": true}"#)
    let (account, requests) = try await account([.status(200, body), good])
    #expect(account == Account(isAuthenticated: true) && requests.count == 2)
    await #expect {
      try await self.account([.status(200, body), .status(200, body)])
    } throws: { error in
      guard case .unavailable(.transport(.undecodable), tries: 2) = error as? APIError else { return false }
      return true
    }
  }

  @Test func `a slug that repeats the key, or has control characters, is made safe to print`() async throws {
    let body = #"{"authenticated": true, "slug": "a\u001b[2J \#(Sample.keyText)"}"#
    let (account, _) = try await account([.status(200, body)])
    let slug = try #require(account.slug)
    #expect(!slug.contains(Sample.keyText) && !slug.contains("\u{1b}"))
  }

  @Test func `questions and pages share one pace and one count`() async throws {
    let transport = ScriptedTransport([
      .status(200, #"{"authenticated": true}"#),
      .status(200, "[]", headers: [("X-RateLimit-Remaining", "7")]),
    ])
    let clock = ManualClock()
    let client = AuditLogClient(
      log: Sample.log, host: .cloudsmith, key: Sample.key, transport: transport, clock: clock)
    _ = try await client.account()
    _ = try await client.page(1)
    #expect(clock.slept == [.seconds(1)])
    #expect(client.counters.requests == 2 && client.counters.rateLimit == RateLimit(remaining: 7))
  }
}
