import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

private let every = FaultSchedule(every: 1)

/// Every behaviour of the API that is documented, was observed, or is possible. Covered means complete in every case, and one
/// run after the fault has ended the archive is exact.
@Suite(.fewAtOnce) struct APIBehaviourTests {
  private let start = time("2024-02-05T00:00:00Z")
  private let now = time("2024-02-08T01:50:00Z")

  private static let filters: [BehaviourCase] = [
    ("exact", .exact), ("inclusive", .inclusive), ("day-truncated", .dayTruncated),
    ("shifted by a zone", .shifted(.hours(1))), ("shifted the other way", .shifted(.hours(-5))),
    ("ignored", .ignored), ("rejected", .rejected),
  ].map { (name: String, filter: TimeFilter) in
    BehaviourCase("time filter \(name)") { $0.timeFilter = filter }
  }

  private static let lists: [BehaviourCase] = [
    BehaviourCase("growth during the walk", ties: 3, Growth(events: 3)),
    BehaviourCase("growth by two thirds of a page before each request", Growth(events: 20)),
    BehaviourCase("ties shuffled per request", ends: .completeOrIncomplete, ties: 7, ShuffledTies(seed: 1)),
    BehaviourCase(
      "shuffled ties and growth", ends: .completeOrIncomplete, ties: 7, ShuffledTies(seed: 2),
      Growth(events: 2)),
    BehaviourCase("more ties than a page holds", ties: 50, pageSize: 20),
    BehaviourCase(
      "more shuffled ties than a page holds", ends: .completeOrIncomplete, ties: 50, ShuffledTies(seed: 3)),
    BehaviourCase("no count", ties: 4, CountField.absent),
    BehaviourCase("no count, and growth", ends: .completeOrIncomplete, CountField.absent, Growth(events: 2)),
    BehaviourCase(
      "no count, and shuffled ties", ends: .completeOrIncomplete, ties: 7, CountField.absent,
      ShuffledTies(seed: 4)),
    BehaviourCase(
      "a count too high", ends: .completeOrIncomplete, CountField.wrong(by: 7), Growth(events: 1)),
    BehaviourCase(
      "a count too low", ends: .completeOrIncomplete, CountField.wrong(by: -7), Growth(events: 1)),
    BehaviourCase(
      "a count of nothing", ends: .completeOrIncomplete, CountField.wrong(by: -1_000_000), Growth(events: 1)),
    BehaviourCase("ascending order", ties: 3, AscendingOrder()),
    BehaviourCase("ascending order and growth", AscendingOrder(), Growth(events: 2)),
    BehaviourCase(
      "ascending order and shuffled ties", ends: .completeOrIncomplete, ties: 7, ShuffledTies(seed: 5),
      AscendingOrder()),
    BehaviourCase("page size capped at 100", ties: 2, pageSize: 500) { $0.maximumPageSize = 100 },
    BehaviourCase("page size capped at 7", pageSize: 50, Growth(events: 1)) { $0.maximumPageSize = 7 },
  ]

  private static let failures: [BehaviourCase] =
    [500, 502, 503, 504].flatMap { status in
      [
        BehaviourCase("bursts of \(status)", Failures(FaultSchedule(every: 7, burst: 4), status: status)),
        BehaviourCase(
          "\(status) with a body of HTML", Failures(FaultSchedule(every: 3), status: status, asHTML: true)),
        BehaviourCase(
          "\(status) for good", ends: .unavailable,
          Failures(FaultSchedule(every: 6, burst: 6), status: status)),
      ]
    } + [
      BehaviourCase(
        "all failures in turn", Failures(FaultSchedule(every: 5), status: 500),
        Failures(FaultSchedule(every: 7), status: 502),
        Failures(FaultSchedule(every: 6), status: 503), Failures(FaultSchedule(every: 8), status: 504)),
      BehaviourCase(
        "429 with an hour to wait", Failures(FaultSchedule(every: 4), status: 429, retryAfter: 3_600)),
      BehaviourCase(
        "429 with too long to wait", ends: .waitTooLong,
        Failures(FaultSchedule(every: 8), status: 429, retryAfter: 8_000)),
      BehaviourCase("a budget of three requests an hour") { $0.rateLimit = 3 },
      BehaviourCase("a budget of one request in ten minutes") {
        $0.rateLimit = 1
        $0.rateWindow = .minutes(10)
      },
      BehaviourCase("a budget of five requests in three hours", ends: .waitTooLong) {
        $0.rateLimit = 5
        $0.rateWindow = .hours(3)
      },
    ]

