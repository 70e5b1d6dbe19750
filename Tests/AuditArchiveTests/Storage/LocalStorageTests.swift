import AuditArchive
import Foundation
import TestSupport
import Testing

/// What a store in a folder does beyond `StorageContractTests`.
@Suite(.fewAtOnce) struct LocalStorageTests {
  private func withStorage(_ body: (String, LocalStorage) async throws -> Void) async throws {
    try await withTemporaryFolder(isDamaged: true) { (folder) async throws in
      let root = "\(folder)/below/archive"
      try await body(root, storage(root))
    }
  }

  private func storage(_ root: String) -> LocalStorage {
    LocalStorage(root: root, paths: ArchivePaths(log("acme")))
  }

  @Test func `a folder is removed with its last file, but not with files of others in it`() async throws {
    try await withStorage { (root, storage) async throws in
      for path in ["d/e/1", "d/e/2", "d/f/1"] { try await storage.create(path, [1]) }
      try write("mine", to: "\(root)/d/f/notes.txt")
      try await storage.delete(["d/e/1", "d/e/2", "d/f/1", "d/never", "nowhere/at/all"])
      #expect(try tree(root).keys.sorted() == ["_staging/acme/", "d/f/notes.txt"])
      try await storage.create("d/e/3", [3])
      #expect(try await storage.read("d/e/3")?.bytes == [3])
    }
  }

  @Test func `dropped scratch leaves nothing behind, nor does that of a dead run`() async throws {
    try await withStorage { (root, storage) async throws in
      let scratch = await storage.makeScratch { Issue.record("\($0)") }
      let one = try scratch.create()
      let other = try scratch.create()
      try scratch.append([1], to: one)
      try scratch.seal(one)
      scratch.discard(one)
      try scratch.append([2], to: other)
      try write("torn", to: "\(root)/_staging/acme/spool-00000077")
      try write("other", to: "\(root)/_staging/other/spool-00000001")
      #expect(scratch.discardAll() == ["_staging/acme/spool-00000002", "_staging/acme/spool-00000077"])
      #expect(try tree(root).keys.sorted() == ["_staging/acme/", "_staging/other/spool-00000001"])
    }
  }

  @Test func `dropping scratch leaves the staged files of another run alone`() async throws {
    try await withStorage { (root, storage) async throws in
      let scratch = await storage.makeScratch { Issue.record("\($0)") }
      let (sealed, open) = (try scratch.create(), try scratch.create())
      try scratch.seal(sealed)
      try scratch.append([1], to: open)
      try write("other", to: "\(root)/_staging/acme/spool-00000077")
      scratch.discardOwn()
      #expect(try tree(root).keys.sorted() == ["_staging/acme/spool-00000077"])
    }
  }

  @Test func `no operation follows a symbolic link in place of a folder`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let storage = storage("\(folder)/archive")
      try write("precious", to: "\(folder)/elsewhere/part")
      try await storage.create("_manifest/x", [1])
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/archive/csv", withDestinationPath: "\(folder)/elsewhere")
      let attempts: [() async throws -> Void] = [
        { _ = try await storage.replace("csv/part", [1], since: .absent) },
        { try await storage.create("csv/part", [1]) }, { try await storage.delete(["csv/part"]) },
        { _ = try await storage.read("csv/part") },
        { _ = try storage.read("csv/part", at: 0, count: 1) },
        { _ = try await storage.size("csv/part") }, { _ = try await storage.list("csv") },
      ]
      for attempt in attempts {
        do {
          try await attempt()
          Issue.record("the link was followed")
        } catch let error as StorageError {
          #expect(error.reason == .symbolicLink)
          #expect(
            "\(error)".hasSuffix(
              "/archive/csv: there is a symbolic link, and links inside an archive are not followed"))
        }
      }
      #expect(await storage.tidy(["csv/part"]) { _ in }.isEmpty)
      #expect(try await storage.entry("csv") == StoredFile(path: "csv", size: 0, kind: .symbolicLink))
      #expect(try tree("\(folder)/elsewhere") == ["part": Data("precious".utf8)])
    }
  }

  @Test func `a state file over the size limit is refused before it is read`() async throws {
    try await withStorage { (root, storage) async throws in
      let paths = ArchivePaths(log("acme"))
      for (path, limit) in [
        (paths.manifest, 1 << 30), (paths.commit(1), 1 << 30), (paths.beginning, 1 << 30),
        (ArchivePaths.kind, 1 << 20), (paths.lock, 1 << 20), (paths.signature(1), 1 << 20),
      ] {
        try write("", to: "\(root)/\(path)")
        #expect(truncate("\(root)/\(path)", 1 << 42) == 0)
        await #expect {
          _ = try await storage.read(path)
        } throws: {
          let error = $0 as? StorageError
          return error?.reason == .oversized && error?.operation == .read
            && error?.detail.hasSuffix("but such a file of an archive has at most \(limit)") == true
        }
      }
    }
  }

  @Test func `a lock file that is replaced while it is locked is locked again`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    let paths = ArchivePaths(log("acme"))
    let storage = LocalStorage(root: "/archive", paths: paths, fileSystem: disk)
    func take() async throws -> any Lease {
      guard case .taken(let lease) = try await storage.takeLease(somebody, observe: { _ in }) else {
        throw StorageError(operation: .lock, path: paths.lock, reason: .exists, detail: "it is held")
      }
      return lease
    }
    try await take().release()
    // Between the opening of the file, which takes the lock, and the look at its name.
    let other = FaultyFileSystem(copyOf: disk)
    other.setContents(of: "/archive/\(paths.lock)", [7])
    disk.record()
    try await take().release()
    let look = try #require(disk.operations.firstIndex(of: "inspect /archive/\(paths.lock)"))
    disk.replaceContents(with: other, beforeOperation: look + 1)
    let lease = try await take()
    #expect(try await lease.isHeld())
    // What the other file says is no number of a run.
    #expect(lease.generation == 1)
    disk.setContents(of: "/archive/\(paths.lock)", [8])
    #expect(try await !lease.isHeld())
  }

  @Test func `a file with an unstable inode number counts as unchanged`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    disk.disable(stableInodes: true)
    let storage = LocalStorage(root: "/archive", paths: ArchivePaths(log("acme")), fileSystem: disk)
    var seen = try await storage.replace("a", [1], since: .absent)
    for byte in 2...4 as ClosedRange<UInt8> { seen = try await storage.replace("a", [byte], since: seen) }
    disk.setContents(of: "/archive/a", [9])
    await #expect { _ = try await storage.replace("a", [5], since: seen) } throws: {
      ($0 as? StorageError)?.reason == .outrun
    }
  }

  @Test func `the archive's own path may be a symbolic link`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try FileManager.default.createDirectory(atPath: "\(folder)/disk", withIntermediateDirectories: false)
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/archive", withDestinationPath: "\(folder)/disk")
      try await storage("\(folder)/archive").create("a", [1])
      #expect(try await storage("\(folder)/disk").read("a")?.bytes == [1])
    }
  }
}
