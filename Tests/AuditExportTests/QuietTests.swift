import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithEmulator
import Foundation
import TestSupport
import Testing

private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

/// Nights in which nothing happened are proven, not passed over.
@Suite(.fewAtOnce) struct QuietTests {
  private let start = time("2024-02-01T00:00:00Z")
  private let evening = time("2024-02-03T12:00:00Z")

  private func record(_ world: World, _ number: Int) throws -> Commit {
    let path = world.folder + "/" + ArchivePaths(world.log).commit(number)
    let bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
    return try ArchiveJSON.decode(Commit.self, from: bytes, path: path)
  }

  @Test func `a run that found nothing writes a commit that says up to when nothing was found`() async throws
  {
    let world = try World(now: evening) { configuration in
      configuration.events = .generated(
        Generation(count: 200, window: Window(from: start, to: start + .days(1))))
    }
    _ = try await world.export(.incremental(backfillStart: start))
    let before = try await #require(try world.manifest)
    for night in 1...3 {
      world.clock.advance(to: evening + .days(Double(night)))
      let settled = world.clock.now - .minutes(10)
      let summary = try await world.export(.incremental(backfillStart: nil))
      #expect(summary.counters.rowsAdded == 0 && summary.daysWritten.isEmpty)
      let number = try #require(summary.commits.last)
      let commit = try record(world, number)
      #expect(commit.coverage.end == settled)
      #expect(commit.highWaterMark == settled)
      #expect(commit.run.complete && commit.filesAdded.isEmpty && commit.filesRemoved.isEmpty)
      // The days that were quiet are named, with no rows.
      let day = Day(containing: world.clock.now)
      let partition = try await #require(try world.manifest?.partition(day))
      #expect(partition.rows == 0 && partition.revision == 0 && partition.files.isEmpty)
    }
    // Nothing of it is anything to load.
    let changes = try #require(
      try await Archive(at: world.folder, log: world.log).changes(since: before.commit))
    #expect(changes.days.isEmpty && changes.commit > before.commit)
    #expect(try await world.violations().isEmpty)
  }

  @Test func `a run that changes nothing at all writes the commit that says so, and no other file`()
    async throws
  {
    let world = try World(now: evening) { configuration in
      configuration.events = .generated(Generation(count: 200, window: Window(from: start, to: evening)))
    }
    _ = try await world.export(.incremental(backfillStart: start))
    let before = try await #require(try world.manifest)
    let window = Window(from: start, to: start + .days(1))
    let summary = try await world.export(.window(window, replace: false))
    let after = try await #require(try world.manifest)
    #expect(summary.counters.rowsAdded == 0 && summary.commits == [before.commit + 1])
    #expect(after.coverage == before.coverage && after.partitions == before.partitions)
    let commit = try record(world, before.commit + 1)
    #expect(commit.partitionsChanged.isEmpty && commit.filesAdded.isEmpty && commit.filesRemoved.isEmpty)
    #expect(commit.run.eventsReceived > 0 && commit.run.duplicates > 0)
    let changes = try #require(
      try await Archive(at: world.folder, log: world.log).changes(since: before.commit))
    #expect(changes.days.isEmpty && changes.commit == after.commit)
  }
}
