import AuditRecord
import CloudsmithAPI
import HTTP
import Synchronization
import TestSupport
import Testing

struct AuditLogClientTests {
  private let clock = ManualClock()
  private let events = Events()

  private final class Events: Sendable {
    private let list = Mutex<[ClientEvent]>([])
    var all: [ClientEvent] { list.withLock(\.self) }
    func add(_ event: ClientEvent) { list.withLock { $0.append(event) } }
  }

  private func client(
    _ transport: ScriptedTransport, pace: PaceRule = .perSecond(1), retry: RetryPolicy = RetryPolicy(),
    clock: (any RunClock)? = nil
  ) -> AuditLogClient {
    Sample.client(
      transport, clock: clock ?? self.clock, pace: pace, retry: retry,
      observe: { [events] in events.add($0) })
  }

  private func page(_ outcome: PageOutcome) throws -> Page {
    guard case .page(let page) = outcome else { throw NotAPage() }
    return page
  }

  private struct NotAPage: Error {}

  @Test func `a page has its records and its position in the list`() async throws {
    let headers = [
      ("X-Pagination-Count", "1"), ("X-Pagination-Page", "2"), ("X-Pagination-PageTotal", "2"),
      ("X-Pagination-PageSize", "500"), ("X-RateLimit-Remaining", "99"),
    ]
    let transport = ScriptedTransport([.status(200, Sample.page, headers: headers)])
    let client = client(transport)
    let page = try page(await client.page(2, size: 1_000, query: "event:login"))
    #expect(page.number == 2)
    #expect(page.requestedSize == 1_000)
    #expect(page.parsed.recordCount == 1)
    #expect(page.pagination == Pagination(count: 1, page: 2, pageTotal: 2, pageSize: 500))
    #expect(
      transport.requests == [Sample.request("/v1/audit-log/acme/?page=2&page_size=1000&query=event%3Alogin")])
    #expect(client.counters.requests == 1)
    #expect(client.counters.retries == 0)
    #expect(client.counters.rateLimit == RateLimit(remaining: 99))
    #expect(events.all == [.responded(page: 2, status: 200, bytes: Sample.page.utf8.count, took: .zero)])
  }

  @Test func `an empty list is a page without records`() async throws {
    let page = try page(await client(ScriptedTransport([.status(200, "[]")])).page(1))
    #expect(page.parsed.recordCount == 0)
    #expect(page.pagination == Pagination())
  }

  @Test func `a 404 is the end of the list, but on page 1 it means an unknown organization`()
    async throws
  {
    let reply = ScriptedTransport.Reply.status(404, #"{"detail":"Invalid page."}"#)
    guard case .pastTheEnd = try await client(ScriptedTransport([reply])).page(7) else {
      Issue.record("it is not past the end")
      return
    }
    await #expect(throws: APIError.notFound(Answer(status: 404, detail: "Invalid page."))) {
      try await self.client(ScriptedTransport([reply])).page(1)
    }
  }

  @Test(arguments: [400, 401, 402, 403, 404, 422])
  func `a refusal is not retried`(status: Int) async {
    let transport = ScriptedTransport([.status(status), .status(200, "[]")])
    await #expect(throws: APIError.self) { try await self.client(transport).page(1) }
    #expect(transport.requests.count == 1)
    #expect(clock.slept.isEmpty)
  }

  private static let passing: [(ScriptedTransport.Reply, RetryableError)] =
    [202, 203, 204, 205, 206, 408, 429, 500, 502, 503, 504].map { (.status($0), .status(Answer(status: $0))) }
    + [
      .unreachable("x"), .interrupted("x"), .timedOut(.seconds(60)), .undecodable("x"),
    ].map { (.failure($0), .transport($0)) }
    + [
      (.status(200, headers: [("X-Pagination-Page", "2")]), .wrongPage(asked: 1, answered: 2))
    ]

  @Test(arguments: 0..<16)
  func `a temporary failure is retried and reported as an event`(index: Int) async throws {
    let (reply, fault) = AuditLogClientTests.passing[index]
    let transport = ScriptedTransport([reply, reply, .status(200, "[]")])
    let client = client(transport, pace: .unlimited)
    _ = try page(await client.page(1))
    #expect(transport.requests.count == 3)
    #expect(Set(transport.requests).count == 1)
    #expect(clock.slept == [.seconds(0.5), .seconds(1)])
    #expect(client.counters.requests == 3)
    #expect(client.counters.retries == 2)
    #expect(client.counters.waited == .seconds(1.5))
    let told = events.all.filter { if case .responded = $0 { false } else { true } }
    #expect(
      told == [
        .waiting(.seconds(0.5), .backoff), .retrying(attempt: 2, of: 6, fault),
        .waiting(.seconds(1), .backoff),
        .retrying(attempt: 3, of: 6, fault),
      ])
  }

  @Test(arguments: ["", "<html>oops</html>", #"{"detail":"x"}"#, #"[{"uuid":"a""#])
  func `a body that is not a page is requested again`(body: String) async throws {
    let transport = ScriptedTransport([.status(200, body), .status(200, Sample.page)])
    #expect(try page(await client(transport).page(1)).parsed.recordCount == 1)
    let bad = ScriptedTransport(Array(repeating: .status(200, body), count: 9))
    await #expect {
      try await self.client(bad).page(1)
    } throws: { error in
      guard case .unavailable(.page, attempts: 6) = error as? APIError else { return false }
      return true
    }
  }

  @Test func `after six attempts, the last fault is thrown`() async {
    let replies = [500, 500, 500, 500, 500, 503, 200].map { ScriptedTransport.Reply.status($0) }
    let transport = ScriptedTransport(replies)
    await #expect(throws: APIError.unavailable(.status(Answer(status: 503)), attempts: 6)) {
      try await self.client(transport, pace: .unlimited).page(1)
    }
    #expect(clock.slept == [0.5, 1, 2, 4, 8].map(TimeSpan.seconds))
  }

  @Test func `Retry-After is obeyed to the second`() async throws {
    let transport = ScriptedTransport(
      [.status(429, headers: [("Retry-After", "3304")]), .status(200, "[]")], clock: clock)
    let client = client(transport)
    _ = try page(await client.page(1))
    #expect(transport.times == [.zero, .seconds(3_304)])
    #expect(events.all.contains(.waiting(.seconds(3_304), .rateLimit)))
    #expect(client.counters.waited == .seconds(3_304))
  }

  @Test func `a wait beyond the limit ends the request, even as the sum of several waits`() async {
    func reply(_ seconds: Int) -> ScriptedTransport.Reply {
      .status(429, headers: [("Retry-After", "\(seconds)")])
    }
    await #expect(
      throws: APIError.waitTooLong(WaitRefusal(asked: .seconds(7_201), waited: .zero, limit: .hours(2)))
    ) {
      try await self.client(ScriptedTransport([reply(7_201)])).page(1)
    }
    #expect(clock.slept.isEmpty)
    await #expect(
      throws: APIError.waitTooLong(WaitRefusal(asked: .hours(1), waited: .seconds(3_601), limit: .hours(2)))
    ) {
      try await self.client(ScriptedTransport([reply(3_601), reply(3_600)])).page(1)
    }
  }

  @Test func `backoff does not count against --max-wait`() async throws {
    let busy = ScriptedTransport.Reply.status(503, headers: [("Retry-After", "1")])
    let transport = ScriptedTransport(
      Array(repeating: busy, count: 5) + [.status(200, "[]")], clock: clock)
    _ = try await client(transport, pace: .unlimited, retry: RetryPolicy(maxWait: .seconds(5))).page(1)
    #expect(transport.times == [0, 1, 2, 4, 8, 16].map(TimeSpan.seconds))
    await #expect(
      throws: APIError.waitTooLong(
        WaitRefusal(asked: .seconds(1), waited: .seconds(4), limit: .seconds(4)))
    ) {
      try await self.client(
        ScriptedTransport(Array(repeating: busy, count: 6)), pace: .unlimited,
        retry: RetryPolicy(maxWait: .seconds(4))
      ).page(1)
    }
  }

  private static let pauses: [[(String, String)]] = [
    [("X-RateLimit-Interval", "3600")],
    [("X-RateLimit-Interval", "315360000")],
    [("X-RateLimit-Limit", "1")],
    [("X-RateLimit-Limit", "1"), ("X-RateLimit-Remaining", "1000000000")],
    [("X-RateLimit-Limit", "10"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1700003600")],
    [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1700003600")],
    [("X-RateLimit-Limit", "10"), ("X-RateLimit-Remaining", "8"), ("X-RateLimit-Reset", "1700086400")],
  ]

  @Test(arguments: 0..<7, [200, 503])
  func `a pause taken from any header by the automatic pace counts against --max-wait`(
    index: Int, status: Int
  )
    async throws
  {
    let headers = AuditLogClientTests.pauses[index]
    let transport = ScriptedTransport(
      [.status(status, "[]", headers: headers), .status(200, "[]"), .status(200, "[]")], clock: clock)
    let client = client(transport, pace: .auto, retry: RetryPolicy(maxWait: .minutes(1)))
    await #expect {
      for number in 1...2 { _ = try await client.page(number) }
    } throws: { error in
      guard case .waitTooLong(let refusal) = error as? APIError else { return false }
      return refusal.limit == .minutes(1) && refusal.asked > .minutes(1)
    }
    #expect(transport.requests.count == 1)
    #expect(clock.elapsed < .seconds(2))
  }

  @Test func `the wait of a 429 counts against --max-wait, whatever header states it`() async throws {
    for (name, value) in [
      ("Retry-After", "61"), ("Retry-After", "Tue, 14 Nov 2023 22:14:21 GMT"), ("X-RateLimit-Interval", "61"),
      ("X-RateLimit-Reset", "1700000061"),
    ] {
      for pace in [PaceRule.auto, .unlimited, .perSecond(1)] {
        let transport = ScriptedTransport([.status(429, headers: [(name, value)]), .status(200, "[]")])
        await #expect(
          throws: APIError.waitTooLong(
            WaitRefusal(asked: .seconds(61), waited: .zero, limit: .minutes(1))),
          "\(name): \(value)"
        ) {
          try await self.client(
            transport, pace: pace, retry: RetryPolicy(maxWait: .minutes(1)), clock: ManualClock()
          ).page(1)
        }
      }
    }
  }

  @Test func `waiting in the queue does not count against --max-wait`() async throws {
    let headers = [
      ("X-RateLimit-Limit", "1800"), ("X-RateLimit-Remaining", "1799"), ("X-RateLimit-Reset", "3600"),
    ]
    let transport = ScriptedTransport([.status(200, "[]", headers: headers)])
    let client = client(
      transport, pace: .auto, retry: RetryPolicy(maxWait: .seconds(6)), clock: FrozenClock())
    _ = try await client.page(1)
    let ended = Events()
    let tasks = (2...4).map { number in
      Task { () async -> APIError? in
        do throws(APIError) {
          _ = try await client.page(number)
          return nil
        } catch {
          ended.add(.waiting(.zero, .pace))
          return error
        }
      }
    }
    func waiting() -> Int { events.all.count { if case .waiting = $0 { true } else { false } } }
    while waiting() + ended.all.count < 3 { await Task.yield() }
    for task in tasks { task.cancel() }
    for task in tasks { #expect(await task.value == .cancelled) }
    // 2.5 s each, so that the last would wait 7.5 s.
    #expect(events.all.contains(.waiting(.seconds(7.5), .rateLimit)))
  }

  @Test func `requests, retries and redirects all keep the pace`() async throws {
    let transport = ScriptedTransport(
      [
        .status(200, "[]"), .status(302, headers: [("Location", "/x")]), .status(500), .status(200, "[]"),
        .status(200, "[]"),
      ], clock: clock)
    let client = client(transport)
    for number in 1...3 { _ = try await client.page(number) }
    #expect(transport.times == [0, 1, 2, 3, 4].map(TimeSpan.seconds))
    #expect(client.counters.requests == 5)
    #expect(try transport.requests.at(3).target == transport.requests.at(1).target)
  }

  @Test func `pages in flight together keep the pace`() async throws {
    let clock = ManualClock()
    let transport = ScriptedTransport(Array(repeating: .status(200, "[]"), count: 8), clock: clock)
    let client = client(transport, clock: clock)
    try await withThrowingTaskGroup { group in
      for number in 1...8 { group.addTask { _ = try await client.page(number) } }
      try await group.waitForAll()
    }
    let times = transport.times.sorted()
    #expect(times.count == 8)
    // The time is read when a request is sent, which another task's wait can come before: so no request is too early, and two
    // may seem to be sent at once.
    for (index, time) in times.enumerated() { #expect(time >= .seconds(Double(index))) }
  }

  @Test func `the automatic pace stops at the reserve until the reset`() async throws {
    let headers = [
      ("X-RateLimit-Limit", "3600"), ("X-RateLimit-Remaining", "720"), ("X-RateLimit-Reset", "1700000900"),
    ]
    let transport = ScriptedTransport(
      [.status(200, "[]", headers: headers), .status(200, "[]")], clock: clock)
    let client = client(transport, pace: .auto)
    _ = try await client.page(1)
    _ = try await client.page(2)
    #expect(transport.times == [.zero, .seconds(900)])
  }

  @Test(
    arguments: [
      (.untrusted(.notTLS), .certificate(.notTLS)), (.proxyRefused("x"), .proxy("x")),
      (.bodyTooLarge(limit: 9), .bodyTooLarge(limit: 9)), (.inflatedTooFar(ratio: 9), .inflation(ratio: 9)),
    ] as [(TransportFault, UnsafeResponse)])
  func `an unsafe response is not retried`(fault: TransportFault, hazard: UnsafeResponse) async {
    // Of answers that are all too large, as a proxy may send them, only the first records are asked for one by one.
    let transport = ScriptedTransport(Array(repeating: .failure(fault), count: 11))
    await #expect(throws: APIError.unsafe(hazard)) { try await self.client(transport).page(1) }
    #expect(Set(transport.requests.map(\.target)).count == transport.requests.count)
  }

  @Test func `a cancelled transport cancels the request`() async {
    await #expect(throws: APIError.cancelled) {
      try await self.client(ScriptedTransport([.failure(.cancelled)])).page(1)
    }
  }

  @Test func `cancelling ends a wait`() async {
    let transport = ScriptedTransport([.status(503), .status(200, "[]")])
    let client = client(transport, clock: FrozenClock())
    let task = Task { () async throws -> Void in _ = try await client.page(1) }
    while !events.all.contains(where: { if case .waiting = $0 { true } else { false } }) {
      await Task.yield()
    }
    task.cancel()
    await #expect(throws: APIError.cancelled) { try await task.value }
    #expect(transport.requests.count == 1)
  }

  @Test func `a cancelled task sends nothing`() async {
    let transport = ScriptedTransport([.status(200, "[]")])
    let client = client(transport)
    let task = Task { () async throws -> Void in
      withUnsafeCurrentTask { $0?.cancel() }
      _ = try await client.page(1)
    }
    await #expect(throws: APIError.cancelled) { try await task.value }
    #expect(transport.requests.isEmpty)
  }

  @Test func `no error contains the key`() async {
    let echo = #"{"detail":"\#(Sample.keyText)"}"#
    let headers = [
      ("X-Request-Id", Sample.keyText), ("Location", "https://\(Sample.keyText):x@evil.example/"),
    ]
    for status in [302, 400, 401, 402, 403, 404, 422, 429, 500, 418] {
      let replies = Array(repeating: ScriptedTransport.Reply.status(status, echo, headers: headers), count: 6)
      await #expect {
        try await self.client(ScriptedTransport(replies)).page(1)
      } throws: { error in
        !Sample.everyText(of: error).contains(Sample.keyText)
      }
    }
    #expect(!Sample.everyText(of: events.all).contains(Sample.keyText))
    #expect(!Sample.everyText(of: Sample.request()).contains(Sample.keyText))
  }
}
