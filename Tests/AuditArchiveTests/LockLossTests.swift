import AuditArchive
import AuditRecord
import TestSupport
import Testing

/// A run whose lock file is removed or replaced changes nothing after that.
@Suite struct LockLossTests {
  @Test(arguments: [true, false])
  func `a run whose lock file was removed stops committing and leaves another run's files alone`(
    isReplaced: Bool
  ) async throws {
    let disk = try await CrashTests.prepared()
    let lock = "\(CrashTests.root)/\(ArchivePaths(log("acme")).lock)"
    try await withWriter(CrashTests.root, fileSystem: disk) { (slower) async throws in
      _ = try await slower.stage("2024-02-12", events("2024-02-12", 9))
      disk.setContents(of: lock, isReplaced ? [] : nil)
      // Nobody holds the new file.
      try await withWriter(CrashTests.root, fileSystem: disk) { (faster) async throws in
        let staged = try await faster.stage("2024-02-12", events("2024-02-12", 7))
        for _ in 1...2 {
          let error = await #expect(throws: ArchiveError.self) { try await slower.commit([:]) }
          #expect(error == .leaseLost(path: "_manifest/acme/lock"))
        }
        faster.discard(staged)
        try await faster.commit(["2024-02-12": events("2024-02-12", 8)])
      }
    }
    #expect(
      try await Archive(at: CrashTests.root, log: log("acme"), fileSystem: disk).verify()?.findings == [])
    #expect(try await Archive(at: CrashTests.root, log: log("acme"), fileSystem: disk).read()?.commit == 2)
  }

  @Test func `a lock removed while parts are put prevents the commit record`() async throws {
    let disk = try await CrashTests.prepared()
    try await withWriter(CrashTests.root, fileSystem: disk) { (writer) async throws in
      disk.remove("\(CrashTests.root)/_manifest/acme/lock", before: "rename \(CrashTests.root)/csv/")
      let error = await #expect(throws: ArchiveError.self) {
        try await writer.commit(["2024-02-12": events("2024-02-12", 9)])
      }
      #expect(error == .leaseLost(path: "_manifest/acme/lock"))
    }
    #expect(try await Archive(at: CrashTests.root, log: log("acme"), fileSystem: disk).read()?.commit == 1)
    try await withWriter(CrashTests.root, fileSystem: disk) { try await $0.commit([:]) }
    #expect(
      try await Archive(at: CrashTests.root, log: log("acme"), fileSystem: disk).verify()?.findings == [])
  }

  @Test func `a run that lost its lock drops only its own files`() async throws {
    let disk = try await CrashTests.prepared()
    try await withWriter(CrashTests.root, fileSystem: disk) { (writer) async throws in
      _ = try await writer.stage("2024-02-12", events("2024-02-12", 9))
      disk.setContents(of: "\(CrashTests.root)/_manifest/acme/lock", nil)
      disk.setContents(of: "\(CrashTests.root)/_staging/acme/spool-00000077", [1])
    }
    #expect(
      disk.paths(below: "\(CrashTests.root)/_staging") == ["\(CrashTests.root)/_staging/acme/spool-00000077"])
  }
}
