import AuditArchive
import Foundation
import TestSupport
import Testing

/// Folders for the unfinished files of archives that are elsewhere.
@Suite(.fewAtOnce) struct PrivateFolderTests {
  private func scratch(in folder: PrivateFolder, _ bytes: [UInt8]) throws -> (Scratch, ScratchFile) {
    let scratch = try folder.scratch { Issue.record("\($0)") }
    let file = try scratch.create()
    try scratch.append(bytes, to: file)
    return (scratch, file)
  }

  @Test func `runs that work at the same time do not touch each other's files`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      let path = "\(folder)/scratch"
      let (one, file) = try scratch(in: PrivateFolder(path), [1])
      let (other, _) = try scratch(in: PrivateFolder(path), [2])
      #expect(other.discardAll() == [] && one.discardAll() == [])
      other.end(isLeaseHeld: true)
      #expect(try tree(path).keys.sorted() == ["run-1/lock", "run-1/spool-00000001"])
      try one.seal(file)
      #expect(try one.read(file, at: 0, count: 9) == [1])
      one.end(isLeaseHeld: false)
      #expect(try tree(path).isEmpty)
    }
  }

  @Test func `a run's folder is open to its user alone`() async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      let path = "\(folder)/scratch"
      let (scratch, _) = try scratch(in: PrivateFolder(path), [1])
      for (name, mode) in [("", 0o700), ("/run-1", 0o700), ("/run-1/spool-00000001", 0o600)] {
        let attributes = try FileManager.default.attributesOfItem(atPath: path + name)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode, "\(name)")
      }
      scratch.end(isLeaseHeld: true)
    }
  }

  @Test func `the next run removes the folder of a killed one, and nothing else`() throws {
    let disk = FaultyFileSystem(folder: "/scratch")
    let folder = PrivateFolder("/scratch", disk)
    _ = try scratch(in: folder, [1])
    disk.restart()
    disk.setContents(of: "/scratch/notes.txt", [0])
    let (next, _) = try scratch(in: folder, [2])
    #expect(next.discardAll() == ["run-1/spool-00000001"])
    #expect(
      disk.paths(below: "/scratch") == [
        "/scratch/notes.txt", "/scratch/run-2/lock", "/scratch/run-2/spool-00000001",
      ])
    next.end(isLeaseHeld: true)
    #expect(disk.paths(below: "/scratch") == ["/scratch/notes.txt"])
  }

  @Test func `a run that dies at any operation leaves a folder that the next run removes`() throws {
    for number in 1... {
      let disk = FaultyFileSystem(folder: "/scratch")
      let folder = PrivateFolder("/scratch", disk)
      _ = try scratch(in: folder, [1])
      disk.restart()
      disk.fail(at: number, .death)
      do throws(StorageError) {
        let dying = try folder.scratch { _ in }
        _ = dying.discardAll()
        let file = try dying.create()
        try dying.append([2], to: file)
        dying.end(isLeaseHeld: true)
      } catch {}  // it is dead
      let isOver = !disk.hasFailed
      disk.restart()
      let next = try folder.scratch { Issue.record("operation \(number): \($0)") }
      _ = next.discardAll()
      next.end(isLeaseHeld: true)
      #expect(disk.paths(below: "/scratch") == [], "operation \(number)")
      if isOver { return }
    }
  }

  @Test func `a disk without locks is refused, and the message names the option`() throws {
    let disk = FaultyFileSystem(folder: "/scratch")
    disk.disable(locks: true)
    let error = #expect(throws: StorageError.self) {
      try PrivateFolder("/scratch", disk).scratch { Issue.record("\($0)") }
    }
    #expect(error?.reason == .noLocks && error?.cure?.contains("--scratch-dir") ?? false)
  }
}
