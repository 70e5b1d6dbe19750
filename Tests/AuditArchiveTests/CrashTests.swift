import AuditArchive
import AuditRecord
import Foundation
import Testing

/// A run that dies at every operation in turn: opened again, the archive is as before or as after its commit.
@Suite struct CrashTests {
  /// What a run does: a day changes, a day is new, a day is emptied, one is as it was, a record goes to quarantine.
  private func run(_ folder: String, _ files: any FileSystem) async throws {
    try await withWriter(folder, fileSystem: files) { (writer) throws in
      try writer.commit([
        "2024-02-12": events("2024-02-12", 9), "2024-02-13": events("2024-02-13", 3), "2024-02-14": [],
        "2024-02-15": events("2024-02-15", 2),
      ]) { $0.quarantine = [record("\"new\"")] }
    }
  }

  private func prepare(_ folder: String) async throws {
    try await withWriter(folder) { (writer) throws in
      try writer.commit([
        "2024-02-12": events("2024-02-12", 4), "2024-02-14": events("2024-02-14", 4),
        "2024-02-15": events("2024-02-15", 2),
      ]) { $0.quarantine = [record("\"old\"")] }
    }
  }

  private func snapshot(_ folder: String) throws -> [String: Data] {
    try tree(folder).filter { !$0.key.hasSuffix("/lock") && !$0.key.hasSuffix("/") }
  }

