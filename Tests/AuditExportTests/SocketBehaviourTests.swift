import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import TestSupport
import Testing

/// Faults in the bytes of answers, against the real client over a real socket.
@Suite(.fewAtOnce, .serialized) struct SocketBehaviourTests {
  private static let start = time("2024-02-05T00:00:00Z")
  private static let now = time("2024-02-08T01:50:00Z")
  private static let third = FaultSchedule(every: 3)
  /// From the fourth request on.
  private static let forGood = FaultSchedule(every: 4, burst: 4)

  private static let plain: [BehaviourCase] = [
    BehaviourCase("nothing at all"),
    BehaviourCase("a reset in the middle of a body", CutBody(third, after: 3_000, ending: .reset)),
    BehaviourCase("a reset before the body", CutBody(third, after: 0, ending: .reset)),
    BehaviourCase("resets for good", ends: .unavailable, CutBody(forGood, after: 3_000, ending: .reset)),
    BehaviourCase("a short body", CutBody(third, after: 3_000)),
    BehaviourCase("short bodies for good", ends: .unavailable, CutBody(forGood, after: 3_000)),
    BehaviourCase("a slow body in time", SlowBody(FaultSchedule(every: 1), bytesPerSecond: 300_000)),
    BehaviourCase("invalid UTF-8", InvalidUTF8(third)),
    BehaviourCase(
      "bursts of 503 with HTML", Failures(FaultSchedule(every: 4, burst: 2), status: 503, asHTML: true)),
  ]

  private static let gzipped: [BehaviourCase] = [
    BehaviourCase("gzip"),
    BehaviourCase("half a gzip body", TruncatedGzip(third)),
    BehaviourCase("a gzip body without its trailer", TruncatedGzip(third, missing: 8)),
    BehaviourCase("a gzip body without its last byte", TruncatedGzip(third, missing: 1)),
    BehaviourCase("half a gzip body for good", ends: .unavailable, TruncatedGzip(forGood)),
    BehaviourCase("a reset in the middle of a gzip body", CutBody(third, after: 500, ending: .reset)),
    BehaviourCase("a short gzip body", CutBody(third, after: 500)),
    BehaviourCase("a gzip bomb", ends: .refusedForSafety, GzipBomb(forGood, size: 16 << 20)),
  ]

  @Test(arguments: plain)
  func `over a socket, a damaged body never becomes a page`(behaviour: BehaviourCase) async throws {
    try await check(behaviour, acceptEncoding: "identity")
  }

  @Test(arguments: gzipped)
  func `over a socket, a damaged gzip body never becomes a page`(behaviour: BehaviourCase) async throws {
    try await check(behaviour, acceptEncoding: "gzip")
  }

  @Test func `a gzip bomb is refused even if gzip was not accepted`() async throws {
    try await check(
      BehaviourCase("a bomb", ends: .refusedForSafety, GzipBomb(Self.forGood, size: 16 << 20)),
      acceptEncoding: "identity")
  }

  @Test func `a redirect to another host ends the run, and that host gets no request`() async throws {
    try await withEmulator(EmulatorConfiguration(logs: [LogName("acme")!])) { other in
      let redirect = RedirectElsewhere(Self.forGood, to: other.baseURL)
      try await check(
        BehaviourCase("a redirect", ends: .refusedForSafety, redirect), acceptEncoding: "identity")
      #expect(other.requests.isEmpty)
    }
  }

  @Test func `a body too slow for the time-out is requested again`() async throws {
    let first = try await check(
      BehaviourCase("a slow body", SlowBody(FaultSchedule(every: 7), bytesPerSecond: 1_000)),
      acceptEncoding: "identity", patience: .seconds(5))
    #expect(first.counters.retries >= 1)
  }

  /// The summary of the first run. On a busy machine an answer takes many seconds, and the time-out is not what is tested.
  @discardableResult
  private func check(
    _ behaviour: BehaviourCase, acceptEncoding: String, patience: TimeSpan = .seconds(120)
  ) async throws -> ExportSummary {
    var configuration = EmulatorConfiguration(logs: [LogName("acme")!])
    configuration.rateLimit = nil
    configuration.events = .generated(
      Generation(count: 200, window: Window(from: Self.start - .hours(3), to: Self.now), ties: 2))
    let quiet = configuration
    behaviour.configure(&configuration)
    let harness = try TestHarness(now: Self.now) { $0 = quiet }
    let clock = harness.clock
    let time: @Sendable () -> Timestamp = { clock.now }
    return try await withEmulator(configuration, clock: time) { emulator in
      let first = try await harness.export(
        from: emulator, backfillStart: Self.start, pageSize: 25, acceptEncoding: acceptEncoding,
        patience: patience)
      #expect(behaviour.ends.matches(first.outcome), "\(String(describing: first.outcome))")
      #expect(try await harness.violations() == [])
      let settled = Window(from: Self.start, to: Self.now - .minutes(10))
      let isCovered = try await harness.manifest?.coverage.contains(settled) ?? false
      #expect(isCovered == BehaviourCase.Ending.complete.matches(first.outcome))

      emulator.withAPI { $0.setBehaviours([]) }
      clock.advance(to: clock.now + .hours(1))
      let second = try await harness.export(
        from: emulator, backfillStart: Self.start, pageSize: 25, acceptEncoding: acceptEncoding,
        patience: patience)
      #expect(BehaviourCase.Ending.complete.matches(second.outcome), "\(String(describing: second.outcome))")
      let manifest = try await #require(try harness.manifest)
      #expect(manifest.gaps.isEmpty)
      #expect(manifest.coverage.contains(Window(from: Self.start, to: Self.now)))
      #expect(try await harness.violations() == [])
      return first
    }
  }
}
