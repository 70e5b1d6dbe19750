import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import TestSupport
import Testing

@Suite(.fewAtOnce) struct InFlightTests {
  private let start = time("2024-02-01T00:00:00Z")
  private let now = time("2024-02-08T01:50:00Z")

  private func harness(_ behaviours: [any Behaviour] = [], ties: Int = 1) throws -> TestHarness {
    try TestHarness(now: now) { configuration in
      configuration.events = .generated(
        Generation(count: 3_000, window: Window(from: start, to: now), ties: ties))
      configuration.behaviours = behaviours
    }
  }

  @Test(arguments: 0..<6)
  func `with pages in flight and a growing list, the archive is exact or the run is incomplete`(seed: Int)
    async throws
  {
    let harness = try harness(
      [Growth(events: seed % 3), ShuffledTies(seed: UInt64(seed))], ties: 1 + seed * 3)
    let summary = try await harness.export(
      .incremental(backfillStart: start),
      adjust: { settings in
        settings.pageSize = 100
        settings.maxConcurrentRequests = 4
      })
    switch summary.outcome {
    case .complete, .incomplete: break
    default: Issue.record("\(summary.outcome)")
    }
    #expect(try await harness.violations() == [])
    harness.api.withLock { $0.setBehaviours([]) }
    let calm = try await harness.export(
      .incremental(backfillStart: start), adjust: { $0.maxConcurrentRequests = 4 })
    try calm.requireComplete("")
    #expect(try await harness.violations() == [])
  }

  @Test(arguments: [1, 2, 4, 16])
  func `a quiet list costs one request per page, plus those in flight at its end`(limit: Int)
    async throws
  {
    let harness = try harness()
    let summary = try await harness.export(
      .window(Window(from: now - .days(1), to: now), replace: false),
      adjust: { settings in
        settings.pageSize = 20
        settings.maxConcurrentRequests = limit
      })
    let rows = try await #require(try harness.manifest).partitions.reduce(0) { $0 + $1.rows }
    let pages = (rows + 19) / 20
    #expect(summary.counters.requests <= pages + 4 + limit - 1)
    #expect(try await harness.violations() == [])
  }

  @Test func `a fault in a page requested ahead surfaces in page order, and earlier pages are kept`()
    async throws
  {
    let harness = try harness()
    harness.beforeRequest.withLock {
      $0 = { (number: Int) throws(TransportFault) in if number > 12 { throw .untrusted(.notTLS) } }
    }
    let summary = try await harness.export(
      .incremental(backfillStart: start),
      adjust: { settings in
        settings.pageSize = 100
        settings.maxConcurrentRequests = 4
      })
    guard case .stoppedByAPI(.unsafe) = summary.outcome else {
      Issue.record("\(summary.outcome)")
      return
    }
    #expect(summary.counters.rowsAdded > 0)
    #expect(try await harness.violations() == [])
  }
}
