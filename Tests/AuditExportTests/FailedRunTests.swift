import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import HTTP
import Synchronization
import TestSupport
import Testing

/// What a run that fails, or cannot tidy up, says of itself.
@Suite(.fewAtOnce) struct FailedRunTests {
  private let start = time("2024-02-01T00:00:00Z")
  private let now = time("2024-02-10T01:00:00Z")

  private func harness(_ disk: FaultyFileSystem = FaultyFileSystem(folder: "/archive")) throws -> TestHarness
  {
    try TestHarness(now: now, files: disk) { configuration in
      configuration.events = .generated(Generation(count: 901, window: Window(from: start, to: now), ties: 2))
    }
  }

  @Test(arguments: RunCrashTests.Kind.allCases)
  func `a run whose disk fails at any operation reports exactly what it committed`(
    _ kind: RunCrashTests.Kind
  ) async throws {
    let (scenario, first) = try await kind.scenarioOnDisk()
    let before = try await CrashScenario.state(of: .disk(first))
    let whole = try await scenario.run(on: scenario.store.copy())
    let (operations, rows) = (try await scenario.baseline().calls, rows(of: before))
    var (partly, tidied) = (0, 0)
    for number in 1...operations {
      let disk = FaultyFileSystem(copyOf: first)
      disk.fail(at: number, FaultyFileSystem.Fault.allCases.filter { $0 != .death }[number % 4])
      let summary: ExportSummary
      do { summary = try await scenario.run(on: .disk(disk)) } catch is ArchiveError { continue }
      disk.restart()
      let after = try await CrashScenario.state(of: .disk(disk))
      let place = "\(kind.rawValue), operation \(number)"
      #expect(summary.manifest == after, "\(place)")
      #expect(summary.commits == Array((before?.commit ?? 0) + 1..<(after?.commit ?? 0) + 1), "\(place)")
      #expect(summary.counters.rowsAdded == self.rows(of: after) - rows, "\(place)")
      #expect(
        summary.daysWritten
          == (after?.partitions ?? []).filter { $0.revision > before?.partition($0.eventDate)?.revision ?? 0 }
          .map(\.eventDate), "\(place)")
      // All of it was received before the disk was written to, or is not counted.
      #expect(summary.counters.eventsReceived <= whole.counters.eventsReceived, "\(place)")
      switch summary.outcome {
      case .complete: tidied += 1
      default: if !summary.commits.isEmpty { partly += 1 }
      }
    }
    #expect(tidied > 0 && (whole.commits.isEmpty || partly > 0))
  }

  private func rows(of state: Manifest?) -> Int { state?.partitions.reduce(0) { $0 + $1.rows } ?? 0 }

  @Test(arguments: [TransportFault.interrupted("cut by the test"), .proxyRefused("it says no"), .cancelled])
  func `a run whose API fails at any request reports its requests, pages and rows`(
    fault: TransportFault
  ) async throws {
    let all = Mutex(0)
    let whole = try harness()
    whole.beforeRequest.withLock { $0 = { number throws(TransportFault) in all.withLock { $0 = number } } }
    let complete = try await whole.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 90 })
    let count = all.withLock(\.self)
    #expect(complete.counters.requests == count && complete.counters.complete && count > 10)
    for last in 1..<count {
      let harness = try harness()
      let asked = Mutex(0)
      harness.beforeRequest.withLock {
        $0 = { number throws(TransportFault) in
          asked.withLock { $0 = number }
          if number > last { throw fault }
        }
      }
      let summary = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 90 })
      guard case .stoppedByAPI = summary.outcome else {
        Issue.record("request \(last): \(summary.outcome)")
        continue
      }
      #expect(summary.counters.requests == asked.withLock(\.self), "request \(last)")
      #expect((1...last).contains(summary.pagesReceived), "request \(last)")
      #expect(summary.counters.eventsReceived > 0 && !summary.counters.complete, "request \(last)")
      let manifest = try await harness.manifest
      #expect(summary.counters.rowsAdded == rows(of: manifest), "request \(last)")
      #expect(summary.commits.last == manifest?.commit, "request \(last)")
      #expect(try await harness.violations() == [])
    }
  }

  @Test func `leftovers that cannot be deleted fail no run, not even blocks of a large day`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    let harness = try harness(disk)
    disk.refuse([.delete, .removeFolder])
    harness.isVerified.withLock { $0 = false }
    for night in 0..<3 {
      harness.clock.advance(to: now + .hours(20 * Double(night)))
      harness.api.withLock { api in
        api.change(harness.log) { $0.insertGenerated(at: now + .hours(20 * Double(night)) - .hours(1)) }
      }
      let summary = try await harness.export(
        .incremental(backfillStart: start),
        adjust: {
          $0.memoryLimit = 1
          $0.pageSize = 90
        })
      try summary.requireComplete("night \(night)")
    }
    #expect(disk.paths(below: "/archive/_staging").count > 10)
    disk.refuse([])
    #expect(try await harness.violations() == [])
    #expect(disk.paths(below: "/archive/_staging").isEmpty)
    #expect(try await Archive(at: "/archive", log: harness.log, fileSystem: disk).verify()?.findings == [])
  }
}
