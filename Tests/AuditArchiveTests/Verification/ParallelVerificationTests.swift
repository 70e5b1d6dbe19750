import AuditArchive
import AuditRecord
import ObjectStoreFakes
import Synchronization
import TestSupport
import Testing

/// Days that are read at the same time. `ExampleArchive.verify` shows the same for the findings of damage.
@Suite(.fewAtOnce) struct ParallelVerificationTests {
  private final class SeenDays: Sendable {
    let days = Mutex<Set<Day>>([])
  }

  private func settings(_ daysAtOnce: Int) -> VerificationSettings {
    var settings = VerificationSettings()
    settings.daysAtOnce = daysAtOnce
    return settings
  }

  /// Thirty days in two formats, some of them in several parts, every tenth with an event that is also on an earlier day.
  private func write(_ archive: Archive) async throws {
    var writing = WriterSettings(toolVersion: "1.0.0")
    writing.formats = [.csv, .parquet]
    writing.partSizeLimit = 2_000
    try await archive.withWriter(source: acme, holder: somebody, settings: writing) { writer in
      for number in 0..<30 {
        let text = "\(day("2024-01-15").advanced(by: number))"
        var rows = events(text, 3 + number * 7 % 40)
        if number % 10 == 9 {
          let early = "\(day("2024-01-15").advanced(by: number - 9))"
          rows.append(Event("\(text)T23:59:59Z", events(early, 1)[0].uuid))
        }
        try await writer.commit([text: rows])
      }
    }
  }

  @Test func `a bucket gives the same report, and each part is requested once`() async throws {
    let bucket = ObjectBucket()
    let paths = ArchivePaths(log("acme"))
    try await write(Archive(in: bucket.storage(paths)))
    var settings = settings(1)
    let serial = try #require(try await Archive(in: bucket.storage(paths)).verify(settings))
    #expect(serial.findings.count == 3 && serial.findings.allSatisfy { $0.problem.kind == .duplicate })
    for daysAtOnce in [2, 8] {
      settings.daysAtOnce = daysAtOnce
      for limit in [2, 16, 1 << 20] {
        settings.archiveIdentityLimit = limit
        let report = try #require(try await Archive(in: bucket.storage(paths)).verify(settings))
        expectEqual(report, serial, "\(daysAtOnce) days at a time, \(limit) identities")
      }
    }
  }

  @Test(arguments: [1, 2, 8])
  func `each part of a bucket is requested once if all identities fit in memory`(daysAtOnce: Int) async throws
  {
    let bucket = ObjectBucket()
    let paths = ArchivePaths(log("acme"))
    try await Archive(in: bucket.storage(paths)).withWriter(
      source: acme, holder: somebody, settings: WriterSettings(toolVersion: "1.0.0")
    ) { writer in
      for number in 0..<30 {
        let text = "\(day("2024-01-15").advanced(by: number))"
        try await writer.commit([text: events(text, 5)])
      }
    }
    let parts = bucket.paths.count { $0.hasPrefix("csv/") }
    let before = bucket.store.requests.count
    let report = try await Archive(in: bucket.storage(paths)).verify(settings(daysAtOnce))
    #expect(report?.findings == [])
    let requests = bucket.store.requests.dropFirst(before)
    #expect(parts == 30)
    #expect(requests.count { $0.contains("/csv/") && !$0.contains("list-type") } == parts)
  }

  @Test(arguments: [2, 8])
  func `progress never goes back, and ends at its totals`(daysAtOnce: Int) async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      let archive = Archive(at: folder, log: log("acme"))
      try await write(archive)
      var seen: [VerificationProgress] = []
      let report = try await archive.verify(settings(daysAtOnce), observe: { seen.append($0) })
      #expect(report?.findings.count == 3)
      let ofDays = seen.filter { $0.day != nil }
      for (before, after) in zip(ofDays, ofDays.dropFirst()) {
        #expect(before.bytes <= after.bytes && before.done <= after.done && before.findings <= after.findings)
      }
      let last = try #require(ofDays.last)
      #expect(last.bytes == last.totalBytes && last.done == 30 && last.total == 30)
    }
  }

  @Test(arguments: [1, 2, 8])
  func `a cancelled verification throws, and reads no more days`(daysAtOnce: Int) async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await write(Archive(at: folder, log: log("acme")))
      let seen = SeenDays()
      let limit = daysAtOnce
      let error = await withTaskGroup(of: (any Error)?.self) { group in
        group.addTask {
          var settings = VerificationSettings()
          settings.daysAtOnce = limit
          do {
            _ = try await Archive(at: folder, log: log("acme")).verify(
              settings,
              observe: { progress in
                guard let day = progress.day else { return }
                _ = seen.days.withLock { $0.insert(day) }
                withUnsafeCurrentTask { $0?.cancel() }
              })
            return nil
          } catch {
            return error
          }
        }
        return await group.next() ?? nil
      }
      guard case ArchiveError.storage(let failure)? = error as? ArchiveError else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(failure.reason == .interrupted && seen.days.withLock(\.count) <= 2 * daysAtOnce)
    }
  }
}

/// Expects equal reports of verifications whose settings differ.
func expectEqual(
  _ report: VerificationReport, _ other: VerificationReport, _ comment: Comment,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(report.findings == other.findings, comment, sourceLocation: sourceLocation)
  #expect(counts(report) == counts(other), comment, sourceLocation: sourceLocation)
  #expect(places(report) == places(other), comment, sourceLocation: sourceLocation)
}

private func counts(_ report: VerificationReport) -> [VerificationReport.Count] {
  [report.commits, report.signatures, report.days, report.files, report.rows, report.quarantineFiles]
}

private func places(_ report: VerificationReport) -> [AnyHashable?] {
  [
    report.source, report.formats, report.firstCommit, report.newestCommit, report.newestCommitSHA256,
    report.manifestCommit, report.daysUnchanged, report.found, report.coverage, report.gaps, report.emptyDays,
    report.foreignFiles, report.table, report.foreignTableVersions,
  ]
}
