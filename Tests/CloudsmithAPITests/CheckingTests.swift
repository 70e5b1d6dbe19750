import AuditRecord
import CloudsmithAPI
import HTTP
import Testing

@Suite struct AccountTests {
  private func account(
    _ replies: [ScriptedTransport.Reply], retry: RetryPolicy = RetryPolicy(attempts: 2)
  ) async throws -> (Account, [APIRequest]) {
    let transport = ScriptedTransport(replies)
    let client = Sample.client(transport, pace: .perSecond(1), retry: retry)
    return (try await client.account(), transport.requests)
  }

  @Test func `the account of a key is found with one request`() async throws {
    let body = #"{"authenticated": true, "slug": "audit-exporter", "name": "Audit", "email": null}"#
    let (account, requests) = try await account([.status(200, body)])
    #expect(account == Account(isAuthenticated: true, slug: "audit-exporter"))
    #expect(requests == [Sample.request("/v1/user/self/")])
  }

  @Test func `a dropped key belongs to nobody, whatever the status`() async throws {
    let (account, _) = try await account([.status(200, #"{"authenticated": false, "slug": null}"#)])
    #expect(account == Account(isAuthenticated: false))
  }

  @Test func `a refused key is an error`() async throws {
    await #expect(throws: APIError.keyRefused(Answer(status: 401, detail: "no"))) {
      try await self.account([.status(401, #"{"detail": "no"}"#)])
    }
  }

  @Test(arguments: ["", "[]", "<html>", #"{"authenticated": "yes"}"#, "{}"])
  func `an unusable response is requested again and then reported`(body: String) async throws {
    let good = ScriptedTransport.Reply.status(200, #"{"authenticated": true}"#)
    let (account, requests) = try await account([.status(200, body), good])
    #expect(account == Account(isAuthenticated: true) && requests.count == 2)
    await #expect {
      try await self.account([.status(200, body), .status(200, body)])
    } throws: { error in
      guard case .unavailable(.transport(.undecodable), attempts: 2) = error as? APIError else {
        return false
      }
      return true
    }
  }

  @Test func `a slug with the key or control characters is made safe to print`() async throws {
    let body = #"{"authenticated": true, "slug": "a\u001b[2J \#(Sample.keyText)"}"#
    let (account, _) = try await account([.status(200, body)])
    let slug = try #require(account.slug)
    #expect(!slug.contains(Sample.keyText) && !slug.contains("\u{1b}"))
  }

  @Test func `checks and pages share one pace and one request count`() async throws {
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

/// What `check` asks of a log beyond its first page.
@Suite struct MeasuringTests {
  /// So many events, a minute apart, newest first; of a list of as many pages.
  private func page(
    _ count: Int, number: Int = 1, pages: Int = 1
  ) -> ScriptedTransport.Reply {
    let records = (0..<count).map { index in
      let minute = 59 - index - (number - 1) * count
      let text = minute < 10 ? "0\(minute)" : "\(minute)"
      return #"{"uuid":"\#(number)-\#(index)","event_at":"2024-02-12T10:\#(text):00Z","event":"e"}"#
    }
    return .status(
      200, "[\(records.joined(separator: ","))]",
      headers: [
        ("X-Pagination-Count", "\(count * pages)"), ("X-Pagination-Page", "\(number)"),
        ("X-Pagination-PageTotal", "\(pages)"), ("X-Pagination-PageSize", "\(count)"),
      ])
  }

  private func client(_ transport: ScriptedTransport) -> AuditLogClient {
    Sample.client(transport, retry: RetryPolicy(attempts: 2))
  }

  /// The first page of a list, what follows of the script, and how many requests that took.
  private func measure<Result>(
    _ first: ScriptedTransport.Reply, _ replies: [ScriptedTransport.Reply],
    _ body: (AuditLogClient, PageView) async throws -> Result
  ) async throws -> (result: Result, requests: [String]) {
    let transport = ScriptedTransport([first] + replies)
    let client = client(transport)
    guard case .page(let page) = try await client.page(1) else { throw APIError.cancelled }
    let result = try await body(client, PageView(page))
    return (result, transport.requests.dropFirst().map(\.target))
  }

  @Test func `a page with too few events causes no measurement`() async throws {
    let (finding, requests) = try await measure(page(2), []) { try await $0.measureTimeFilter($1) }
    #expect(finding == nil && requests.isEmpty)
  }

  @Test(arguments: [(9, TimeFilterFinding.counts), (20, .ignored), (8, .differs), (0, .differs)])
  func `the count of a bound is compared with the list`(count: Int, expected: TimeFilterFinding) async throws
  {
    let answer = ScriptedTransport.Reply.status(200, "[]", headers: [("X-Pagination-Count", "\(count)")])
    let (finding, requests) = try await measure(page(20), [answer]) { try await $0.measureTimeFilter($1) }
    #expect(finding == expected && requests.count == 1)
    #expect(requests.allSatisfy { $0.contains("&query=event_at%3A%3C") })
  }

  @Test(arguments: [(400, 1), (404, 1), (503, 2)])
  func `a failure that only the filter causes is attributed to the filter`(status: Int, attempts: Int)
    async throws
  {
    let (finding, requests) = try await measure(page(20), [.status(status), .status(status)]) {
      try await $0.measureTimeFilter($1)
    }
    #expect(finding == .refused && requests.count == attempts)
  }

  @Test(arguments: [401, 402, 403]) func `a final refusal ends the measurement`(status: Int)
    async throws
  {
    await #expect(throws: APIError.self) {
      try await self.measure(page(20), [.status(status)]) { try await $0.measureTimeFilter($1) }
    }
  }

  @Test func `the oldest event is on the last page, or on an earlier one if the list shrank`() async throws {
    let first = try await measure(page(5), []) { try await $0.oldestEvent(below: $1) }
    #expect(first.result == Timestamp(rfc3339: "2024-02-12T10:55:00Z") && first.requests.isEmpty)
    let last = try await measure(page(5, pages: 3), [page(5, number: 3, pages: 3)]) {
      try await $0.oldestEvent(below: $1)
    }
    #expect(last.result == Timestamp(rfc3339: "2024-02-12T10:45:00Z"))
    #expect(last.requests == ["/v1/audit-log/acme/?page=3&page_size=5"])
    let shrunk = try await measure(page(5, pages: 3), [.status(404), page(5, number: 2, pages: 2)]) {
      try await $0.oldestEvent(below: $1)
    }
    #expect(shrunk.result == Timestamp(rfc3339: "2024-02-12T10:50:00Z") && shrunk.requests.count == 2)
    let empty = try await measure(.status(200, "[]"), []) { try await $0.oldestEvent(below: $1) }
    #expect(empty.result == nil && empty.requests.isEmpty)
  }
}
