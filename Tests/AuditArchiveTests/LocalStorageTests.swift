import AuditArchive
import Foundation
import TestSupport
import Testing

@Suite struct LocalStorageTests {
  private func withStorage(_ body: (String, LocalStorage) throws -> Void) async throws {
    try await withTemporaryFolder { (folder) async throws in
      let root = "\(folder)/below/archive"
      try body(root, storage(root))
    }
  }

  private func storage(_ root: String) -> LocalStorage {
    LocalStorage(root: root, paths: ArchivePaths(log("acme")), fileSystem: PosixFileSystem())
  }

  @Test func `a spooled file appears whole, when it is put`() async throws {
    try await withStorage { (root, storage) throws in
      let spool = try storage.spool()
      try storage.append(Array("ab".utf8), to: spool)
      try storage.append(Array("c".utf8), to: spool)
      try storage.seal(spool)
      #expect(try storage.list("csv").isEmpty)
      try storage.put([(spool, "csv/x/y")])
      #expect(try storage.list("csv") == [StoredFile(path: "csv/x/y", size: 3)])
      #expect(try tree(root) == ["csv/x/y": Data("abc".utf8), "_staging/acme/": Data()])
    }
  }

  @Test func `create makes a file once`() async throws {
    try await withStorage { (root, storage) throws in
      try storage.create("a/b", [1])
      do throws(StorageError) {
        try storage.create("a/b", [2])
        Issue.record("created twice")
      } catch {
        #expect(error.reason == .exists)
      }
      #expect(try storage.read("a/b") == [1])
      #expect(try tree(root).keys.sorted() == ["_staging/acme/", "a/b"])
    }
  }

  @Test func `replace gives new bytes, and read is whole, in part, or nothing`() async throws {
    try await withStorage { (_, storage) throws in
      #expect(try storage.read("a") == nil)
      #expect(try storage.size("a") == nil)
      let bytes = [UInt8](repeating: 7, count: (2 << 20) + 5)
      try storage.replace("a", [1, 2, 3])
      try storage.replace("a", bytes)
      #expect(try storage.read("a") == bytes)
      #expect(try storage.size("a") == bytes.count)
      #expect(try storage.read("a", at: 2 << 20, count: 100) == [7, 7, 7, 7, 7])
      try storage.replace("a", [UInt8](repeating: 1, count: 1 << 20))
      #expect(try storage.read("a")?.count == 1 << 20)
    }
  }

  @Test func `a folder goes with its last file, and what is not ours keeps it`() async throws {
    try await withStorage { (root, storage) throws in
      for path in ["d/e/1", "d/e/2", "d/f/1"] { try storage.replace(path, [1]) }
      try write("mine", to: "\(root)/d/f/notes.txt")
      try storage.delete(["d/e/1", "d/e/2", "d/f/1", "d/never", "nowhere/at/all"])
      #expect(try tree(root).keys.sorted() == ["_staging/acme/", "d/f/notes.txt"])
      try storage.replace("d/e/3", [3])
      #expect(try storage.read("d/e/3") == [3])
    }
  }