  private static let bodies: [BehaviourCase] = [
    BehaviourCase("bodies cut short", CutBody(FaultSchedule(every: 3), after: 900)),
    BehaviourCase(
      "bodies cut short for good", ends: .unavailable, CutBody(FaultSchedule(every: 6, burst: 6), after: 900)),
    BehaviourCase("invalid JSON", InvalidJSON(FaultSchedule(every: 3))),
    BehaviourCase(
      "invalid JSON for good", ends: .unavailable, InvalidJSON(FaultSchedule(every: 6, burst: 6))),
    BehaviourCase("invalid UTF-8", InvalidUTF8(FaultSchedule(every: 3))),
    BehaviourCase("invalid UTF-8 for good", ends: .unavailable, InvalidUTF8(every)),
    BehaviourCase("an object for the array", ObjectBody(FaultSchedule(every: 3))),
    BehaviourCase(
      "an object for the array for good", ends: .unavailable, ObjectBody(FaultSchedule(every: 6, burst: 6))),
    BehaviourCase(
      "pages of HTML with status 200", Failures(FaultSchedule(every: 3), status: 200, asHTML: true)),
    BehaviourCase(
      "a redirect to another host", ends: .refusedForSafety,
      RedirectElsewhere(FaultSchedule(every: 6), to: "http://127.0.0.2:9")),
  ]

  @Test(arguments: lists + filters + failures + bodies, 0..<2)
  func `the archive is exact, or the run is incomplete and the next run makes it exact`(
    behaviour: BehaviourCase, seed: Int
  ) async throws {
    let harness = try TestHarness(now: now) { configuration in
      configuration.seed = UInt64(seed)
      configuration.events = .generated(
        Generation(count: 400, window: Window(from: start - .hours(3), to: now), ties: behaviour.ties))
      behaviour.configure(&configuration)
    }
    let first = try await harness.export(
      .incremental(backfillStart: start), adjust: { $0.pageSize = behaviour.pageSize })
    #expect(behaviour.ends.matches(first.outcome), "\(String(describing: first.outcome))")
    #expect(try await harness.violations() == [])
    try await expectTruth(of: first, in: harness)

    harness.api.withLock { api in
      api.setBehaviours([])
      api.rateLimit = nil
    }
    harness.clock.advance(to: harness.clock.now + .hours(1))
    let second = try await harness.export(
      .incremental(backfillStart: start), adjust: { $0.pageSize = behaviour.pageSize })
    try await expectExact(second, in: harness)
  }

