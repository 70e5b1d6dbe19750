import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Synchronization
import Testing
import TestSupport

/// Events so large that the answers with them are refused.
@Suite(.fewAtOnce) struct LargeAnswerTests {
  private let start = Timestamp(rfc3339: "2024-02-12T00:00:00Z")!
  private let now = Timestamp(rfc3339: "2024-02-16T12:00:00Z")!

  private func world(_ behaviours: [any Behaviour], ties: Int = 1) throws -> World {
    let world = try World(now: now) { configuration in
      configuration.events = .generated(
        Generation(count: 1_207, window: Window(from: start, to: now), ties: ties))
      configuration.behaviours = behaviours
    }
    world.bodyLimit.withLock { $0 = 20_000 }
    return world
  }

  /// Expects everything but the large events to be archived and covered.
  private func expectAll(_ world: World, _ summary: ExportSummary, large: Int) async throws {
    guard case .complete = summary.outcome else {
      Issue.record("it ended as \(summary.outcome)")
      return
    }
    let truth = try world.truth()
    let archived = try await world.archived()
    #expect(Set(archived).count == archived.count && Set(archived).isSubset(of: truth))
    let settled = truth.filter { $0.time < now - .minutes(10) }
    #expect(settled.count - Set(archived).intersection(settled).count == large)
    await #expect(try world.manifest?.coverage.contains(start + .hours(1)) == true)
    #expect(try await Archive(at: world.folder, log: world.log).verify()?.findings == [])
  }

  private static let behaviours: [(String, [any Behaviour])] = [
    ("nothing else", []), ("growth", [Growth(events: 1)]),
    ("growth by two", [Growth(events: 2)]),
  ]

  @Test(arguments: 0..<behaviours.count, [60, 100, 243])
  func `an event too large for an answer goes to quarantine once, and all others are archived`(
    index: Int, pageSize: Int
  ) async throws {
    let places = [3, 150, 151, 800]
    let large = LargeEvent(places.map { LargeEvent.Size(place: $0, bytes: 30_000) })
    let world = try world([large] + LargeAnswerTests.behaviours[index].1)
    let first = try await world.export(
      .incremental(backfillStart: start), adjust: { $0.pageSize = pageSize })
    #expect(first.counters.quarantined == places.count)
    try await expectAll(world, first, large: places.count)
    world.clock.advance(to: now + .hours(1))
    let next = try await world.export(.incremental(backfillStart: nil), adjust: { $0.pageSize = pageSize })
    #expect(next.counters.quarantined == 0)
    guard case .complete = next.outcome else {
      Issue.record("the second night ended as \(next.outcome)")
      return
    }
  }

  @Test func `pages that are too large are read in parts, and nothing goes to quarantine`() async throws {
    let world = try world([])
    let summary = try await world.export(.incremental(backfillStart: start))
    #expect(summary.counters.quarantined == 0)
    try await expectAll(world, summary, large: 0)
    #expect(try await world.violations() == [])
  }

  @Test(arguments: 0..<6) func `what else the API does wrong is noticed with large events as without`(
    seed: Int
  ) async throws {
    let large = LargeEvent([LargeEvent.Size(place: 400, bytes: 30_000)])
    for behaviour in [
      ShuffledTies(seed: UInt64(seed)) as any Behaviour,
      LaggingReplica([.events(0), .events(3)], choice: .random(seed: UInt64(seed))),
      ErasedRows(chance: 0.1, .anywhere, seed: UInt64(seed)),
    ] {
      let world = try world([large, behaviour], ties: 3)
      let mark = world.mark
      _ = try await world.export(.incremental(backfillStart: start), adjust: { $0.pageSize = 100 })
      let violations = try await world.violations(steadySince: mark)
      #expect(violations.allSatisfy { $0.hasPrefix("covered and missing: 1,") }, "\(behaviour)")
    }
  }
}

@Suite(.fewAtOnce) struct LostQuarantineTests {
  private let start = Timestamp(rfc3339: "2024-02-12T00:00:00Z")!
  private let now = Timestamp(rfc3339: "2024-02-14T01:00:00Z")!

  @Test func `a lost file of quarantine is damage until its window is replaced, and then no more`()
    async throws
  {
    let disk = FaultyFileSystem(folder: "/archive")
    let world = try World(now: now, files: disk) { configuration in
      configuration.events = .generated(Generation(count: 50, window: Window(from: start, to: now)))
    }
    world.api.withLock { api in
      api.change(world.log) { log in
        for name in ["a", "b"] { log.insert(record: Array(#"{"uuid":"\#(name)"}"#.utf8)) }
      }
    }
    _ = try await world.export(.incremental(backfillStart: start))
    let file = try await #require(try world.manifest?.quarantine.first)
    #expect(file.records == 2)
    disk.setContents(of: "/archive/\(file.path)", nil)
    world.isVerified.withLock { $0 = false }

    // Night after night it is told, with the window to fetch anew; it is not forgotten, and not made up for by chance.
    var lost: [Finding] = []
    for night in 1...2 {
      world.clock.advance(to: now + .days(Double(night)))
      let summary = try await world.export(.incremental(backfillStart: nil))
      #expect(summary.isDamaged && summary.damagedDays.isEmpty)
      lost = summary.damagedFiles
      #expect(lost.map(\.path) == [file.path] && lost.map(\.flaw) == [.missing()])
    }
    let window = try #require(lost.first?.window)
    #expect(window.from == start)

    let cure = try await world.export(.window(window, replace: true))
    #expect(!cure.isDamaged)
    #expect(cure.rowsDropped == 0)
    let manifest = try await #require(try world.manifest)
    #expect(!manifest.quarantine.contains { $0.path == file.path })
    #expect(manifest.quarantinedRecords == 2)
    let next = try await world.export(.incremental(backfillStart: nil))
    #expect(!next.isDamaged && next.counters.quarantined == 0)
    #expect(try await world.violations() == [])
  }
}