  /// Crashes `run` at every operation on a copy of `folder`, and recovers, itself crashing at every operation of that
  /// when `deep`.
  private func crashEverywhere(_ folder: String, _ mode: FailingFileSystem.Mode, deep: Bool) async throws {
    let before = try snapshot(folder)
    let whole = FailingFileSystem(failingAt: .max, .once)
    try copy(folder, to: "\(folder)-after")
    defer { try? FileManager.default.removeItem(atPath: "\(folder)-after") }
    try await run("\(folder)-after", whole)
    let after = try snapshot("\(folder)-after")
    #expect(whole.operations.count > 50)

    var seen = (before: 0, after: 0)
    for number in 1...whole.operations.count {
      let crashed = "\(folder)-\(number)"
      try copy(folder, to: crashed)
      defer { try? FileManager.default.removeItem(atPath: crashed) }
      let error = try await archiveError {
        try await run(crashed, FailingFileSystem(failingAt: number, mode))
      }
      guard case .storage = error else {
        Issue.record("operation \(number), \(mode): \(String(describing: error))")
        continue
      }
      // A reader that follows the manifest finds one state, whole, at once.
      let read = try #require(try Archive.read(at: crashed, log: log("acme")))
      for path in read.partitions.flatMap(\.files).map(\.path) {
        #expect(FileManager.default.fileExists(atPath: "\(crashed)/\(path)"), "operation \(number): \(path)")
      }
      if deep { try await crashRecovery(crashed) }
      try await withWriter(crashed) { #expect($0.recovery.damaged.isEmpty) }
      let found = try snapshot(crashed)
      #expect(found == before || found == after, "operation \(number), \(mode): \(found.keys.sorted())")
      if found == before { seen.before += 1 } else { seen.after += 1 }
      try await run(crashed, PosixFileSystem())
      #expect(try Archive.read(at: crashed, log: log("acme"))?.partitions.map(\.rows) == [9, 3, 0, 2])
      #expect(try Archive.read(at: crashed, log: log("acme"))?.quarantinedRecords == 2)
    }
    #expect(seen.before > 0 && seen.after > 0)
  }

  private func crashRecovery(_ folder: String) async throws {
    for number in 1... {
      let files = FailingFileSystem(failingAt: number, .ever)
      if try await archiveError({ try await withWriter(folder, fileSystem: files) { _ in } }) == nil {
        return
      }
    }
  }

  @Test(arguments: FailingFileSystem.Mode.allCases)
  func `a commit that dies at any operation leaves the archive as before or as after`(
    _ mode: FailingFileSystem.Mode
  ) async throws {
    try await withTemporaryFolder { (folder) throws in
      try await prepare("\(folder)/a")
      try await crashEverywhere("\(folder)/a", mode, deep: false)
    }
  }

  @Test func `recovery that dies at any operation is done by the next one`() async throws {
    try await withTemporaryFolder { (folder) throws in
      try await prepare("\(folder)/a")
      try await crashEverywhere("\(folder)/a", .ever, deep: true)
    }
  }

  @Test func `the first commit of all that dies at any operation leaves nothing or all`() async throws {
    try await withTemporaryFolder { (folder) throws in
      let whole = FailingFileSystem(failingAt: .max, .once)
      try await run("\(folder)/whole", whole)
      let after = try snapshot("\(folder)/whole")
      for number in 1...whole.operations.count {
        let crashed = "\(folder)/\(number)"
        _ = try await archiveError { try await run(crashed, FailingFileSystem(failingAt: number, .ever)) }
        try await withWriter(crashed) { (writer) throws in
          #expect(writer.recovery.damaged.isEmpty)
          #expect(writer.manifest == nil || writer.manifest?.commit == 1)
        }
        let found = try snapshot(crashed)
        #expect(found.keys.sorted() == ["_manifest/archive.json"] || found == after, "operation \(number)")
      }
    }
  }

  @Test func `what is written is durable before anything names it, and what is replaced goes last`()
    async throws
  {
    try await withTemporaryFolder { (folder) throws in
      try await withWriter(folder) { try $0.commit(["2024-02-12": events("2024-02-12", 4)]) }
      let files = FailingFileSystem(failingAt: .max, .once)
      let operations = try await withWriter(folder, fileSystem: files) { writer in
        let opening = files.operations.count
        try writer.commit(["2024-02-12": events("2024-02-12", 9)])
        return files.operations[opening...].filter { !$0.hasPrefix("inspect") }
      }
      let hash = /-[0-9a-f]{8}\.csv/
      #expect(
        operations.map {
          $0.replacing("\(folder)/", with: "").replacing(folder, with: ".").replacing(hash, with: "-HASH.csv")
        } == [
          // 1: the part, staged
          "syncFolder .", "syncFolder _staging",
          "create _staging/acme/spool-00000001", "write _staging/acme/spool-00000001",
          "sync _staging/acme/spool-00000001", "close _staging/acme/spool-00000001",
          // 2: in its place
          "syncFolder .", "syncFolder csv", "syncFolder csv/organization=acme",
          "rename csv/organization=acme/event_date=2024-02-12/part-00000.r0002-HASH.csv.gz",
          "syncFolder csv/organization=acme/event_date=2024-02-12",
          // 3: the commit
          "syncFolder _manifest/acme",
          "create _staging/acme/spool-00000002", "write _staging/acme/spool-00000002",
          "sync _staging/acme/spool-00000002", "close _staging/acme/spool-00000002",
          "link _manifest/acme/commits/00000000000000000002.json",
          "syncFolder _manifest/acme/commits",
          "delete _staging/acme/spool-00000002",
          // 4: the manifest
          "create _staging/acme/spool-00000003", "write _staging/acme/spool-00000003",
          "sync _staging/acme/spool-00000003", "close _staging/acme/spool-00000003",
          "rename _manifest/acme/manifest.json", "syncFolder _manifest/acme",
          // 5: what the new revision replaces
          "delete csv/organization=acme/event_date=2024-02-12/part-00000.r0001-HASH.csv.gz",
          "removeFolder csv/organization=acme/event_date=2024-02-12",
          "syncFolder csv/organization=acme/event_date=2024-02-12",
        ])
    }
  }

  @Test func `a writer whose commit failed commits no more`() async throws {
    try await withTemporaryFolder { (folder) throws in
      try await prepare(folder)
      let error = try await archiveError {
        let counting = FailingFileSystem(failingAt: .max, .once)
        try await withWriter(folder, fileSystem: counting) { _ in }
        let files = FailingFileSystem(failingAt: counting.operations.count + 20, .once)
        try await withWriter(folder, fileSystem: files) { (writer) throws in
          let first = #expect(throws: ArchiveError.self) {
            try writer.commit(["2024-02-12": events("2024-02-12", 9), "2024-02-13": events("2024-02-13", 3)])
          }
          let second = #expect(throws: ArchiveError.self) { try writer.commit([:]) }
          #expect(first == second && first != nil)
          #expect(writer.manifest?.commit == 1)
        }
      }
      #expect(error == nil)
    }
  }
}