  @Test(arguments: 0..<4)
  func `an event written late during a run is archived by the next run at the latest`(seed: Int)
    async throws
  {
    let harness = try TestHarness(now: now) { configuration in
      configuration.seed = UInt64(seed)
      configuration.events = .generated(
        Generation(count: 400, window: Window(from: start, to: now), ties: 3))
      configuration.behaviours = [LateEvents(chance: 0.8, by: .hours(20), seed: UInt64(seed))]
    }
    let known = try harness.truth()
    let first = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 30 })
    #expect(BehaviourCase.Ending.complete.matches(first.outcome), "\(String(describing: first.outcome))")
    let covered = try await #require(try harness.manifest).coverage
    #expect(try await Set(harness.archived()).isSuperset(of: known.filter { covered.contains($0.time) }))

    harness.api.withLock { $0.setBehaviours([]) }
    harness.clock.advance(to: harness.clock.now + .hours(1))
    let second = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 30 })
    #expect(second.counters.lateEvents > 0)
    try await expectExact(second, in: harness)
  }

  @Test(arguments: [[], [EmptyPastEnd()]] as [[any Behaviour]])
  func `events that expire during a run and are older than its window do not harm it`(
    more: [any Behaviour]
  ) async throws {
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .generated(Generation(count: 400, window: Window(from: start, to: now)))
      configuration.behaviours = more + [Retention(now - (start - .days(1)))]
    }
    happenEverySecond(200, from: start - .days(1), in: harness)
    let first = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 20 })
    let counts = harness.api.withLock { $0.requests.count }
    #expect(counts > 10)
    // A list that shrinks before every request cannot be told from two copies of it, of which one lags behind.
    #expect(
      BehaviourCase.Ending.completeOrIncomplete.matches(first.outcome), "\(String(describing: first.outcome))"
    )
    #expect(try await harness.violations() == [])
    harness.api.withLock { $0.setBehaviours([]) }
    harness.clock.advance(to: harness.clock.now + .hours(1))
    let second = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 20 })
    try await expectExact(second, in: harness)
  }

  @Test(arguments: [[], [EmptyPastEnd()]] as [[any Behaviour]])
  func `a list without pagination fields is read until a 404 or an empty page`(
    more: [any Behaviour]
  ) async throws {
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .generated(Generation(count: 395, window: Window(from: start, to: now)))
      configuration.behaviours = [NoPagination()] + more
    }
    let first = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 20 })
    #expect(BehaviourCase.Ending.complete.matches(first.outcome), "\(String(describing: first.outcome))")
    // Where the answers do not say how long the list is, its end is asked for again.
    let past = harness.api.withLock { $0.requests.filter { $0.page == "21" } }
    #expect(
      past.map(\.status) == Array(repeating: more.isEmpty ? 404 : 200, count: PageWalk.endAnswersNeeded))
    try await expectExact(first, in: harness, upTo: now - .minutes(10))
  }

  private struct NoPagination: Behaviour {
    mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
      for name in ["Count", "Page", "PageTotal", "PageSize"] {
        response.headers["X-Pagination-\(name)"] = nil
      }
    }
  }

  private func happenEverySecond(_ count: Int, from time: Timestamp, in harness: TestHarness) {
    harness.api.withLock { api in
      api.change(harness.log) { log in
        for second in 0..<count { log.insertGenerated(at: time + .seconds(Double(second))) }
      }
    }
  }

  /// What a run says of itself is what the archive says.
  private func expectTruth(of summary: ExportSummary, in harness: TestHarness) async throws {
    let manifest = try await harness.manifest
    let settled = summary.plan.wanted.intervals.last?.to ?? start
    let isCovered = manifest?.coverage.contains(Window(from: start, to: settled)) ?? false
    if case .complete = summary.outcome {
      #expect(isCovered)
      #expect(manifest?.highWaterMark == settled)
    } else {
      #expect(!isCovered)
      #expect(manifest.map { $0.highWaterMark < settled } ?? true)
    }
  }

  private func expectExact(_ summary: ExportSummary, in harness: TestHarness, upTo time: Timestamp? = nil)
    async throws
  {
    try summary.requireComplete("the run after the fault")
    let manifest = try await #require(try harness.manifest)
    #expect(manifest.gaps.isEmpty)
    #expect(manifest.coverage.intervals == [Window(from: start, to: manifest.highWaterMark)])
    #expect(manifest.highWaterMark >= time ?? now)
    #expect(try await harness.violations() == [])
    let covered = manifest.coverage
    #expect(
      try await harness.archived().filter { covered.contains($0.time) }
        == harness.truth().filter { covered.contains($0.time) })
  }
}
