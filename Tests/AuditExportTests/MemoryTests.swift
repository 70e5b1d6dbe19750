import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithEmulator
import Synchronization
import TestSupport
import Testing

@Suite(.fewAtOnce) struct `Memory for rows` {
  private let start = time("2024-02-12T00:00:00Z")
  private let now = time("2024-02-14T01:00:00Z")

  private func harness(_ disk: FaultyFileSystem) throws -> TestHarness {
    try TestHarness(now: now, files: disk) { configuration in
      configuration.events = .generated(
        Generation(count: 2_001, window: Window(from: start, to: now), ties: 3))
    }
  }

  private func parts(_ disk: FaultyFileSystem) -> [String: [UInt8]] {
    let paths = disk.paths(below: "/archive").filter { !$0.hasSuffix("/lock") && !$0.contains("/_manifest/") }
    return Dictionary(uniqueKeysWithValues: paths.map { ($0, disk.contents(of: $0) ?? []) })
  }

  @Test(arguments: [1, 100_000]) func `a day spilled to disk gives the same file`(
    limit: Int
  ) async throws {
    let (whole, spilled) = (FaultyFileSystem(folder: "/archive"), FaultyFileSystem(folder: "/archive"))
    let plain = try await harness(whole).export(.incremental(backfillStart: start))
    spilled.record()
    let harness = try harness(spilled)
    let summary = try await harness.export(
      .incremental(backfillStart: start), adjust: { $0.memoryLimit = limit })
    #expect(summary.counters.rowsAdded == plain.counters.rowsAdded && plain.counters.rowsAdded > 1_900)
    #expect(parts(spilled) == parts(whole) && parts(whole).count == 3)
    #expect(spilled.operations.count > 150, "nothing was spilled")
    #expect(try await harness.violations() == [])
  }

  @Test func `repeated, late and already archived rows are archived once, also when spilled to disk`()
    async throws
  {
    let disk = FaultyFileSystem(folder: "/archive")
    let harness = try harness(disk)
    for night in 0..<4 {
      harness.clock.advance(to: now + .hours(20 * Double(night)))
      harness.api.withLock { api in
        api.change(harness.log) { log in
          let window = Window(
            from: now + .hours(20 * Double(night) - 30), to: now + .hours(20 * Double(night)))
          log.insert(Generation(count: 300, window: window, ties: 2))
        }
      }
      let summary = try await harness.export(
        .incremental(backfillStart: start),
        adjust: {
          $0.memoryLimit = 1
          $0.pageSize = 90
        })
      if night > 0 { #expect(summary.counters.duplicates > 100 && summary.counters.lateEvents > 0) }
      #expect(try await harness.violations() == [])
    }
    let window = Window(from: start, to: start + .days(2))
    let again = try await harness.export(.window(window, replace: true), adjust: { $0.memoryLimit = 1 })
    #expect(again.rowsDropped == 0 && again.counters.rowsAdded == 0 && again.daysWritten == [])
    #expect(try await harness.violations() == [])
  }

  @Test func `a day fetched again without changes is not written again`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    let harness = try harness(disk)
    _ = try await harness.export(.incremental(backfillStart: start))
    disk.record()
    let summary = try await harness.export(
      .window(Window(from: start, to: start + .days(2)), replace: true))
    #expect(summary.counters.rowsAdded == 0 && summary.counters.duplicates > 1_000)
    let written = disk.operations.filter { "\($0)".contains("write") }.count
    // The lock's note; the commit record and the manifest of each of the two commits.
    #expect(written <= 5, "\(disk.operations)")
  }

  @Test func `replacing a day repairs a damaged file of one format while the other is intact`()
    async throws
  {
    let disk = FaultyFileSystem(folder: "/archive")
    let harness = try harness(disk)
    harness.formats.withLock { $0 = [.csv, .parquet] }
    _ = try await harness.export(.incremental(backfillStart: start))
    let file = try await #require(try harness.manifest?.partitions.first?.files.last)
    #expect(file.format == .parquet)
    var bytes = try #require(disk.contents(of: "/archive/\(file.path)"))
    bytes[bytes.count / 2] ^= 1
    disk.setContents(of: "/archive/\(file.path)", bytes)
    #expect(
      try await Archive(at: "/archive", log: harness.log, fileSystem: disk).verify()?.findings.isEmpty
        == false)
    _ = try await harness.export(.window(Window(from: start, to: start + .days(1)), replace: true))
    #expect(try await Archive(at: "/archive", log: harness.log, fileSystem: disk).verify()?.findings == [])
  }
}
