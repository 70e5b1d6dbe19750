import AuditRecord
import Foundation
import TestSupport
import Testing

@testable import AuditArchive

@Suite(.fewAtOnce) struct RecoveryTests {
  private let day12 = "2024-02-12"
  private let manifestPath = "_manifest/acme/manifest.json"

  @Test func `a commit that the manifest lacks is rolled forward on read and write`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      let after = try tree(folder)
      // Every earlier manifest, and none, stands for a crash before the manifest was replaced.
      for number in 0..<6 {
        let copied = "\(folder)-\(number)"
        defer { try? FileManager.default.removeItem(atPath: copied) }
        try copy(folder, to: copied)
        try FileManager.default.removeItem(atPath: "\(copied)/\(manifestPath)")
        if let manifest = try manifest(folder, after: number) {
          try Data(ArchiveJSON.encode(manifest)).write(to: URL(filePath: "\(copied)/\(manifestPath)"))
        }
        let before = try tree(copied)
        #expect(
          try await Archive(at: copied, log: log("acme")).read()
            == Archive(at: folder, log: log("acme")).read())
        #expect(try tree(copied) == before)
        try await withWriter(copied) { #expect($0.recovery.rolledForward == Array(number + 1...6)) }
        #expect(try tree(copied) == after)
      }
    }
  }

  private func manifest(_ folder: String, after number: Int) throws -> Manifest? {
    var state: Manifest?
    for number in 0..<number {
      let path = ArchivePaths(log("acme")).commit(number + 1)
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(path)")))
      state.apply(try ArchiveJSON.decode(Commit.self, from: bytes, path: path), sha256: sha256(bytes))
    }
    return state
  }

  @Test
  func `leftovers named by an intent are deleted, and all other files are left alone`()
    async throws
  {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await withWriter(folder) { (writer) async throws in
        try await writer.commit([day12: events(day12, 5)])
        try await writer.commit([day12: events(day12, 6), "2024-02-13": []])
      }
      let clean = try tree(folder)
      let named = try #require(clean.keys.first { $0.hasSuffix(".csv.gz") })
      let leftovers: [(String, Orphan.Reason)] = [
        ("_staging/acme/spool-00000003", .staging),
        ("_staging/acme/anything", .staging),
        ("csv/organization=acme/event_date=2024-02-12/part-00000.r0001-00000000.csv.gz", .superseded),
        ("csv/organization=acme/event_date=2024-02-12/part-00000.r0003-00000000.csv.gz", .neverCommitted),
        ("csv/organization=acme/event_date=2024-02-13/part-00000.r0001-00000000.csv.gz", .neverCommitted),
        ("csv/organization=acme/event_date=2024-02-14/part-00007.r0001-00000000.csv.gz", .neverCommitted),
        (
          "parquet/organization=acme/event_date=2024-02-12/part-00000.r0003-00000000.parquet", .neverCommitted
        ),
        ("quarantine/organization=acme/commit-00000000000000000003-00000000.jsonl", .neverCommitted),
      ]
      let unknown = [
        "csv/organization=acme/event_date=2024-02-12/part-00000.r0001-11111111.csv.gz",
        "csv/organization=acme/event_date=2024-02-12/part-00000.r0003-11111111.csv.gz",
        "csv/organization=acme/event_date=2024-02-19/part-00000.r0001-00000000.csv.gz",
        "quarantine/organization=acme/commit-00000000000000000003-11111111.jsonl",
        "notes.txt", "csv/_SUCCESS", "csv/organization=acme/event_date=2024-02-12/.part.crc",
        "csv/organization=acme/event_date=2024-02-12/part-00001.r0002-00000000.csv.gz",
        "csv/organization=acme/repository=x/event_date=2024-02-12/part-00000.r0009-00000000.csv.gz",
        "_manifest/acme/notes", "_manifest/acme/commits/readme.md", "_staging/mine",
        "_staging/acme/deep/mine",
        "quarantine/organization=acme/commit-00000000000000000001-00000000.jsonl", "quarantine/mine.jsonl",
      ]
      for path in leftovers.map(\.0) + unknown { try write("x", to: "\(folder)/\(path)") }
      // What the state names stays, and a name that is not ours is none of ours, whatever an intent says.
      let placed = leftovers.filter { $0.1 != .staging }.map(\.0)
      let intent = CommitIntent(
        firstCommit: 3, commit: 3, files: placed + [named, "notes.txt", "../outside"])
      try Data(ArchiveJSON.encode(intent)).write(to: URL(filePath: "\(folder)/_manifest/acme/intent.json"))
      try await withWriter(folder) { (writer) async throws in
        #expect(
          writer.recovery.deleted == leftovers.map { Orphan(path: $0.0, reason: $0.1) }.sorted(by: inReport)
        )
        #expect(writer.recovery.damaged.isEmpty)
        await #expect(try writer.events(of: day12) == events(day12, 6))
      }
      let expected = Set(clean.keys.filter { $0 != "_staging/acme/" } + unknown)
      let found = Set(try tree(folder).keys.filter { !$0.hasSuffix("/") })
      #expect(found.symmetricDifference(expected) == [])
    }
  }

  @Test func `a chain with a missing or foreign record is refused`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await writeHistory(folder)
      try FileManager.default.removeItem(atPath: "\(folder)/\(manifestPath)")
      let third = "\(folder)/_manifest/acme/commits/00000000000000000003.json"
      let text = try String(contentsOfFile: third, encoding: .utf8)
      try write(text.replacingOccurrences(of: "\"1.0.0\"", with: "\"1.0.1\""), to: third)
      let before = try tree(folder)
      guard
        case .damaged(let finding) = try await archiveError({ try await withWriter(folder) { _ in } }),
        finding.path == "_manifest/acme/commits/00000000000000000004.json",
        finding.problem.kind == .brokenChain
      else {
        Issue.record("an altered record was passed over")
        return
      }
      try FileManager.default.removeItem(atPath: third)
      let error = try await archiveError { try await withWriter(folder) { _ in } }
      #expect(
        error
          == .damaged(
            Finding(
              .brokenChain(.absent(upTo: 3)), at: "_manifest/acme/commits/00000000000000000003.json",
              commit: 3)))
      #expect(
        try tree(folder).filter { $0.key.hasPrefix("csv") } == before.filter { $0.key.hasPrefix("csv") })
    }
  }

  @Test func `quarantine of a run killed after its commit is reported once, by the next run`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      let intent = "\(folder)/\(ArchivePaths(log("acme")).intent)"
      var killed = Data()
      try await withWriter(folder) { writer in
        try await writer.commit([day12: events(day12, 2)], quarantine: [record("1"), record("[2]")])
        try await writer.commit(["2024-02-13": []])
        killed = try Data(contentsOf: URL(filePath: intent))
      }
      #expect(!FileManager.default.fileExists(atPath: intent))
      try killed.write(to: URL(filePath: intent))
      try await withWriter(folder) { writer in
        #expect(writer.recovery.unreportedQuarantine.map(\.records) == [2])
        #expect(writer.recovery.deleted.isEmpty && writer.recovery.damaged.isEmpty)
      }
      try await withWriter(folder) { #expect($0.recovery.unreportedQuarantine.isEmpty) }
      try await withWriter(folder) { try await $0.commit([:], quarantine: [record("3")]) }
      try await withWriter(folder) { #expect($0.recovery == RecoveryReport()) }
    }
  }

  @Test(arguments: ["", "{", "\0\0\0\0", #"{"format":"restic/1"}"#])
  func `an unreadable intent stops no run, and no file is deleted`(text: String) async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let clean = try tree(folder)
      let (intent, left) = (
        "_manifest/acme/intent.json",
        "csv/organization=acme/event_date=2024-02-14/part-00000.r0001-00000000.csv.gz"
      )
      for path in [intent, left] { try write(path == intent ? text : "x", to: "\(folder)/\(path)") }
      let found = try await Archive(at: folder, log: log("acme")).verify()?.findings.map {
        "\($0.problem.kind) \($0.path)"
      }
      #expect(found == ["unreadable \(intent)", "unlisted \(left)"])
      try await withWriter(folder) { writer in
        #expect(writer.recovery.unreadableIntent?.path == intent)
        #expect(writer.recovery.deleted.isEmpty && writer.recovery.damaged.isEmpty)
      }
      #expect(Set(try tree(folder).keys) == Set(clean.keys).union([left]))
    }
  }

  @Test func `replaced parts are kept while their replacement is missing or damaged`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 5)]) }
      let first = try #require(
        try await Archive(at: folder, log: log("acme")).read()?.partition(day(day12))?.files.first)
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(first.path)"))
      try await withWriter(folder) { try await $0.commit([day12: events(day12, 6)]) }
      let second = try #require(
        try await Archive(at: folder, log: log("acme")).read()?.partition(day(day12))?.files.first)
      let sealed = try Data(contentsOf: URL(filePath: "\(folder)/\(second.path)"))
      // As a run leaves it that is killed before it tidies up.
      try bytes.write(to: URL(filePath: "\(folder)/\(first.path)"))
      let intent = CommitIntent(firstCommit: 2, commit: 2, files: [second.path])
      try Data(ArchiveJSON.encode(intent)).write(to: URL(filePath: "\(folder)/_manifest/acme/intent.json"))
      for damaged in [nil, sealed.dropLast()] {
        try FileManager.default.removeItem(atPath: "\(folder)/\(second.path)")
        if let damaged { try damaged.write(to: URL(filePath: "\(folder)/\(second.path)")) }
        try await withWriter(folder) {
          #expect($0.recovery.deleted.isEmpty && $0.recovery.damaged.count == 1)
        }
        #expect(try Data(contentsOf: URL(filePath: "\(folder)/\(first.path)")) == bytes)
        try sealed.write(to: URL(filePath: "\(folder)/\(second.path)"))
      }
      try await withWriter(folder) {
        #expect($0.recovery.deleted == [Orphan(path: first.path, reason: .superseded)])
      }
      #expect(try await Archive(at: folder, log: log("acme")).verify()?.findings == [])
    }
  }
}

/// Staging first.
private func inReport(_ one: Orphan, _ other: Orphan) -> Bool {
  (one.reason == .staging ? 0 : 1, one.path) < (other.reason == .staging ? 0 : 1, other.path)
}
