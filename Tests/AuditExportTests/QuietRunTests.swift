import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import ObjectStoreFakes
import Synchronization
import TestSupport
import Testing

/// Frequent runs of a quiet log: at most once an hour they record that nothing happened.
@Suite(.fewAtOnce) struct QuietRunTests {
  private let start = time("2024-12-19T00:00:00Z")
  private let now = time("2024-12-20T10:02:00Z")

  private func harness(events: Int = 40) async throws -> TestHarness {
    let harness = try TestHarness(now: now) { [start] configuration in
      configuration.events = .generated(
        Generation(count: events, window: Window(from: start, to: start + .hours(20))))
    }
    try await harness.export(.incremental(backfillStart: start)).requireComplete()
    return harness
  }

  @discardableResult
  private func export(
    _ harness: TestHarness, _ request: ExportSettings.Request = .incremental(backfillStart: nil),
    adjust: (inout ExportSettings) -> Void = { _ in }
  ) async throws -> ExportSummary {
    let summary = try await harness.export(
      request,
      adjust: {
        $0.quietCommitInterval = .hours(1)
        adjust(&$0)
      })
    try summary.requireComplete()
    return summary
  }

  @Test func `runs every five minutes record a quiet hour once`() async throws {
    let harness = try await harness()
    let before = try await #require(try harness.manifest)
    for minutes in stride(from: 5, to: 60, by: 5) {
      harness.clock.advance(to: now + .minutes(Double(minutes)))
      let summary = try await export(harness)
      #expect(summary.commits.isEmpty)
      #expect(summary.counters.complete)
      #expect(summary.counters.requests > 0)
      #expect(summary.unrecordedEnd == now + .minutes(Double(minutes - 10)))
      await #expect(try harness.manifest == before)
    }
    harness.clock.advance(to: now + .hours(1))
    let summary = try await export(harness)
    #expect(summary.commits == [before.commit + 1])
    #expect(summary.unrecordedEnd == nil)
    await #expect(try harness.manifest?.highWaterMark == now + .minutes(50))
    #expect(try await harness.violations() == [])
  }

  @Test func `an event is committed at once, with the coverage that was not recorded before`() async throws {
    let harness = try await harness()
    harness.clock.advance(to: now + .minutes(5))
    try await export(harness)
    harness.api.withLock { $0.change(harness.log) { [now] in $0.insertGenerated(at: now + .minutes(6)) } }
    harness.clock.advance(to: now + .minutes(17))
    let summary = try await export(harness)
    #expect(summary.daysWritten == [Day(containing: now)])
    #expect(summary.commits.count == 1)
    await #expect(try harness.manifest?.highWaterMark == now + .minutes(7))
    harness.clock.advance(to: now + .minutes(25))
    #expect(try await export(harness).commits.isEmpty)
    #expect(try await harness.violations() == [])
  }

  @Test func `a late event in the lookback is committed at once`() async throws {
    let harness = try await harness()
    harness.clock.advance(to: now + .minutes(5))
    harness.api.withLock { $0.change(harness.log) { [now] in $0.insertGenerated(at: now - .hours(5)) } }
    let summary = try await export(harness)
    #expect(summary.counters.rowsAdded == 1)
    #expect(summary.commits.count == 1)
  }

  @Test func `a day that begins or is settled is recorded at once`() async throws {
    let harness = try await harness()
    // The first minute of a day that the settle window shows.
    let midnight = Day(containing: now).end
    harness.clock.advance(to: midnight)
    #expect(try await export(harness).commits.count == 1)
    harness.clock.advance(to: midnight + .minutes(9))
    #expect(try await export(harness).commits.isEmpty)
    harness.clock.advance(to: midnight + .minutes(11))
    let summary = try await export(harness)
    #expect(summary.commits.count == 1)
    #expect(summary.manifest?.partition(Day(containing: midnight))?.rows == 0)
  }

  @Test func `a window that is exported by hand is recorded`() async throws {
    let harness = try await harness()
    harness.clock.advance(to: now + .minutes(5))
    let window = Window(from: start, to: start + .hours(1))
    #expect(try await export(harness, .window(window, replace: false)).commits.count == 1)
  }

  @Test func `an older start is recorded`() async throws {
    let harness = try await harness()
    harness.clock.advance(to: now + .minutes(5))
    #expect(
      try await export(harness, .incremental(backfillStart: start - .minutes(1))).commits.count == 1)
  }

  @Test func `a complete run after an incomplete one is recorded`() async throws {
    let harness = try await harness()
    harness.clock.advance(to: now + .minutes(5))
    harness.api.withLock { $0.change(harness.log) { [now] in $0.insertGenerated(at: now - .hours(1)) } }
    harness.api.withLock { $0.setBehaviours([CutList(to: 20)]) }
    let failed = try await harness.export(
      .incremental(backfillStart: nil), adjust: { $0.quietCommitInterval = .hours(1) })
    guard case .incomplete = failed.outcome else {
      Issue.record("\(failed.outcome)")
      return
    }
    harness.api.withLock { $0.setBehaviours([]) }
    harness.clock.advance(to: now + .minutes(10))
    #expect(try await export(harness).commits.count == 1)
    harness.clock.advance(to: now + .minutes(15))
    #expect(try await export(harness).commits.isEmpty)
  }

  @Test func `a run that is not recorded writes nothing but its lease to a bucket`() async throws {
    let bucket = ObjectBucket()
    let harness = try TestHarness(now: now, store: .objects(bucket)) { [start] configuration in
      configuration.events = .generated(
        Generation(count: 40, window: Window(from: start, to: start + .hours(20))))
    }
    harness.isVerified.withLock { $0 = false }
    try await harness.export(.incremental(backfillStart: start)).requireComplete()
    let before = Set(bucket.paths)
    harness.clock.advance(to: now + .minutes(5))
    bucket.store.startRecording()
    try await export(harness)
    #expect(Set(bucket.paths) == before)
    #expect(bucket.store.recorded == 10)
  }
}
