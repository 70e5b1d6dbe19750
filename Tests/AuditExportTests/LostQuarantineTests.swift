import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

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
