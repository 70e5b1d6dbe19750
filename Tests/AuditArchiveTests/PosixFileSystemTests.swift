import AuditArchive
import Foundation
import TestSupport
import Testing

@Suite(.fewAtOnce) struct PosixFileSystemTests {
  let files = PosixFileSystem()

  private func expectFailure(
    _ reason: StorageError.Reason, _ operation: StorageError.Operation, path: String,
    _ body: () throws(StorageError) -> Void
  ) {
    do {
      try body()
      Issue.record("nothing failed")
    } catch {
      #expect(error.reason == reason && error.operation == operation && error.path == path, "\(error)")
    }
  }

  @Test func `written bytes are read back from any offset`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let file = try files.create(DiskPath(folder, "a"))
      try files.write(Array(bytes[..<1_000]), to: file)
      try files.write([], to: file)
      try files.write(Array(bytes[1_000...]), to: file)
      try files.sync(file)
      try files.close(file)
      let opened = try files.open(DiskPath(folder, "a"))
      #expect(try files.read(400_000, at: 0, from: opened) == bytes)
      #expect(try files.read(10, at: 999, from: opened) == Array(bytes[999..<1_009]))
      #expect(try files.read(10, at: 299_995, from: opened) == Array(bytes[299_995...]))
      #expect(try files.read(10, at: 300_000, from: opened) == [])
      try files.close(opened)
      #expect(
        try files.status(DiskPath(folder, "a"))?.size == 300_000)
    }
  }

  @Test
  func
    `a name that is taken is refused by create, link, make folder and exclusive rename, and replaced by rename`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try write("one", to: "\(folder)/a")
      try write("two", to: "\(folder)/b")
      expectFailure(.exists, .create, path: "\(folder)/a") { () throws(StorageError) in
        _ = try files.create(DiskPath(folder, "a"))
      }
      expectFailure(.exists, .link, path: "\(folder)/b") { () throws(StorageError) in
        try files.link(DiskPath(folder, "a"), to: DiskPath(folder, "b"))
      }
      expectFailure(.exists, .makeFolder, path: "\(folder)/a") { () throws(StorageError) in
        try files.makeFolder(DiskPath(folder, "a"))
      }
      expectFailure(.exists, .rename, path: "\(folder)/b") { () throws(StorageError) in
        try files.renameExclusively(DiskPath(folder, "a"), to: DiskPath(folder, "b"))
      }
      #expect(try tree(folder) == ["a": Data("one".utf8), "b": Data("two".utf8)])
      try files.rename(DiskPath(folder, "a"), to: DiskPath(folder, "b"))
      try files.renameExclusively(DiskPath(folder, "b"), to: DiskPath(folder, "c"))
      #expect(try tree(folder) == ["c": Data("one".utf8)])
    }
  }

  @Test func `a symbolic link is not followed on write`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try write("precious", to: "\(folder)/elsewhere")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/link", withDestinationPath: "\(folder)/elsewhere")
      expectFailure(.exists, .create, path: "\(folder)/link") { () throws(StorageError) in
        _ = try files.create(DiskPath(folder, "link"))
      }
      expectFailure(.symbolicLink, .lock, path: "\(folder)/link") { () throws(StorageError) in
        _ = try files.lock(DiskPath(folder, "link"))
      }
      #expect(try files.status(DiskPath(folder, "link"))?.kind == .symbolicLink)
      #expect(
        try files.status(DiskPath("\(folder)/link")).map { [$0.kind == .file, $0.size == 8] } == [true, true])
      #expect(
        try Set(files.list(DiskPath(folder))) == [
          FolderEntry(name: "elsewhere", kind: .file, size: 8),
          FolderEntry(name: "link", kind: .symbolicLink),
        ])
    }
  }

  @Test func `no operation follows a link below the root, but the root may be one`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      try write("precious", to: "\(folder)/outside/x/y/file")
      try write("inside", to: "\(folder)/disk/a/b/file")
      try link("\(folder)/root", to: "\(folder)/disk")
      for (name, target) in [("a", "outside/x"), ("a/b", "outside/x/y")] {
        let (place, kept) = ("\(folder)/disk/\(name)", "\(folder)/disk/\(name)-kept")
        try FileManager.default.moveItem(atPath: place, toPath: kept)
        try link(place, to: "\(folder)/\(target)")
        let before = try tree("\(folder)/outside")
        let path = DiskPath("\(folder)/root", "a/b/file")
        let (new, safe) = (DiskPath(path.root, "a/b/new"), DiskPath(path.root, "safe"))
        try files.close(files.create(safe))
        let attempts: [(StorageError.Operation, () throws(StorageError) -> Void)] = [
          (.create, { () throws(StorageError) in _ = try files.create(new) }),
          (.open, { () throws(StorageError) in _ = try files.open(path) }),
          (.rename, { () throws(StorageError) in try files.rename(path, to: safe) }),
          (.rename, { () throws(StorageError) in try files.rename(safe, to: path) }),
          (.rename, { () throws(StorageError) in try files.renameExclusively(safe, to: new) }),
          (.link, { () throws(StorageError) in try files.link(safe, to: new) }),
          (.link, { () throws(StorageError) in try files.link(path, to: DiskPath(path.root, "other")) }),
          (.delete, { () throws(StorageError) in try files.unlink(path) }),
          (.makeFolder, { () throws(StorageError) in try files.makeFolder(new) }),
          (.removeFolder, { () throws(StorageError) in try files.removeFolder(path) }),
          (.syncFolder, { () throws(StorageError) in try files.syncFolder(DiskPath(path.root, "a/b")) }),
          (.list, { () throws(StorageError) in _ = try files.list(DiskPath(path.root, "a/b")) }),
          (.inspect, { () throws(StorageError) in _ = try files.status(path) }),
          (.lock, { () throws(StorageError) in _ = try files.lock(new) }),
          (.inspect, { () throws(StorageError) in _ = try files.space(at: DiskPath(path.root, "a/b/x")) }),
          (.inspect, { () throws(StorageError) in _ = try files.volume(at: DiskPath(path.root, "a/b/x")) }),
        ]
        for (operation, attempt) in attempts {
          expectFailure(.symbolicLink, operation, path: "\(folder)/root/\(name)", attempt)
        }
        #expect(try files.list(DiskPath(path.root), isDeep: true).allSatisfy { !$0.name.hasSuffix("y/file") })
        #expect(try tree("\(folder)/outside") == before)
        try files.unlink(safe)
        try files.unlink(DiskPath(path.root, name))
        try FileManager.default.moveItem(atPath: kept, toPath: place)
      }
      let file = try files.open(DiskPath("\(folder)/root", "a/b/file"))
      #expect(try files.read(100, at: 0, from: file) == Array("inside".utf8))
      try files.close(file)
    }
  }

  @Test func `only regular files are opened, without blocking, and others are named by their kind`()
    async throws
  {
    try await withTemporaryFolder { (folder) async throws in
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
      try FileManager.default.createDirectory(atPath: "\(folder)/folder", withIntermediateDirectories: false)
      try bindSocket("\(folder)/socket")
      let kinds: [(String, FileKind)] = [("pipe", .pipe), ("folder", .folder), ("socket", .socket)]
      for (name, kind) in kinds {
        let path = DiskPath(folder, name)
        for (operation, open) in [
          (.open, { () throws(StorageError) in _ = try files.open(path) }),
          (.lock, { () throws(StorageError) in _ = try files.lock(path) }),
        ] as [(StorageError.Operation, () throws(StorageError) -> Void)] {
          expectFailure(.notAFile(kind), operation, path: path.text, open)
        }
        #expect(try files.status(path)?.kind == kind)
      }
      expectFailure(.notAFile(.device), .open, path: "/dev/zero") { () throws(StorageError) in
        _ = try files.open(DiskPath("/dev", "zero"))
      }
      let listed = try files.list(DiskPath(folder)).map { "\($0.name) \($0.kind)" }
      #expect(listed.sorted() == ["folder folder", "pipe pipe", "socket socket"])
    }
  }

  @Test func `a deep listing has every level, sizes, and a name that is not UTF-8`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try write("abc", to: "\(folder)/a/b/c")
      try write("", to: "\(folder)/d")
      let name: [CChar] = Array("\(folder)/a/".utf8CString.dropLast()) + [-1, 0]
      let descriptor = Foundation.open(name, O_CREAT | O_WRONLY, 0o600)
      defer { _ = Foundation.close(descriptor) }
      try #require(descriptor >= 0)
      #expect(
        try Set(files.list(DiskPath(folder), isDeep: true)) == [
          FolderEntry(name: "a", kind: .folder), FolderEntry(name: "a/b", kind: .folder),
          FolderEntry(name: "a/b/c", kind: .file, size: 3), FolderEntry(name: "d", kind: .file),
          FolderEntry(name: "a/\u{FFFD}", kind: .unnameable),
        ])
      #expect(try files.list(DiskPath(folder)).map(\.name).sorted() == ["a", "d"])
    }
  }

  @Test func `nested folders are listed up to a depth limit, whatever their number`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let deep = (0..<60).map { _ in "d" }.joined(separator: "/")
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(deep)", withIntermediateDirectories: true)
      #expect(try files.list(DiskPath(folder), isDeep: true).count == FolderEntry.deepest + 1)
    }
  }

  @Test func `a path that cannot be opened is refused`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let below = (0..<30).map { _ in String(repeating: "d", count: 200) }.joined(separator: "/")
      expectFailure(.nameTooLong, .inspect, path: "\(folder)/\(below)") { () throws(StorageError) in
        _ = try files.status(DiskPath(folder, below))
      }
    }
  }

  @Test func `a removed or replaced file is recognized as no longer in place`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let path = DiskPath(folder, "a/lock")
      try files.makeFolder(DiskPath(folder, "a"))
      let file = try #require(try files.lock(path))
      #expect(try files.isInPlace(file))
      try files.rename(path, to: DiskPath(folder, "kept"))
      #expect(try !files.isInPlace(file))
      try write("another", to: path.text)
      #expect(try !files.isInPlace(file))
      try files.unlink(path)
      try link(path.text, to: "\(folder)/kept")
      #expect(try !files.isInPlace(file))
      try files.unlink(path)
      try files.rename(DiskPath(folder, "kept"), to: path)
      #expect(try files.isInPlace(file))
      try FileManager.default.moveItem(atPath: "\(folder)/a", toPath: "\(folder)/b")
      try link("\(folder)/a", to: "\(folder)/b")
      #expect(try !files.isInPlace(file))
      try files.close(file)
    }
  }

  @Test func `new files and folders are not world-readable`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try files.close(files.create(DiskPath(folder, "file")))
      try files.makeFolder(DiskPath(folder, "folder"))
      func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
        return (attributes[.posixPermissions] as? Int) ?? -1
      }
      #expect(try mode("file") & ~0o640 == 0)
      #expect(try mode("folder") & ~0o750 == 0)
    }
  }

  @Test func `an error states operation, path and cause in one sentence`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      do throws(StorageError) {
        _ = try files.open(DiskPath(folder, "nothing"))
        Issue.record("nothing failed")
      } catch {
        #expect("\(error)" == "could not open \(folder)/nothing: No such file or directory")
        #expect(error.reason == .missing)
      }
      expectFailure(.missing, .delete, path: "\(folder)/x") { () throws(StorageError) in
        try files.unlink(DiskPath(folder, "x"))
      }
      expectFailure(.missing, .makeFolder, path: "\(folder)/x/y") { () throws(StorageError) in
        try files.makeFolder(DiskPath(folder, "x/y"))
      }
      try write("", to: "\(folder)/d/a")
      expectFailure(.notEmpty, .removeFolder, path: "\(folder)/d") { () throws(StorageError) in
        try files.removeFolder(DiskPath(folder, "d"))
      }
      expectFailure(.notAFolder, .inspect, path: "\(folder)/d/a") { () throws(StorageError) in
        _ = try files.status(DiskPath(folder, "d/a/b"))
      }
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func `a full disk has its own reason`() throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let file = OpenFile(descriptor: full.fileDescriptor, path: DiskPath("/dev/full"))
    expectFailure(.full, .write, path: "/dev/full") { () throws(StorageError) in
      try files.write([1, 2, 3], to: file)
    }
  }

  @Test func `a lock has one holder, from opening to closing`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let first = try #require(try files.lock(DiskPath(folder, "lock")))
      #expect(try files.lock(DiskPath(folder, "lock")) == nil)
      try files.write(Array("me".utf8), to: first)
      try files.truncate(first)
      try files.write(Array("I".utf8), to: first)
      #expect(try tree(folder) == ["lock": Data("I".utf8)])
      // As a process has it that is just being started.
      let copy = dup(first.descriptor)
      defer { _ = Foundation.close(copy) }
      try files.close(first)
      let second = try #require(try files.lock(DiskPath(folder, "lock")))
      try files.close(second)
    }
  }
}
