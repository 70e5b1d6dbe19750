import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Memory for rows` {
  private let start = Timestamp(rfc3339: "2024-02-12T00:00:00Z")!
  private let now = Timestamp(rfc3339: "2024-02-14T01:00:00Z")!

  private func world(_ disk: FaultyFileSystem) throws -> World {
    try World(now: now, files: disk) { configuration in
      configuration.events = .generated(
        Generation(count: 2_001, window: Window(from: start, to: now), ties: 3))
    }
  }

  private func parts(_ disk: FaultyFileSystem) -> [String: [UInt8]] {
    let paths = disk.paths(below: "/archive").filter { !$0.hasSuffix("/lock") && !$0.contains("/_manifest/") }
    return Dictionary(uniqueKeysWithValues: paths.map { ($0, disk.contents(of: $0) ?? []) })
  }

  @Test(arguments: [1, 100_000]) func `a day that goes to the disk in blocks is the same file in the end`(
    limit: Int
  ) async throws {
    let (whole, spilled) = (FaultyFileSystem(folder: "/archive"), FaultyFileSystem(folder: "/archive"))
    let plain = try await world(whole).export(.incremental(backfillStart: start))
    spilled.record()
    let world = try world(spilled)
    let summary = try await world.export(
      .incremental(backfillStart: start), adjust: { $0.memoryLimit = limit })
    #expect(summary.counters.rowsAdded == plain.counters.rowsAdded && plain.counters.rowsAdded > 1_900)
    #expect(parts(spilled) == parts(whole) && parts(whole).count == 3)
    #expect(spilled.operations.count > 150, "nothing was spilled")
    #expect(try await world.violations() == [])
  }

  @Test func `rows on the disk are known again: what comes twice, late, or is archived is there once`()
    async throws
  {
    let disk = FaultyFileSystem(folder: "/archive")
    let world = try world(disk)
    for night in 0..<4 {
      world.clock.advance(to: now + .hours(20 * Double(night)))
      world.api.withLock { api in
        api.change(world.log) { log in
          let window = Window(
            from: now + .hours(20 * Double(night) - 30), to: now + .hours(20 * Double(night)))
          log.insert(Generation(count: 300, window: window, ties: 2))
        }
      }
      let summary = try await world.export(
        .incremental(backfillStart: start),
        adjust: {
          $0.memoryLimit = 1
          $0.pageSize = 90
        })
      if night > 0 { #expect(summary.counters.duplicates > 100 && summary.counters.lateEvents > 0) }
      #expect(try await world.violations() == [])
    }
    let window = Window(from: start, to: start + .days(2))
    let again = try await world.export(.window(window, replace: true), adjust: { $0.memoryLimit = 1 })
    #expect(again.rowsDropped == 0 && again.counters.rowsAdded == 0 && again.daysWritten == [])
    #expect(try await world.violations() == [])
  }

  @Test func `a day that is fetched anew and has not changed is not written again`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    let world = try world(disk)
    _ = try await world.export(.incremental(backfillStart: start))
    disk.record()
    let summary = try await world.export(
      .window(Window(from: start, to: start + .days(2)), replace: true))
    #expect(summary.counters.rowsAdded == 0 && summary.counters.duplicates > 1_000)
    let written = disk.operations.filter { "\($0)".contains("write") }.count
    // The lock's note; the commit record and the manifest of each of the two commits.
    #expect(written <= 5, "\(disk.operations)")
  }

  @Test func `a damaged file of one format is mended by fetching the day anew, though the other is well`()
    async throws
  {
    let disk = FaultyFileSystem(folder: "/archive")
    let world = try world(disk)
    world.formats.withLock { $0 = [.csv, .parquet] }
    _ = try await world.export(.incremental(backfillStart: start))
    let file = try await #require(try world.manifest?.partitions.first?.files.last)
    #expect(file.format == .parquet)
    var bytes = try #require(disk.contents(of: "/archive/\(file.path)"))
    bytes[bytes.count / 2] ^= 1
    disk.setContents(of: "/archive/\(file.path)", bytes)
    #expect(
      try await Archive(at: "/archive", log: world.log, fileSystem: disk).verify()?.findings.isEmpty == false)
    _ = try await world.export(.window(Window(from: start, to: start + .days(1)), replace: true))
    #expect(try await Archive(at: "/archive", log: world.log, fileSystem: disk).verify()?.findings == [])
  }
}
