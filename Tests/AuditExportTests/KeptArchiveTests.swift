import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CloudsmithEmulator
import Foundation
import HTTP
import Synchronization
import TestSupport
import Testing

private func day(_ text: String) -> Day { Day(text)! }

/// Archives of earlier builds, kept as data: every later build has to open them, go on with them and verify them.
///
/// A folder of `Tests/Archives` holds an archive of the organization `acme` and, in `events.json`, the log that it was exported from.
/// `nights` and `first-run` were written on 2026-11-30 by the build of commit 7e7db68, with
/// `KEEP_ARCHIVES=1 swift test --filter KeptArchiveTests`, which writes what is not there. They are not to be written again: where the
/// format changes, a further folder keeps what the build before the change wrote. What is in each is said at `keepNights` and
/// `keepFirstRun`.
@Suite(.fewAtOnce) struct KeptArchiveTests {
  @Test
  func `an archive of an earlier build is read, continued and verified, and its part files do not change`()
    async throws
  {
    let harness = try await KeptArchive.nights.harness(now: time("2024-02-16T01:00:00Z"))
    let before = try await #require(try harness.manifest)
    let parts = try bytes(of: before, in: harness)
    let leftovers = try harness.intended.filter { parts[$0] == nil }

    // What it was kept for.
    let commits = try await Archive(at: harness.folder, log: harness.log).recentCommits(limit: 100)
    #expect(before.commit == 7 && commits.count == 7)
    #expect(before.partitions.map(\.eventDate) == (10...14).map { day("2024-02-\($0)") })
    #expect(before.partitions.map(\.rows) == [12, 0, 12, 12, 2])
    #expect(before.partitions.map(\.revision) == [2, 0, 4, 1, 1])
    #expect(before.partitions.allSatisfy { $0.rows == 0 || $0.formats == [.csv, .parquet] })
    #expect(before.quarantinedRecords == 1)
    #expect(commits.contains { !$0.coverageWithdrawn.isEmpty })
    #expect(leftovers.count == 2)
    let left = try await #require(try Archive(at: harness.folder, log: harness.log).verify()).findings
    #expect(left.map(\.path).sorted() == leftovers)
    #expect(left.allSatisfy { $0.problem == .unlisted(.leftover(.neverCommitted)) }, "\(left)")
    #expect(try await KeptArchive.nights.harness(now: harness.clock.now).violations() == [])

    harness.api.withLock { api in
      api.change(harness.log) { log in
        log.insertGenerated(at: time("2024-02-14T13:13:00Z"))
        for hour in 0..<12 { log.insertGenerated(at: day("2024-02-15").start + .hours(Double(hour) * 2)) }
      }
    }
    let summary = try await harness.export(.incremental(backfillStart: nil))
    try summary.requireComplete()
    #expect(summary.daysWritten == [day("2024-02-14"), day("2024-02-15")])
    #expect(summary.counters.rowsAdded == 11 + 12)
    #expect(!summary.isDamaged)

    let after = try await #require(try harness.manifest)
    #expect(after.gaps.isEmpty && after.highWaterMark > time("2024-02-16T00:45:00Z"))
    #expect(after.partitions.prefix(4).map(\.files) == before.partitions.prefix(4).map(\.files))
    let kept = try bytes(of: after, in: harness)
    for file in before.partitions.prefix(4).flatMap(\.files) {
      #expect(kept[file.path] == parts[file.path], "\(file.path)")
    }
    for path in leftovers { #expect(!FileManager.default.fileExists(atPath: "\(harness.folder)/\(path)")) }
    try await expectSound(harness)
  }

  @Test func `an unfinished first run of an earlier build is recovered through its beginning.json`()
    async throws
  {
    let harness = try await KeptArchive.firstRun.harness(now: time("2024-02-13T01:00:00Z"))
    let left = try harness.intended
    #expect(left.count == 2)
    #expect(left.allSatisfy { FileManager.default.fileExists(atPath: "\(harness.folder)/\($0)") })
    await #expect(try harness.manifest == nil)
    await #expect(try Archive(at: harness.folder, log: harness.log).verify() == nil)

    // Both days get other rows, so that their files get other names.
    harness.api.withLock { api in
      api.change(harness.log) { log in
        for date in ["2024-02-10", "2024-02-12"] { log.insertGenerated(at: day(date).start + .minutes(77)) }
      }
    }
    let summary = try await harness.export(.incremental(backfillStart: day("2024-02-10").start))
    try summary.requireComplete()
    #expect(summary.counters.rowsAdded == 24 + 2)
    for path in left { #expect(!FileManager.default.fileExists(atPath: "\(harness.folder)/\(path)")) }
    try await expectSound(harness)
  }

  /// The run has left nothing behind, and the archive holds what it says.
  private func expectSound(_ harness: TestHarness) async throws {
    let paths = ArchivePaths(harness.log)
    for path in [paths.intent, paths.beginning] {
      #expect(!FileManager.default.fileExists(atPath: "\(harness.folder)/\(path)"))
    }
    await #expect(try Archive(at: harness.folder, log: harness.log).verify()?.findings == [])
    #expect(try await harness.violations() == [])
  }

  private func bytes(of manifest: Manifest, in harness: TestHarness) throws -> [String: Data] {
    let files = manifest.partitions.flatMap { $0.files.map(\.path) }
    return Dictionary(
      uniqueKeysWithValues: try files.map { path in
        (path, try Data(contentsOf: URL(filePath: "\(harness.folder)/\(path)")))
      })
  }
}

/// An archive that is kept, by the name of its folder.
private enum KeptArchive: String {
  case nights
  case firstRun = "first-run"

  private var folder: String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Archives/\(rawValue)").path
  }

  /// A copy of the archive in a folder of its own, and the log that it was exported from.
  func harness(now: Timestamp) async throws -> TestHarness {
    if ProcessInfo.processInfo.environment["KEEP_ARCHIVES"] != nil,
      !FileManager.default.fileExists(atPath: folder)
    {
      try await keep()
    }
    let harness = try TestHarness(now: now) { configuration in
      configuration.events = .files(["\(folder)/events.json"])
      // The events of later are none of those that were made up when the archive was written.
      configuration.seed = 2
    }
    harness.formats.withLock { $0 = self == .nights ? [.csv, .parquet] : [.csv] }
    try FileManager.default.copyItem(atPath: "\(folder)/archive", toPath: harness.folder)
    return harness
  }

  private func keep() async throws {
    let harness = try TestHarness(now: time("2024-02-13T01:00:00Z"))
    harness.insert(12, on: "2024-02-10")
    harness.insert(12, on: "2024-02-12")
    switch self {
    case .nights: try await keepNights(harness)
    case .firstRun: try await keepFirstRun(harness)
    }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: harness.folder, toPath: "\(folder)/archive")
    let events = harness.api.withLock { $0.log(harness.log)?.truth } ?? []
    try Data(events).write(to: URL(filePath: "\(folder)/events.json"))
  }

