import AuditRecord
import CloudsmithAPI
import HTTP
import TestSupport
import Testing

/// Clients of several logs that use the same key, or different ones.
struct SharedPaceTests {
  private let clock = ManualClock()

  private func client(
    _ transport: ScriptedTransport, _ paces: SharedPaces, key: String = "key-one",
    pace: PaceRule = .perSecond(1), host: APIHost = .cloudsmith,
    organization: Slug? = nil
  ) throws -> AuditLogClient {
    let key = try APIKey(key)
    return AuditLogClient(
      log: Sample.log, host: host, key: key, transport: transport, clock: clock, pace: pace,
      shared: paces.pace(of: key, at: host, organization: organization),
      retry: RetryPolicy(), random: { 0.5 })
  }

  private func transport(_ replies: Int = 8) -> ScriptedTransport {
    ScriptedTransport(Array(repeating: .status(200, Sample.page), count: replies), clock: clock)
  }

  @Test func `clients with one key take turns at one pace`() async throws {
    let (transport, paces) = (transport(), SharedPaces(clock: clock))
    let clients = try (0..<3).map { _ in try client(transport, paces) }
    for client in clients + clients { _ = try await client.page(1) }
    #expect(transport.times.map(\.seconds) == [0, 1, 2, 3, 4, 5])
  }

  @Test func `a client that starts after another one has ended keeps the pace`() async throws {
    let (transport, paces) = (transport(), SharedPaces(clock: clock))
    for _ in 0..<3 { _ = try await client(transport, paces).page(1) }
    #expect(transport.times.map(\.seconds) == [0, 1, 2])
  }

  @Test func `clients with other keys, hosts or service accounts do not wait`() async throws {
    let (transport, paces) = (transport(), SharedPaces(clock: clock))
    let clients = [
      try client(transport, paces), try client(transport, paces, key: "key-two"),
      try client(transport, paces, host: try APIHost("https://other.example")),
      try client(transport, paces, organization: Slug("acme")),
      try client(transport, paces, organization: Slug("globex")),
    ]
    for client in clients { _ = try await client.page(1) }
    #expect(transport.times.map(\.seconds) == [0, 0, 0, 0, 0])
  }

  @Test func `the slowest rule counts while its client exists, and no longer`() async throws {
    let (transport, paces) = (transport(), SharedPaces(clock: clock))
    let fast = try client(transport, paces, pace: .unlimited)
    var slow: AuditLogClient? = try client(transport, paces, pace: .perSecond(0.5))
    _ = try await fast.page(1)
    _ = try await slow?.page(1)
    _ = try await fast.page(1)
    slow = nil
    _ = try await fast.page(1)
    _ = try await fast.page(1)
    #expect(transport.times.map(\.seconds) == [0, 2, 4, 4, 4])
  }

  /// The other request comes while the first client waits for a minute.
  @Test(arguments: [(429, 60.0), (503, 0)])
  func `only a rate limit holds the other clients of the key`(status: Int, start: Double) async throws {
    let paces = SharedPaces(clock: clock)
    let same = transport()
    let beside = try client(same, paces, pace: .unlimited)
    let failing = FailingOnce(status, clock) { _ = try await beside.page(1) }
    let key = try APIKey("key-one")
    let first = AuditLogClient(
      log: Sample.log, host: .cloudsmith, key: key, transport: failing, clock: failing, pace: .unlimited,
      shared: paces.pace(of: key, at: .cloudsmith), random: { 0.5 })
    _ = try await first.page(1)
    #expect(same.times.map(\.seconds) == [start])
  }

  @Test func `auto and a number together are as slow as the slower of them`() {
    var pace = Pace(rule: .unlimited)
    pace.follow([.auto, .perSecond(2)], reserve: .fifth)
    func start(at now: Double) -> Pace.Action {
      let ticket = pace.join()
      defer { pace.leave(ticket) }
      return pace.ask(ticket, at: .seconds(now))
    }
    #expect(start(at: 0) == .go)
    // Nothing is known of the limit: one a second.
    #expect(start(at: 0) == .wait(.seconds(1), .pace))
    pace.follow([.perSecond(0.25)], reserve: .fifth)
    #expect(start(at: 1) == .wait(.seconds(3), .pace))
  }
}

/// Answers with a status and a Retry-After of a minute, and then with a page. Calls `meanwhile` when its client first waits.
private final class FailingOnce: APITransport, RunClock {
  private let status: Int
  private let clock: ManualClock
  private let meanwhile: @Sendable () async throws -> Void
  private let calls = Counter()
  private let waits = Counter()

  init(_ status: Int, _ clock: ManualClock, meanwhile: @escaping @Sendable () async throws -> Void) {
    self.status = status
    self.clock = clock
    self.meanwhile = meanwhile
  }

  var now: Timestamp { clock.now }
  var elapsed: TimeSpan { clock.elapsed }

  func get(_ request: APIRequest) async throws(TransportFault) -> APIResponse {
    let isFirst = calls.next() == 1
    let reply: ScriptedTransport.Reply =
      isFirst
      ? .status(status, headers: [("Retry-After", "60")]) : .status(200, Sample.page)
    return try reply.get()
  }

  func sleep(for span: TimeSpan) async throws(CancellationError) {
    if waits.next() == 1 {
      do {
        try await meanwhile()
      } catch {
        Issue.record("\(error)")
      }
    }
    try await clock.sleep(for: span)
  }
}