  @Test func `spools that are dropped leave nothing, those of a dead run too`() async throws {
    try await withStorage { (root, storage) throws in
      let one = try storage.spool()
      let other = try storage.spool()
      try storage.append([1], to: one)
      try storage.seal(one)
      storage.discard(one)
      try storage.append([2], to: other)
      try write("torn", to: "\(root)/_staging/acme/spool-00000077")
      try write("other", to: "\(root)/_staging/other/spool-00000001")
      #expect(
        storage.discardSpools() == ["_staging/acme/spool-00000002", "_staging/acme/spool-00000077"])
      #expect(try tree(root).keys.sorted() == ["_staging/acme/", "_staging/other/spool-00000001"])
    }
  }

  @Test func `a symbolic link in the place of a folder is followed by nothing`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let storage = storage("\(folder)/archive")
      try write("precious", to: "\(folder)/elsewhere/part")
      try storage.replace("_manifest/x", [1])
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/archive/csv", withDestinationPath: "\(folder)/elsewhere")
      let attempts: [() throws -> Void] = [
        { try storage.replace("csv/part", [1]) }, { try storage.delete(["csv/part"]) },
        { _ = try storage.read("csv/part") }, { _ = try storage.read("csv/part", at: 0, count: 1) },
        { _ = try storage.size("csv/part") }, { _ = try storage.list("csv") },
      ]
      for attempt in attempts {
        do {
          try attempt()
          Issue.record("the link was followed")
        } catch let error as StorageError {
          #expect(error.reason == .symbolicLink)
          #expect(
            "\(error)".hasSuffix(
              "/archive/csv: a symbolic link stands there, and links inside an archive are not followed"))
        }
      }
      #expect(storage.tidy(["csv/part"]).isEmpty)
      #expect(try storage.entry("csv") == StoredFile(path: "csv", size: 0, kind: .symbolicLink))
      #expect(try tree("\(folder)/elsewhere") == ["part": Data("precious".utf8)])
    }
  }

  @Test func `a file of the state that is larger than any is refused before it is read`() async throws {
    try await withStorage { (root, storage) throws in
      let paths = ArchivePaths(log("acme"))
      for (path, limit) in [
        (paths.manifest, 1 << 30), (paths.commit(1), 1 << 30), (paths.beginning, 1 << 30),
        (ArchivePaths.kind, 1 << 20), (paths.lock, 1 << 20), (paths.signature(1), 1 << 20),
      ] {
        try write("", to: "\(root)/\(path)")
        #expect(truncate("\(root)/\(path)", 1 << 42) == 0)
        #expect {
          try storage.read(path)
        } throws: {
          let error = $0 as? StorageError
          return error?.reason == .oversized && error?.operation == .read
            && error?.detail.hasSuffix("more than \(limit)") == true
        }
      }
    }
  }

  @Test func `a lock file that is replaced while it is locked is locked again`() async throws {
    let disk = FaultyFileSystem(folder: "/archive")
    let paths = ArchivePaths(log("acme"))
    let storage = LocalStorage(root: "/archive", paths: paths, fileSystem: disk)
    let first = try #require(try storage.lock(paths.lock, note: [1]))
    #expect(try storage.isHeld(first))
    storage.unlock(first)
    // Between the opening of the file, which takes the lock, and the look at its name.
    let other = FaultyFileSystem(copyOf: disk)
    other.setContents(of: "/archive/\(paths.lock)", [7])
    disk.record()
    _ = try storage.lock(paths.lock, note: [1]).map(storage.unlock)
    let look = try #require(disk.operations.firstIndex(of: "inspect /archive/\(paths.lock)"))
    disk.become(other, at: look + 1)
    let lock = try #require(try storage.lock(paths.lock, note: [2]))
    #expect(try storage.isHeld(lock))
    #expect(disk.contents(of: "/archive/\(paths.lock)") == [2])
  }

  @Test func `what was spooled here is dropped alone, beside what another run stages`() async throws {
    try await withStorage { (root, storage) throws in
      let (sealed, open) = (try storage.spool(), try storage.spool())
      try storage.seal(sealed)
      try storage.append([1], to: open)
      try write("other", to: "\(root)/_staging/acme/spool-00000077")
      storage.discardOwnSpools()
      #expect(try tree(root).keys.sorted() == ["_staging/acme/spool-00000077"])
    }
  }

  @Test func `the archive itself may stand behind a link`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try FileManager.default.createDirectory(atPath: "\(folder)/disk", withIntermediateDirectories: false)
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/archive", withDestinationPath: "\(folder)/disk")
      try storage("\(folder)/archive").replace("a", [1])
      #expect(try storage("\(folder)/disk").read("a") == [1])
    }
  }
}
