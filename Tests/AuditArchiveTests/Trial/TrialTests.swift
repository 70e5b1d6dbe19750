import AuditArchive
import AuditRecord
import Foundation
import TestSupport
import Testing

/// What `check` does in an archive's folder.
@Suite(.fewAtOnce) struct TrialTests {
  private static let root = "/archive"

  private func disk() async throws -> FaultyFileSystem {
    let disk = FaultyFileSystem(folder: Self.root)
    try await withWriter(Self.root, fileSystem: disk) { (writer) async throws in
      try await writer.commit(["2024-02-12": events("2024-02-12", 4)])
    }
    return disk
  }

  @Test func `a probe leaves the archive unchanged and tests every folder that a run writes to`() async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      let before = try tree(folder)
      #expect(try await Archive(at: folder, log: log("acme")).probeWriting().folder == folder)
      #expect(try tree(folder) == before)
    }
    let disk = try await disk()
    disk.record()
    _ = try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).probeWriting()
    #expect(disk.operations.contains { $0.hasPrefix("create /archive/_staging/acme/_check-") })
    for folder in ["", "/csv/organization=acme", "/_manifest/acme", "/_manifest/acme/commits"] {
      for operation in ["makeFolder", "link", "rename"] {
        let trial = "\(operation) /archive\(folder)/_check-"
        #expect(disk.operations.contains { $0.hasPrefix(trial) }, "\(disk.operations)")
      }
      #expect(disk.operations.contains("syncFolder /archive\(folder)"), "\(disk.operations)")
    }
  }

  @Test func `without an archive, the nearest existing folder is tested and nothing is created`() async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      #expect(try await Archive(at: "\(folder)/a/b", log: log("acme")).probeWriting().folder == folder)
      #expect((try await Archive(at: "\(folder)/a/b", log: log("acme")).space()?.free ?? 0) > 0)
      #expect(try await Archive(at: "\(folder)/a/b", log: log("acme")).leaseState() == .never)
      #expect(try tree(folder).isEmpty)
      try write("", to: "\(folder)/file")
      await #expect(throws: StorageError.self) {
        try await Archive(at: "\(folder)/file/a", log: log("acme")).probeWriting()
      }
    }
  }

  @Test(arguments: [FaultyFileSystem.Fault.failure, .full])
  func `every failure is reported, and only a file that cannot be removed is left behind`(
    _ fault: FaultyFileSystem.Fault
  ) async throws {
    let disk = try await disk()
    let before = disk.paths(below: Self.root)
    var failures = 0
    for number in 1... {
      let copy = FaultyFileSystem(copyOf: disk)
      copy.record()
      copy.fail(at: number, fault)
      do {
        _ = try await Archive(at: Self.root, log: log("acme"), fileSystem: copy).probeWriting()
        guard copy.hasFailed else { break }
        Issue.record("operation \(number) failed, and nobody was told")
      } catch {
        failures += 1
        let isRemoval = copy.operations.last?.hasPrefix("delete") ?? false
        if !isRemoval { #expect(copy.paths(below: Self.root) == before, "\(copy.operations)") }
      }
    }
    #expect(failures > 15)
  }

  @Test func `a file left behind by a probe is deleted by the next run`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try await writeHistory(folder)
      try write("", to: "\(folder)/_staging/acme/_check-1-2")
      try await withWriter(folder) { (writer) async throws in
        #expect(writer.recovery.deleted.map(\.path) == ["_staging/acme/_check-1-2"])
      }
      #expect(try !tree(folder).keys.contains { $0.contains("_check-") })
    }
  }

  @Test func `the lock is reported as never taken, free, or held with its holder`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let name = log("acme")
      #expect(try await Archive(at: folder, log: name).leaseState() == .never)
      try await withWriter(folder) { (_) async throws in
        #expect(try await Archive(at: folder, log: name).leaseState() == .held(somebody))
        #expect(try await Archive(at: folder, log: log("other")).leaseState() == .never)
      }
      #expect(try await Archive(at: folder, log: name).leaseState() == .free)
      try await withWriter(folder) { _ in }
    }
  }

  @Test func `a path too long for a run's files is reported, although the probe's name fits`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      var deep = folder
      while deep.utf8.count < 4_020 {
        deep += "/" + String(repeating: "d", count: min(200, 4_040 - deep.utf8.count - 1))
      }
      try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
      do {
        _ = try await Archive(at: deep, log: log("acme")).probeWriting()
        Issue.record("it was found short enough")
      } catch {
        #expect((error as? StorageError)?.reason == .nameTooLong, "\(error)")
      }
    }
  }

  @Test func `before the archive exists, a probe file shows whether locks work`() async throws {
    let disk = FaultyFileSystem(folder: Self.root)
    let name = log("acme")
    #expect(try await Archive(at: "/archive/a", log: name, fileSystem: disk).leaseState() == .never)
    disk.disable(locks: true)
    for folder in ["/archive", "/archive/a/b"] {
      do {
        _ = try await Archive(at: folder, log: name, fileSystem: disk).leaseState()
        Issue.record("it was locked")
      } catch {
        #expect(error.reason == .noLocks, "\(error)")
      }
    }
    #expect(disk.paths(below: Self.root).isEmpty)
    let error = try await archiveError { try await withWriter(Self.root, fileSystem: disk) { _ in } }
    guard case .storage(let failure)? = error else {
      Issue.record("a run took the lock")
      return
    }
    #expect(failure.reason == .noLocks)
  }

  @Test func `a concurrent clean-up by a run does not make a probe fail`() async throws {
    let disk = try await disk()
    disk.record()
    _ = try await Archive(at: Self.root, log: log("acme"), fileSystem: disk).probeWriting()
    for (number, operation) in disk.operations.enumerated()
    where operation.hasPrefix("link ") || operation.hasPrefix("rename ") {
      let (copy, tidied) = (FaultyFileSystem(copyOf: disk), FaultyFileSystem(copyOf: disk))
      copy.replaceContents(with: tidied, beforeOperation: number + 1)
      _ = try await Archive(at: Self.root, log: log("acme"), fileSystem: copy).probeWriting()
    }
  }

  @Test func `the last complete run is found behind later runs that stopped`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let archive = Archive(at: folder, log: log("acme"))
      #expect(try await archive.lastComplete() == nil)
      try await withWriter(folder) { writer in
        for (number, isComplete) in [false, true, false, false, false].enumerated() {
          try await writer.commit(["2024-02-12": events("2024-02-12", number + 1)]) {
            $0.run.complete = isComplete
          }
        }
      }
      let commits = try await archive.recentCommits(limit: 9)
      #expect(commits.map(\.commit) == [5, 4, 3, 2, 1])
      #expect(try await archive.lastComplete() == .commit(commits[3]))
      #expect(try await archive.lastComplete(newest: 1) == nil)
      // Where none of those that are read is complete, it was before the oldest of them.
      #expect(try await archive.lastComplete(limit: 3) == .before(commits[2]))
      #expect(try await archive.lastComplete(limit: 4)?.latest == commits[3].committedAt)
      #expect(try await archive.lastComplete(newest: 1, limit: 1) == nil)
    }
  }
}