  /// Six runs, the first of CSV and the others of CSV and Parquet: a backfill with a day on which nothing happened; a night with a
  /// late event and a record for quarantine; a day that is replaced, because the API no longer shows one of its events; a run by a
  /// clock that is twelve hours ahead, and one that takes its claim back; a night that was killed before its commit, when its files were
  /// in their place.
  private func keepNights(_ harness: TestHarness) async throws {
    _ = try await harness.export(.incremental(backfillStart: day("2024-02-10").start))
    harness.formats.withLock { $0 = [.csv, .parquet] }

    harness.insert(12, on: "2024-02-13")
    harness.api.withLock { api in
      api.change(harness.log) { log in
        log.insertGenerated(at: time("2024-02-12T13:13:00Z"))
        log.insert(record: Array(#"{"uuid":"no time"}"#.utf8))
      }
    }
    harness.clock.advance(to: time("2024-02-14T01:00:00Z"))
    _ = try await harness.export(.incremental(backfillStart: nil))

    harness.api.withLock { api in
      api.change(harness.log) { log in
        log.erase(log.events.firstIndex(from: time("2024-02-12T06:00:00Z")))
      }
    }
    _ = try await harness.export(.window(day("2024-02-12").window, replace: true))

    harness.api.withLock { $0.setBehaviours([DateField(ahead: .hours(12))]) }
    _ = try await harness.export(.incremental(backfillStart: nil))
    harness.api.withLock { $0.setBehaviours([]) }
    harness.insert(2, on: "2024-02-14")
    harness.clock.advance(to: time("2024-02-14T03:00:00Z"))
    _ = try await harness.export(.incremental(backfillStart: nil))

    harness.api.withLock { api in
      api.change(harness.log) { log in
        for hour in 0..<10 {
          log.insertGenerated(at: time("2024-02-14T04:00:00Z") + .hours(Double(hour) * 2))
        }
      }
    }
    harness.clock.advance(to: time("2024-02-15T01:00:00Z"))
    try await killBeforeCommit(harness)
  }

  /// A first run that was killed before its commit, when its files were in their place, by a build that wrote `beginning.json`: without
  /// a number of a commit.
  private func keepFirstRun(_ harness: TestHarness) async throws {
    try await killBeforeCommit(harness)
    let files = try harness.intended
    let paths = ArchivePaths(harness.log)
    try FileManager.default.removeItem(atPath: "\(harness.folder)/\(paths.intent)")
    let list = files.map { "    \"\($0)\"" }.joined(separator: ",\n")
    try harness.overwrite(
      paths.beginning,
      with: Array("{\n  \"files\" : [\n\(list)\n  ],\n  \"format\" : \"\(ArchiveJSON.format)\"\n}\n".utf8))
  }

  /// A run that comes as far as its commit, whose place is taken, and leaves what a killed one leaves.
  private func killBeforeCommit(_ harness: TestHarness) async throws {
    let paths = ArchivePaths(harness.log)
    let newest = try await harness.manifest?.commit ?? 0
    let place = "\(harness.folder)/\(paths.commit(newest + 1))"
    try FileManager.default.createDirectory(
      atPath: "\(harness.folder)/\(paths.commits)", withIntermediateDirectories: true)
    // Not before the archive is open.
    harness.beforeRequest.withLock {
      $0 = { (_: Int) throws(TransportFault) in
        if !FileManager.default.createFile(atPath: place, contents: nil) { throw .interrupted(place) }
      }
    }
    let summary = try await harness.export(.incremental(backfillStart: day("2024-02-10").start))
    guard case .stoppedByArchive = summary.outcome else {
      Issue.record("it ended as \(summary.outcome)")
      return
    }
    try FileManager.default.removeItem(atPath: place)
  }
}

extension TestHarness {
  /// Lets so many events of a day happen, two hours between them.
  fileprivate func insert(_ count: Int, on date: String) {
    api.withLock { api in
      api.change(log) { log in
        for place in 0..<count { log.insertGenerated(at: day(date).start + .hours(Double(place) * 2)) }
      }
    }
  }

  /// The files that a killed run was putting there, by its own word.
  fileprivate var intended: [String] {
    get throws {
      let paths = ArchivePaths(log)
      let record = [paths.intent, paths.beginning].map { "\(folder)/\($0)" }
        .first { FileManager.default.fileExists(atPath: $0) }
      let bytes = try Data(contentsOf: URL(filePath: try #require(record)))
      let members = try JSONSerialization.jsonObject(with: bytes) as? [String: Any]
      return try #require(members?["files"] as? [String])
    }
  }
}
