import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

/// Events so large that the answers with them are refused.
@Suite(.fewAtOnce) struct LargeAnswerTests {
  private let start = time("2024-02-12T00:00:00Z")
  private let now = time("2024-02-16T12:00:00Z")

  private func harness(_ behaviours: [any Behaviour], ties: Int = 1) throws -> TestHarness {
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .generated(
        Generation(count: 1_207, window: Window(from: start, to: now), ties: ties))
      configuration.behaviours = behaviours
    }
    harness.bodyLimit.withLock { $0 = 20_000 }
    return harness
  }

  /// Expects everything but the large events to be archived and covered.
  private func expectAll(_ harness: TestHarness, _ summary: ExportSummary, large: Int) async throws {
    try summary.requireComplete()
    let truth = try harness.truth()
    let archived = try await harness.archived()
    #expect(Set(archived).count == archived.count && Set(archived).isSubset(of: truth))
    let settled = truth.filter { $0.time < now - .minutes(10) }
    #expect(settled.count - Set(archived).intersection(settled).count == large)
    await #expect(try harness.manifest?.coverage.contains(start + .hours(1)) == true)
    #expect(try await Archive(at: harness.folder, log: harness.log).verify()?.findings == [])
  }

  private static let behaviours: [(String, [any Behaviour])] = [
    ("nothing else", []), ("growth", [Growth(events: 1)]),
    ("growth by two", [Growth(events: 2)]),
  ]

  @Test(arguments: 0..<behaviours.count, [60, 100, 243])
  func `an event too large for a response is quarantined once, and all others are archived`(
    index: Int, pageSize: Int
  ) async throws {
    let places = [3, 150, 151, 800]
    let large = LargeEvent(places.map { LargeEvent.Size(place: $0, bytes: 30_000) })
    let harness = try harness([large] + LargeAnswerTests.behaviours[index].1)
    let first = try await harness.export(
      .incremental(backfillStart: start), adjust: { $0.pageSize = pageSize })
    #expect(first.counters.quarantined == places.count)
    try await expectAll(harness, first, large: places.count)
    harness.clock.advance(to: now + .hours(1))
    let next = try await harness.export(.incremental(backfillStart: nil), adjust: { $0.pageSize = pageSize })
    #expect(next.counters.quarantined == 0)
    try next.requireComplete("the second night")
  }

  @Test func `oversized pages are read in parts, and nothing is quarantined`() async throws {
    let harness = try harness([])
    let summary = try await harness.export(.incremental(backfillStart: start))
    #expect(summary.counters.quarantined == 0)
    try await expectAll(harness, summary, large: 0)
    #expect(try await harness.violations() == [])
  }

  @Test(arguments: 0..<6) func `other faults of the API are noticed among large events too`(
    seed: Int
  ) async throws {
    let large = LargeEvent([LargeEvent.Size(place: 400, bytes: 30_000)])
    for behaviour in [
      ShuffledTies(seed: UInt64(seed)) as any Behaviour,
      LaggingReplica([.events(0), .events(3)], choice: .random(seed: UInt64(seed))),
      ErasedEvents(chance: 0.1, .anywhere, seed: UInt64(seed)),
    ] {
      let harness = try harness([large, behaviour], ties: 3)
      let mark = harness.mark
      _ = try await harness.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 100 })
      let violations = try await harness.violations(steadySince: mark)
      #expect(violations.allSatisfy { $0.hasPrefix("covered and missing: 1,") }, "\(behaviour)")
    }
  }
}

@Suite(.fewAtOnce) struct LostQuarantineTests {
  private let start = time("2024-02-12T00:00:00Z")
  private let now = time("2024-02-14T01:00:00Z")

  @Test func `a missing quarantine file is damage until its window is replaced`()
    async throws
  {
    let disk = FaultyFileSystem(folder: "/archive")
    let harness = try TestHarness(now: now, files: disk) { configuration in
      configuration.events = .generated(Generation(count: 50, window: Window(from: start, to: now)))
    }
    harness.api.withLock { api in
      api.change(harness.log) { log in
        for name in ["a", "b"] { log.insert(record: Array(#"{"uuid":"\#(name)"}"#.utf8)) }
      }
    }
    _ = try await harness.export(.incremental(backfillStart: start))
    let file = try await #require(try harness.manifest?.quarantine.first)
    #expect(file.records == 2)
    disk.setContents(of: "/archive/\(file.path)", nil)
    harness.isVerified.withLock { $0 = false }

    // Night after night it is told, with the window to fetch anew; it is not forgotten, and not made up for by chance.
    var lost: [Finding] = []
    for night in 1...2 {
      harness.clock.advance(to: now + .days(Double(night)))
      let summary = try await harness.export(.incremental(backfillStart: nil))
      #expect(summary.isDamaged && summary.damagedDays.isEmpty)
      lost = summary.damagedFiles
      #expect(lost.map(\.path) == [file.path] && lost.map(\.problem) == [.missing()])
    }
    let window = try #require(lost.first?.window)
    #expect(window.from == start)

    let cure = try await harness.export(.window(window, replace: true))
    #expect(!cure.isDamaged)
    #expect(cure.rowsDropped == 0)
    let manifest = try await #require(try harness.manifest)
    #expect(!manifest.quarantine.contains { $0.path == file.path })
    #expect(manifest.quarantinedRecords == 2)
    let next = try await harness.export(.incremental(backfillStart: nil))
    #expect(!next.isDamaged && next.counters.quarantined == 0)
    #expect(try await harness.violations() == [])
  }
}
