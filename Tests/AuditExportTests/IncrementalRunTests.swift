import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import TestSupport
import Testing

/// Nightly runs: what is new, late events, gaps, and what leaves the log.
@Suite(.fewAtOnce) struct IncrementalRunTests {
  private let start = time("2024-02-01T00:00:00Z")

  @Test(arguments: 0..<6)
  func
    `five nights with growth, ties and late events lose nothing and repeat nothing`(
      seed: Int
    ) async throws
  {
    let firstNight = time("2024-02-08T01:50:00Z")
    let harness = try TestHarness(now: firstNight) { configuration in
      configuration.seed = UInt64(seed)
      configuration.events = .generated(
        Generation(count: 3_000, window: Window(from: start, to: firstNight), ties: 1 + seed * 3))
      configuration.behaviours = [
        Growth(events: 1 + seed), LateEvents(chance: 0.3, by: .hours(12), seed: UInt64(seed)),
      ]
    }
    var late = 0
    for night in 0..<5 {
      let summary = try await harness.export(
        .incremental(backfillStart: start), adjust: { $0.pageSize = 100 })
      try summary.requireComplete("seed \(seed), night \(night)")
      let now = summary.commits.isEmpty ? harness.clock.now : try #require(summary.manifest).committedAt
      late += summary.counters.lateEvents
      let manifest = try await #require(try harness.manifest)
      #expect(manifest.gaps.isEmpty)
      #expect(manifest.coverage.intervals == [Window(from: start, to: manifest.highWaterMark)])
      #expect(manifest.highWaterMark <= now - .minutes(10))
      #expect(manifest.highWaterMark >= firstNight + .days(Double(night)) - .minutes(10))
      // An event that was written while the walk was under way, behind it, is the next night's.
      harness.api.withLock { $0.setBehaviours([]) }
      let nextNight = firstNight + .days(Double(night + 1))
      happen(in: harness, from: harness.clock.now, to: nextNight, seed: seed * 10 + night)
      harness.clock.advance(to: nextNight)
      harness.api.withLock {
        $0.setBehaviours([
          Growth(events: 1 + seed), LateEvents(chance: 0.3, by: .hours(12), seed: UInt64(seed * 7 + night)),
        ])
      }
    }
    harness.api.withLock { $0.setBehaviours([]) }
    let last = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 100 })
    #expect(last.plan.notes.isEmpty)
    #expect(try await harness.violations() == [], "seed \(seed)")
    #expect(late > 0, "seed \(seed) has no late event to find")
  }

  /// A day in the life of an organization: events, some at one instant, some written late.
  private func happen(in harness: TestHarness, from: Timestamp, to: Timestamp, seed: Int) {
    var random = SeededRandom(seed: seed)
    harness.api.withLock { api in
      api.change(harness.log) { log in
        var now = from
        while now < to {
          for _ in 0..<(random.once(in: 10) ? 40 : 1) { log.insertGenerated(at: now) }
          if random.once(in: 20) { log.insertGenerated(at: now - .hours(3)) }
          now = now + .seconds(Double.random(in: 1...900, using: &random))
        }
      }
    }
  }

  @Test
  func `without a backfill start, the first run fetches nothing and the next continues from there`()
    async throws
  {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try TestHarness(now: now, events: 500, since: start)
    let first = try await harness.export(.incremental(backfillStart: nil))
    #expect(first.plan.notes == [.beginsNow(now)])
    var manifest = try await #require(try harness.manifest)
    #expect(manifest.start == now)
    #expect(manifest.highWaterMark == now)
    #expect(manifest.coverage.intervals.isEmpty)
    #expect(try await harness.archived().isEmpty)

    harness.api.withLock { $0.change(harness.log) { $0.insertGenerated(at: now + .hours(1)) } }
    harness.clock.advance(to: now + .hours(2))
    let second = try await harness.export(.incremental(backfillStart: nil))
    manifest = try await #require(try harness.manifest)
    #expect(second.counters.rowsAdded == 1)
    #expect(manifest.highWaterMark == manifest.coverage.intervals.last?.to)
    #expect(try await harness.archived().map(\.time) == [now + .hours(1)])
  }

  @Test(arguments: [false, true])
  func `the lookback finds a late event although the run before was cut short`(
    isByHand: Bool
  ) async throws {
    let first = time("2024-02-08T02:00:00Z")
    let harness = try await TestHarness.withArchive(now: first, events: 1_001, since: start)

    // It shows 17 hours after it happened, and the second night, which looks back to it, ends after the newest day.
    let late = time("2024-02-07T10:00:00Z")
    let second = time("2024-02-09T02:00:00Z")
    harness.api.withLock { api in
      api.change(harness.log) { log in
        log.insertGenerated(at: late)
        for hour in 0..<20 { log.insertGenerated(at: first + .hours(Double(hour) + 1)) }
        for minute in 0..<30 { log.insertGenerated(at: second - .minutes(Double(minute) + 30)) }
      }
    }
    harness.clock.advance(to: second)
    if isByHand {
      _ = try await harness.export(
        .window(Window(from: time("2024-02-08T12:00:00Z"), to: second), replace: false))
    } else {
      harness.beforeRequest.withLock {
        $0 = { (number: Int) throws(TransportFault) in if number > 4 { throw .interrupted("cut") } }
      }
      let cut = try await harness.export(
        .incremental(backfillStart: nil),
        adjust: {
          $0.pageSize = 15
          $0.timeFilter = .walk
        })
      guard case .stoppedByAPI = cut.outcome else {
        Issue.record("the second night was not cut short: \(String(describing: cut.outcome))")
        return
      }
      // What the archive holds has not been looked at, so nothing new is claimed; what was received is kept.
      await #expect(try #require(try harness.manifest).coverage.end == first - .minutes(10))
      #expect(try await harness.archived().last?.time ?? first > time("2024-02-09T00:00:00Z"))
      harness.beforeRequest.withLock { $0 = { (_: Int) throws(TransportFault) in } }
    }
    #expect(try await !harness.archived().map(\.time).contains(late))

    harness.clock.advance(to: time("2024-02-11T02:00:00Z"))
    let third = try await harness.export(.incremental(backfillStart: nil))
    #expect(try await harness.archived().map(\.time).contains(late))
    #expect(third.counters.lateEvents == 1)
    let manifest = try await #require(try harness.manifest)
    #expect(
      manifest.lookbackDue.intervals == [
        Window(from: time("2024-02-10T02:00:00Z"), to: manifest.highWaterMark)
      ])
    #expect(try await harness.violations() == [])
  }

  @Test func `an earlier backfill start opens a gap that the same run fills`() async throws {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try TestHarness(now: now, events: 2_001, since: start)
    _ = try await harness.export(.incremental(backfillStart: time("2024-02-06T06:00:00Z")))
    let summary = try await harness.export(.incremental(backfillStart: time("2024-02-03T00:00:00Z")))
    #expect(
      summary.plan.notes
        == [.startMovedBack(from: time("2024-02-06T06:00:00Z"), to: time("2024-02-03T00:00:00Z"))])
    let manifest = try await #require(try harness.manifest)
    #expect(manifest.start == time("2024-02-03T00:00:00Z"))
    #expect(manifest.gaps.isEmpty)
    #expect(try await harness.violations() == [])
    #expect(try await harness.archived().first?.time ?? now < time("2024-02-03T01:00:00Z"))
  }

  @Test func `a run without new events writes no revision and extends the coverage`() async throws {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try TestHarness(now: now, events: 500, since: start, until: now - .hours(2))
    let first = try await harness.export(.incremental(backfillStart: start))
    #expect(first.daysWritten.count == 8)
    let before = try await #require(try harness.manifest)
    harness.clock.advance(to: now + .hours(1))
    let second = try await harness.export(.incremental(backfillStart: start))
    let after = try await #require(try harness.manifest)
    #expect(second.daysWritten.isEmpty)
    #expect(second.counters.rowsAdded == 0)
    #expect(after.partitions.map(\.revision) == before.partitions.map(\.revision))
    #expect(after.highWaterMark > before.highWaterMark)
  }

  @Test(arguments: 1...3)
  func `an event that only the second read of a run shows has not vanished`(
    thinned requests: Int
  )
    async throws
  {
    let now = time("2024-02-08T12:00:00Z")
    let harness = try await TestHarness.withArchive(now: now, events: 501, since: start)
    harness.clock.advance(to: now + .hours(12))
    harness.api.withLock {
      $0.setBehaviours([ThinnedList(to: .every(3), during: RequestRange(from: 1, length: requests))])
    }
    let summary = try await harness.export(.incremental(backfillStart: nil))
    try summary.requireComplete()
    #expect(summary.counters.vanishedEvents == 0)
  }

  @Test func `an interrupted backfill resumes in the gap and fetches no covered day again`() async throws {
    let now = time("2024-02-20T12:00:00Z")
    let harness = try TestHarness(now: now, events: 20_001, since: start)
    let settings: (inout ExportSettings) -> Void = { settings in
      settings.pageSize = 100
      settings.lookback = .hours(1)
    }
    harness.beforeRequest.withLock { gate in
      gate = { number throws(TransportFault) in if number > 60 { throw .cancelled } }
    }
    let first = try await harness.export(.incremental(backfillStart: start), adjust: settings)
    guard case .stoppedByAPI(.cancelled) = first.outcome else {
      Issue.record("it was not stopped")
      return
    }
    let gap = try await #require(try harness.manifest?.gaps.first)
    #expect(gap.from == start)
    #expect(try await harness.violations() == [])
    await #expect(try harness.manifest?.highWaterMark == start)

    harness.beforeRequest.withLock { gate in gate = { _ throws(TransportFault) in } }
    harness.clock.advance(to: now + .hours(1))
    let before = harness.api.withLock { $0.requests.count }
    let second = try await harness.export(.incremental(backfillStart: start), adjust: settings)
    let requests = harness.api.withLock { $0.requests.count } - before
    await #expect(try harness.manifest?.gaps == [])
    #expect(try await harness.violations() == [])
    #expect(second.counters.timeFilter == "seek")
    // The gap's own pages, the newest hour's, a search among 200 pages, and two walks that end where they began.
    let own = try harness.truth().count { gap.contains($0.time) } / 100 + 1
    #expect(requests <= own + 2 + 8 + 6)
  }

  @Test func `events that expired after sixty days are not mistaken for a quiet year`() async throws {
    let now = time("2024-02-20T12:00:00Z")
    let oldest = now - .days(60)
    let harness = try TestHarness(now: now, events: 3_000, since: oldest)
    let first = try await harness.export(.incremental(backfillStart: now - .days(300)))
    let visible = try #require(try harness.truth().first).time
    let manifest = try await #require(try harness.manifest)
    #expect(manifest.start == visible)
    #expect(manifest.gaps.isEmpty)
    #expect(first.plan.notes == [.nothingShown(Window(from: now - .days(300), to: visible))])

    harness.clock.advance(to: now + .days(1))
    let second = try await harness.export(.incremental(backfillStart: now - .days(300)))
    #expect(second.plan.notes.isEmpty)
    await #expect(try harness.manifest?.start == visible)
  }

  @Test func `a run warns if missing events will soon expire from the plan's log`() async throws {
    let now = time("2024-02-20T12:00:00Z")
    let harness = try TestHarness(now: now, events: 300, since: start)
    let summary = try await harness.export(.incremental(backfillStart: start))
    let mark = try #require(summary.manifest).highWaterMark
    #expect(summary.loss(after: .days(30), now: now) == nil)
    #expect(summary.loss(after: .days(30), now: now + .days(22)) == nil)
    let loss = summary.loss(after: .days(30), now: now + .days(23))
    #expect(loss?.lacking == mark)
    #expect(loss?.lostAt == mark + .days(30))
  }

  @Test func `events that expire while the list is read are not claimed`() async throws {
    let now = time("2024-02-08T01:50:00Z")
    let kept = TimeSpan.hours(60)
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .generated(Generation(count: 400, window: Window(from: start, to: now)))
      configuration.behaviours = [Retention(kept)]
    }
    harness.api.withLock { api in
      api.change(harness.log) { log in
        for second in 0..<200 { log.insertGenerated(at: now - kept + .seconds(Double(second))) }
      }
    }
    let settings: (inout ExportSettings) -> Void = { settings in
      settings.pageSize = 20
      settings.retention = kept
    }
    _ = try await harness.export(.incremental(backfillStart: start), adjust: settings)
    #expect(try await harness.violations() == [])
  }

  @Test(arguments: [30, 45])
  func `a list that grows as fast as it is read ends the run as incomplete, and received events are kept`(
    growth: Int
  )
    async throws
  {
    let now = time("2024-02-08T01:50:00Z")
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .generated(Generation(count: 400, window: Window(from: start, to: now)))
      configuration.behaviours = [Growth(events: growth)]
    }
    let summary = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 30 })
    guard case .incomplete = summary.outcome else {
      Issue.record("it ended as \(String(describing: summary.outcome))")
      return
    }
    #expect(try await harness.violations() == [])
  }
}

