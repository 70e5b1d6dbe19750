import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

/// A claim of coverage is a conclusion from evidence, and evidence against it withdraws it: whatever the API does, what a
/// run claims is archived, and a run that is complete has claimed all that the API showed throughout.
@Suite(.fewAtOnce) struct ClaimTests {
  private let now = time("2024-02-21T01:50:00Z")
  private let start = time("2024-02-01T01:50:00Z")

  // MARK: A first run

  @Test(arguments: ContradictionCase.all)
  func `a first run claims nothing that contradicts the evidence, and the next run completes it`(
    claim: ContradictionCase
  )
    async throws
  {
    let harness = try harness(claim)
    let mark = harness.mark
    let summary = try await export(
      .incremental(backfillStart: start), from: harness, pageSize: claim.pageSize, .walk)
    #expect(claim.ends.matches(summary.outcome), "it ended as \(summary.outcome)")
    try await expectHonest(summary, Window(from: start, to: now - .minutes(10)), in: harness, since: mark)
    guard claim.recovers else { return }
    harness.api.withLock { $0.setBehaviours([]) }
    harness.clock.advance(to: max(harness.clock.now, now + .hours(1)))
    let second = try await export(.incremental(backfillStart: start), from: harness, pageSize: claim.pageSize)
    #expect(
      ContradictionCase.Ending.complete.matches(second.outcome), "the second run ended as \(second.outcome)")
    try await expectHonest(second, Window(from: start, to: now + .minutes(50)), in: harness)
  }

  @Test(
    arguments: ContradictionCase.all.filter { $0.reach == .anywhere },
    [ExportSettings.TimeFilter.seek, .auto, .filter])
  func `an explicit window claims nothing that contradicts the evidence`(
    claim: ContradictionCase, way: ExportSettings.TimeFilter
  ) async throws {
    let harness = try harness(claim)
    let mark = harness.mark
    let window = Window(from: time("2024-02-12T00:00:00Z"), to: time("2024-02-15T00:00:00Z"))
    let summary = try await export(
      .window(window, replace: false), from: harness, pageSize: claim.pageSize, way)
    #expect(ContradictionCase.Ending.honest.matches(summary.outcome), "it ended as \(summary.outcome)")
    try await expectHonest(summary, window, in: harness, since: mark)
  }

  @Test(arguments: [
    ContradictionCase("nothing, without fields", EmptyList()),
    ContradictionCase("nothing, and a count of zero", EmptyList(fields: .zero)),
    ContradictionCase("nothing, and a count of all", EmptyList(fields: .kept)),
  ]) func `a list that has never shown an event proves nothing`(claim: ContradictionCase) async throws {
    let harness = try harness(claim)
    _ = try await harness.export(.incremental(backfillStart: start))
    await #expect(try harness.manifest?.coverage.intervals ?? [] == [])
  }

  @Test(arguments: [
    PageRefusal.status(400), .status(404), .status(422), .empty,
  ]) func `the time filter reaches a window beyond the pages that are shown`(refusal: PageRefusal)
    async throws
  {
    let harness = try harness(ContradictionCase("deep", DeepPageLimit(.pages(3), refusal: refusal)))
    let window = Window(from: time("2024-02-05T00:00:00Z"), to: time("2024-02-06T00:00:00Z"))
    let summary = try await export(.window(window, replace: false), from: harness)
    #expect(ContradictionCase.Ending.complete.matches(summary.outcome), "it ended as \(summary.outcome)")
    try await expectHonest(summary, window, in: harness)
  }

  // MARK: Order

  @Test(arguments: ContradictionCase.misplaced)
  func `an event listed deeper than its time implies is archived`(
    claim: ContradictionCase
  )
    async throws
  {
    let harness = try harness(claim)
    let mark = harness.mark
    let window = Window(from: start, to: now - .minutes(10))
    for night in 0..<2 {
      let summary = try await export(
        .incremental(backfillStart: start), from: harness, night == 0 ? .walk : .auto)
      #expect(ContradictionCase.Ending.honest.matches(summary.outcome), "it ended as \(summary.outcome)")
      try await expectHonest(summary, window, in: harness, since: mark)
      // Whatever is claimed: what was received is never dropped.
      let archived = try await Set(harness.archived())
      let dropped = try harness.steady(since: mark).filter {
        window.contains($0.time) && !archived.contains($0)
      }
      #expect(dropped == [], "night \(night)")
    }
  }

  // MARK: Nights

  @Test(arguments: ContradictionCase.secondRuns)
  func `a run that sees less than what is archived claims nothing new`(
    claim: ContradictionCase
  )
    async throws
  {
    let harness = try await nightly(events: 480)
    let before = try await #require(try harness.manifest).coverage
    let archived = try await harness.archived()
    harness.api.withLock { $0.setBehaviours(claim.behaviours) }
    let mark = harness.mark
    let tonight = harness.clock.now
    let summary = try await export(.incremental(backfillStart: nil), from: harness)
    #expect(claim.ends.matches(summary.outcome), "it ended as \(summary.outcome)")
    if claim.ends == .incomplete { await #expect(try harness.manifest?.coverage == before) }
    let window = await Window(from: try #require(try harness.manifest).start, to: tonight - .minutes(10))
    try await expectHonest(summary, window, in: harness, since: mark)
    #expect(try await Set(harness.archived()).isSuperset(of: archived))
    guard claim.recovers else { return }
    harness.api.withLock { $0.setBehaviours([]) }
    harness.clock.advance(to: tonight + .hours(1))
    let next = try await export(.incremental(backfillStart: nil), from: harness)
    #expect(ContradictionCase.Ending.complete.matches(next.outcome), "the next run ended as \(next.outcome)")
    try await expectHonest(next, Window(from: window.from, to: tonight + .minutes(50)), in: harness)
  }

  @Test(arguments: 1...5, [[0, 1], [1, 0]])
  func `a run over a few pages of alternating replicas claims only what it received`(
    pages: Int, order: [Int]
  ) async throws {
    for lag in [1, 7, 50, 100] {
      for sharesCount in [true, false] {
        // The window and the lookback have so many pages of 100.
        let harness = try await nightly(events: 50 * pages - 10)
        harness.api.withLock {
          $0.setBehaviours([
            LaggingReplica([.events(0), .events(lag)], choice: .listed(order), sharesCount: sharesCount)
          ])
        }
        let mark = harness.mark
        let window = await Window(
          from: try #require(try harness.manifest).start, to: harness.clock.now - .minutes(10))
        let summary = try await export(.incremental(backfillStart: nil), from: harness)
        #expect(
          ContradictionCase.Ending.honest.matches(summary.outcome),
          "lag \(lag): it ended as \(summary.outcome)")
        try await expectHonest(summary, window, in: harness, since: mark)
      }
    }
  }

  @Test(arguments: ContradictionCase.all.filter { $0.reach != .end })
  func `a nightly run claims nothing that contradicts the evidence`(claim: ContradictionCase) async throws {
    let harness = try await nightly(events: 480, filling: claim.events)
    harness.api.withLock { $0.setBehaviours(claim.behaviours) }
    let mark = harness.mark
    let window = await Window(
      from: try #require(try harness.manifest).start, to: harness.clock.now - .minutes(10))
    let summary = try await export(.incremental(backfillStart: nil), from: harness, pageSize: claim.pageSize)
    #expect(ContradictionCase.Ending.honest.matches(summary.outcome), "it ended as \(summary.outcome)")
    try await expectHonest(summary, window, in: harness, since: mark)
  }

  @Test(arguments: [-30.0, -5, -0.01, 0.01, 11, 20])
  func `an archived event whose time changes between two runs is archived once`(hours: Double) async throws {
    let harness = try await nightly(events: 480)
    // 480 events are newer than what is archived, and as many lie within the lookback.
    harness.api.withLock {
      $0.change(harness.log) { log in
        let index = log.events.count - 1 - 720
        log.move(index, to: log.events.time(index) + .hours(hours))
      }
    }
    for night in 0..<2 {
      let summary = try await export(.incremental(backfillStart: nil), from: harness)
      #expect(
        ContradictionCase.Ending.complete.matches(summary.outcome),
        "night \(night) ended as \(summary.outcome)")
      // Moved to before what the night reads again, it is no longer shown there.
      #expect(summary.counters.vanishedEvents <= (hours == -30 ? 1 : 0), "night \(night)")
      #expect(try await harness.violations() == [], "night \(night)")
      harness.clock.advance(to: now + .hours(1))
    }
  }

  // MARK: The filter's clock

  private static let clocks: [(String, FilterClock)] =
    [("when it was written", FilterClock())]
    + (0..<4).flatMap { seed in
      [0.02, 0.3].flatMap { chance in
        [3.0, -3, 40, -40].map { hours in
          (
            "\(chance) of the events by up to \(hours) hours, seed \(seed)",
            FilterClock(shift: .hours(hours), chance: chance, seed: UInt64(seed))
          )
        }
      }
    }

  @Test(arguments: clocks, [ExportSettings.TimeFilter.auto, .filter])
  func `a filter on another clock hides no event of a claimed window`(
    clock: (name: String, clock: FilterClock), way: ExportSettings.TimeFilter
  ) async throws {
    let harness = try TestHarness(now: now) { configuration in
      configuration.timeFilter = .onClock(clock.clock)
      configuration.events = .generated(Generation(count: 1_500, window: Window(from: start, to: now)))
    }
    let day = Window(from: time("2024-02-05T00:00:00Z"), to: time("2024-02-06T00:00:00Z"))
    // It happened on that day, and was written 40 hours later.
    let late = day.from + .hours(4)
    harness.api.withLock { api in
      api.change(harness.log) {
        // Without events close together no filter can be measured.
        for minute in (15..<115).reversed() { $0.insertGenerated(at: now - .minutes(Double(minute))) }
        $0.insert(
          record: Array(#"{"uuid": "late", "event_at": "\#(late)"}"#.utf8), written: late + .hours(40))
      }
    }
    let summary = try await export(.window(day, replace: false), from: harness, pageSize: 10, way)
    try await expectHonest(summary, day, in: harness)
    guard way == .auto else {
      #expect(ContradictionCase.Ending.honest.matches(summary.outcome), "it ended as \(summary.outcome)")
      return
    }
    #expect(summary.counters.timeFilter == "seek")
    #expect(ContradictionCase.Ending.complete.matches(summary.outcome), "it ended as \(summary.outcome)")
    #expect(try await harness.archived().contains(Event(time: late, uuid: "late")))
  }

  // MARK: The API's clock

  @Test(arguments: [-86_400.0, -7_200, -90, 0, 90, 7_200, 86_400, 1.7e9], [TimeSpan.zero, .hours(3)])
  func `coverage ends by the API's clock, whatever the local clock says`(lead: Double, age: TimeSpan)
    async throws
  {
    let harness = try TestHarness(now: now - .seconds(lead)) { configuration in
      configuration.events = .generated(Generation(count: 400, window: Window(from: start, to: now)))
      configuration.behaviours = [DateField(ahead: .zero, age: age == .zero ? nil : age)]
    }
    harness.apiLead.withLock { $0 = .seconds(lead) }
    let summary = try await export(.incremental(backfillStart: start), from: harness)
    #expect(ContradictionCase.Ending.complete.matches(summary.outcome), "it ended as \(summary.outcome)")
    let mark = try await #require(try harness.manifest).highWaterMark
    #expect(mark <= now - .minutes(9) && mark >= now - .minutes(13))
    try await expectHonest(summary, Window(from: start, to: now - .minutes(13)), in: harness)
  }

  @Test(arguments: [-86_400.0, -3_600, 3_600, 86_400], [2, 4])
  func `a run claims nothing in the future if the API's clock changes meanwhile`(
    step: Double, request: Int
  )
    async throws
  {
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .generated(Generation(count: 1_000, window: Window(from: start, to: now)))
      configuration.behaviours = [
        DateField(ahead: .zero, steps: [.init(beforeRequest: request, by: .seconds(step))])
      ]
    }
    _ = try await export(.incremental(backfillStart: start), from: harness)
    #expect(try await harness.violations() == [])
    await #expect(try harness.manifest?.highWaterMark ?? start <= now)
  }

  @Test func `a single response with an earlier time than the others is believed`() async throws {
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .generated(Generation(count: 1_000, window: Window(from: start, to: now)))
      configuration.behaviours = [
        DateField(
          ahead: .days(1),
          steps: [.init(beforeRequest: 2, by: .days(-1)), .init(beforeRequest: 3, by: .days(1))])
      ]
    }
    _ = try await export(.incremental(backfillStart: start), from: harness)
    #expect(try await harness.violations() == [])
    await #expect(try harness.manifest?.highWaterMark ?? start <= now)
  }

  // MARK: What the cases share

  private func export(
    _ request: ExportSettings.Request, from harness: TestHarness, pageSize: Int = 100,
    _ way: ExportSettings.TimeFilter = .auto
  ) async throws -> ExportSummary {
    try await harness.export(
      request,
      adjust: {
        $0.pageSize = pageSize
        $0.timeFilter = way
      })
  }

  private func harness(_ claim: ContradictionCase) throws -> TestHarness {
    try TestHarness(now: now) { configuration in
      configuration.events = .generated(
        Generation(count: claim.events, window: Window(from: start, to: now), ties: claim.ties))
      configuration.behaviours = claim.behaviours
    }
  }

  /// A log with so many events a day and an archive that is complete up to a day ago.
  ///
  /// - Parameter total: how many events the log has in all; without it, those of six days.
  private func nightly(events: Int, filling total: Int? = nil) async throws -> TestHarness {
    let step = TimeSpan(microseconds: Day.microseconds / Int64(events))
    let count = total ?? events * 6
    let harness = try TestHarness(now: now - .days(1))
    insert(count - events, endingAt: now - .days(1), step, in: harness)
    let first = try await export(.incremental(backfillStart: now - .days(3.5)), from: harness)
    guard case .complete = first.outcome else { throw FirstRunFailed(outcome: "\(first.outcome)") }
    harness.clock.advance(to: now)
    insert(events, endingAt: now, step, in: harness)
    return harness
  }

  private struct FirstRunFailed: Error {
    var outcome: String
  }

  private func insert(_ count: Int, endingAt end: Timestamp, _ step: TimeSpan, in harness: TestHarness) {
    harness.api.withLock { api in
      api.change(harness.log) { log in
        for index in (0..<max(0, count)).reversed() {
          log.insertGenerated(at: end - .seconds(1) - step * index)
        }
      }
    }
  }

  /// What is claimed is archived, and a complete run has claimed all of the window that the log had throughout.
  private func expectHonest(
    _ summary: ExportSummary, _ window: Window, in harness: TestHarness, since mark: LogMark? = nil
  ) async throws {
    #expect(try await harness.violations(steadySince: mark) == [])
    guard case .complete = summary.outcome else { return }
    let coverage = try await harness.manifest?.coverage ?? Coverage()
    let unclaimed = try harness.steady(since: mark).filter {
      window.contains($0.time) && !coverage.contains($0.time)
    }
    #expect(unclaimed.isEmpty, "complete, and not claimed: \(unclaimed.count), \(unclaimed.prefix(3))")
  }
}
