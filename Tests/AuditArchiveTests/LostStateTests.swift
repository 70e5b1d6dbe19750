import AuditRecord
import Foundation
import TestSupport
import Testing

@testable import AuditArchive

/// An archive whose state is gone or older than its files is refused, and none of its files is deleted.
@Suite(.fewAtOnce) struct LostStateTests {
  private let day12 = "2024-02-12"
  private let manifestPath = "_manifest/acme/manifest.json"

  /// ../shared/faults/claims/r01
  @Test(arguments: [[PartFormat.csv], [.parquet], [.csv, .parquet]])
  func `a state restored from an older copy is refused, and no file is deleted`(formats: [PartFormat])
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      var settings = WriterSettings(toolVersion: "1.0.0")
      settings.formats = Set(formats)
      let days = ["2024-02-13", "2024-02-14"]
      try await withWriter(folder, settings: settings) { writer in
        try await writer.commit([day12: events(day12, 5), days[0]: events(days[0], 5)])
      }
      try copy("\(folder)/_manifest", to: "\(folder)/older")
      try await withWriter(folder, settings: settings) { writer in
        try await writer.commit([day12: events(day12, 7), days[1]: events(days[1], 3)])
      }
      let newer = try #require(try await Archive(at: folder, log: log("acme")).read())
      try FileManager.default.moveItem(atPath: "\(folder)/_manifest", toPath: "\(folder)/newest")
      try copy("\(folder)/older", to: "\(folder)/_manifest")
      let before = try tree(folder)
      let later = newer.partition(day(day12))?.files.map(\.path).sorted() ?? []
      for _ in 0..<2 {
        let error = try await archiveError { try await withWriter(folder, settings: settings) { _ in } }
        #expect(error == .olderState(commit: 1, later: later))
      }
      #expect(try tree(folder).filter { !$0.key.hasSuffix("/") } == before.filter { !$0.key.hasSuffix("/") })
      let findings = try #require(try await Archive(at: folder, log: log("acme")).verify()).findings
      #expect(Set(findings.filter { $0.problem == .unlisted(.later) }.map(\.path)).isSuperset(of: later))

      // The newest state puts it right.
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest")
      try copy("\(folder)/newest", to: "\(folder)/_manifest")
      #expect(try await Archive(at: folder, log: log("acme")).verify()?.findings == [])

      // Where it is lost: the files that no commit names are moved away, and their days exported anew.
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest")
      try copy("\(folder)/older", to: "\(folder)/_manifest")
      for finding in findings where finding.problem == .unlisted(.later) {
        try FileManager.default.removeItem(atPath: "\(folder)/\(finding.path)")
      }
      try await withWriter(folder, settings: settings) { writer in
        #expect(writer.recovery.damagedDays == [day(day12)])
        try await writer.commit([day12: events(day12, 7), days[1]: events(days[1], 3)])
      }
      #expect(try await Archive(at: folder, log: log("acme")).verify()?.findings == [])
    }
  }

  @Test func `a manifest newer than the commits is refused with the missing commits`()
    async throws
  {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await writeHistory(folder)
      for number in 4...6 {
        try FileManager.default.removeItem(atPath: "\(folder)/\(ArchivePaths(log("acme")).commit(number))")
      }
      let before = try tree(folder)
      #expect(
        try await archiveError { try await withWriter(folder) { _ in } } == .missingCommits(from: 4, to: 6))
      #expect(try tree(folder).filter { !$0.key.hasSuffix("/") } == before.filter { !$0.key.hasSuffix("/") })
      // The way out that Format.md names.
      try FileManager.default.removeItem(atPath: "\(folder)/\(manifestPath)")
      try await withWriter(folder) { writer in
        #expect(writer.manifest?.commit == 3)
        #expect(writer.recovery.deleted.isEmpty)
      }
    }
  }

  @Test func `an archive whose state was removed is not cleaned up`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let commit = try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      try FileManager.default.removeItem(atPath: "\(folder)/_manifest")
      let before = try tree(folder)
      for _ in 0..<2 {
        #expect(
          try await archiveError { try await withWriter(folder) { _ in } }
            == .stateMissing(example: commit.filesAdded.at(0)))
      }
      await #expect(throws: ArchiveError.self) { try await Archive(at: folder, log: log("acme")).read() }
      #expect(try tree(folder) == before)
    }
  }

  @Test(arguments: ["_manifest/acme/commits", "_manifest/acme/commits/00000000000000000001.json"])
  func `an archive with only the lock as its state is not cleaned up`(alsoGone: String) async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { writer in
        try await writer.commit([day12: events(day12, 5)], quarantine: [record("1")])
      }
      for path in [manifestPath, alsoGone] { try FileManager.default.removeItem(atPath: "\(folder)/\(path)") }
      for part in ["csv", "quarantine"] {
        let before = try tree(folder)
        let example = try #require(before.keys.first { $0.hasPrefix(part) })
        let error = try await archiveError { try await withWriter(folder) { _ in } }
        #expect(error == .stateMissing(example: example))
        await #expect(throws: ArchiveError.stateMissing(example: example)) {
          try await Archive(at: folder, log: log("acme")).read()
        }
        #expect(try tree(folder) == before)
        try FileManager.default.removeItem(atPath: "\(folder)/\(part)")
      }
    }
  }

  @Test func `leftovers of a first run that died before its commit are recognized by the next run`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      let files = [
        "csv/organization=acme/event_date=2024-02-12/part-00000.r0001-00000000.csv.gz",
        "quarantine/organization=acme/commit-00000000000000000001-00000000.jsonl",
      ]
      for path in files { try write("x", to: "\(folder)/\(path)") }
      let list = #"{"format":"cloudsmith-audit-export/1","files":["\#(files.joined(separator: #"",""#))"]}"#
      try write(list, to: "\(folder)/_manifest/acme/beginning.json")
      #expect(try await Archive(at: folder, log: log("acme")).read() == nil)
      try await withWriter(folder) { writer in
        #expect(writer.recovery.deleted == files.map { Orphan(path: $0, reason: .neverCommitted) })
      }
      #expect(try tree(folder).keys.filter { !$0.hasSuffix("/") } == ["_manifest/acme/lock"])

      // What it does not name is somebody's data.
      for path in files { try write("x", to: "\(folder)/\(path)") }
      try write(
        list.replacing("0001-00000000.csv", with: "0001-11111111.csv"),
        to: "\(folder)/_manifest/acme/beginning.json")
      let before = try tree(folder)
      #expect(
        try await archiveError { try await withWriter(folder) { _ in } }
          == .stateMissing(example: files.at(0)))
      #expect(try tree(folder) == before)
    }
  }
}