/// Two events whose uuids have one `IdentityHash` are two events, whatever is decided about one of them.
@Suite(.fewAtOnce) struct CollisionTests {
  private let start = time("2024-02-12T00:00:00Z")
  private let now = time("2024-02-16T12:00:00Z")

  private func record(_ uuid: String, _ time: Timestamp) -> [UInt8] {
    Array(#"{"actor":"a","event":"e","event_at":"\#(time)","uuid":"\#(uuid)"}"#.utf8)
  }

  /// - Parameters:
  ///   - apart: hours from the archived event to the one that comes later.
  ///   - isErased: whether the API no longer shows the archived one.
  @Test(arguments: [-20.0, -1, 1, 20], [false, true])
  func `a late event whose uuid hash collides with an archived one is kept`(apart: Double, isErased: Bool)
    async throws
  {
    var random = SeededRandom(seed: Int(apart))
    let (archived, late) = collidingUUIDs(&random)
    let harness = try TestHarness(now: now, events: 801, since: start)
    let time = now - .hours(apart < 0 ? 1.5 : 22)
    harness.api.withLock { $0.change(harness.log) { $0.insert(record: record(archived, time)) } }
    _ = try await harness.export(.incremental(backfillStart: start))
    harness.api.withLock { api in
      api.change(harness.log) { log in
        if isErased { log.erase(log.events.firstIndex(from: time)) }
        log.insert(record: record(late, time + .hours(apart)))
      }
    }
    harness.clock.advance(to: now + .hours(1))
    let summary = try await harness.export(.incremental(backfillStart: nil))
    #expect(summary.counters.lateEvents == 1 && summary.counters.conflictingEvents == 0)
    #expect(summary.counters.vanishedEvents == (isErased ? 1 : 0))
    let uuids = try await harness.archived().map(\.uuid)
    #expect(uuids.count { $0 == archived } == 1 && uuids.count { $0 == late } == 1)
    #expect(try await harness.violations() == [])
  }
}
