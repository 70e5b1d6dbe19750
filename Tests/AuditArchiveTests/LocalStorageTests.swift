import AuditArchive
import Foundation
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

  @Test func `a symbolic link in the place of a folder is refused on write and on delete`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let storage = storage("\(folder)/archive")
      try write("precious", to: "\(folder)/elsewhere/part")
      try storage.replace("_manifest/x", [1])
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/archive/csv", withDestinationPath: "\(folder)/elsewhere")
      for attempt in [{ try storage.replace("csv/part", [1]) }, { try storage.delete(["csv/part"]) }] {
        do {
          try attempt()
          Issue.record("the link was followed")
        } catch let error as StorageError {
          #expect(error.reason == .notAFolder)
          #expect(
            "\(error)".hasSuffix(
              "/archive/csv: a symbolic link stands there, and links inside an archive are not followed on write"
            ))
        }
      }
      #expect(try storage.read("csv/part") == Array("precious".utf8))
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
