import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

/// The API's clock runs behind this machine's, and its answers say so.
private struct APIClock: Behaviour {
  /// What the answers say.
  let date: String

  mutating func revise(_ response: inout EmulatedResponse, for context: RequestContext) {
    response.headers["Date"] = date
  }
}

@Suite(.fewAtOnce) struct ClockTests {
  /// Thursday; an hour ahead of what the API says.
  private let now = time("2024-02-08T12:00:00Z")
  private let start = time("2024-02-05T00:00:00Z")
  private let anHourBefore = APIClock(date: "Thu, 08 Feb 2024 11:00:00 GMT")

  @Test func `with a clock ahead of the API's, a run claims nothing that has not happened yet`() async throws
  {
    let api = time("2024-02-08T11:00:00Z")
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .generated(Generation(count: 300, window: Window(from: start, to: api)))
      configuration.behaviours = [anHourBefore]
    }
    let summary = try await harness.export(.incremental(backfillStart: start))
    #expect(summary.clockLead >= .hours(1))
    let mark = try await #require(try harness.manifest).highWaterMark
    #expect(mark <= api - .minutes(10) && mark > api - .minutes(12))
    #expect(try await harness.violations() == [])
  }

  @Test func `a new archive without a backfill starts by the API's clock if the local one is ahead`()
    async throws
  {
    let harness = try TestHarness(now: now) { $0.behaviours = [anHourBefore] }
    let summary = try await harness.export(.incremental(backfillStart: nil))
    #expect(summary.plan.start <= time("2024-02-08T11:00:00Z"))
  }

  @Test(arguments: [TimeSpan.minutes(30), .hours(5), .days(3)])
  func `after a run with a clock that was ahead, later events do not count as covered`(
    later: TimeSpan
  ) async throws {
    let harness = try await TestHarness.withArchive(now: now, events: 300, since: start)
    harness.api.withLock { $0.setBehaviours([DateField(ahead: .days(40))]) }
    _ = try await harness.export(.incremental(backfillStart: start))
    await #expect(try #require(try harness.manifest).highWaterMark > now + .days(39))

    harness.api.withLock { $0.setBehaviours([DateField(ahead: .zero)]) }
    for number in 1..<20 {
      let at = now + TimeSpan(microseconds: later.microseconds / 20 * Int64(number))
      try harness.arrive(Array(#"[{"uuid":"since-\#(number)","event_at":"\#(at)"}]"#.utf8))
    }
    harness.clock.advance(to: now + later)
    let summary = try await harness.export(.incremental(backfillStart: start))
    #expect(summary.plan.notes.contains { if case .coverageInFuture = $0 { true } else { false } })
    #expect(try await harness.violations() == [])
    let manifest = try await #require(try harness.manifest)
    #expect(manifest.gaps.isEmpty)
    #expect(manifest.highWaterMark <= now + later - .minutes(10))
    #expect(manifest.highWaterMark > now + later - .minutes(12))
  }

  @Test func `a difference of seconds between the clocks is ignored`() async throws {
    let harness = try TestHarness(now: now) {
      $0.behaviours = [APIClock(date: "Thu, 08 Feb 2024 11:59:30 GMT")]
    }
    let summary = try await harness.export(.incremental(backfillStart: start))
    #expect(summary.clockLead == .zero)
    await #expect(try #require(try harness.manifest).highWaterMark <= now - .seconds(30) - .minutes(10))
  }
}
