import AuditArchive
import Foundation
import Testing

@Suite struct PosixFileSystemTests {
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

  @Test func `what was written is read back, from any place`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let file = try files.create("\(folder)/a")
      try files.write(Array(bytes[..<1_000]), to: file)
      try files.write([], to: file)
      try files.write(Array(bytes[1_000...]), to: file)
      try files.sync(file)
      try files.close(file)
      let opened = try files.open("\(folder)/a")
      #expect(try files.read(400_000, at: 0, from: opened) == bytes)
      #expect(try files.read(10, at: 999, from: opened) == Array(bytes[999..<1_009]))
      #expect(try files.read(10, at: 299_995, from: opened) == Array(bytes[299_995...]))
      #expect(try files.read(10, at: 300_000, from: opened) == [])
      try files.close(opened)
      #expect(
        try files.status("\(folder)/a", followingLinks: false) == FileStatus(kind: .file, size: 300_000))
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
        _ = try files.create("\(folder)/a")
      }
      expectFailure(.exists, .link, path: "\(folder)/b") { () throws(StorageError) in
        try files.link("\(folder)/a", to: "\(folder)/b")
      }
      expectFailure(.exists, .makeFolder, path: "\(folder)/a") { () throws(StorageError) in
        try files.makeFolder("\(folder)/a")
      }
      expectFailure(.exists, .rename, path: "\(folder)/b") { () throws(StorageError) in
        try files.renameExclusively("\(folder)/a", to: "\(folder)/b")
      }
      #expect(try tree(folder) == ["a": Data("one".utf8), "b": Data("two".utf8)])
      try files.rename("\(folder)/a", to: "\(folder)/b")
      try files.renameExclusively("\(folder)/b", to: "\(folder)/c")
      #expect(try tree(folder) == ["c": Data("one".utf8)])
    }
  }

  @Test func `a symbolic link is not followed on write`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try write("precious", to: "\(folder)/elsewhere")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/link", withDestinationPath: "\(folder)/elsewhere")
      expectFailure(.exists, .create, path: "\(folder)/link") { () throws(StorageError) in
        _ = try files.create("\(folder)/link")
      }
      expectFailure(.symbolicLink, .lock, path: "\(folder)/link") { () throws(StorageError) in
        _ = try files.lock("\(folder)/link")
      }
      #expect(try files.status("\(folder)/link", followingLinks: false)?.kind == .symbolicLink)
      #expect(try files.status("\(folder)/link", followingLinks: true) == FileStatus(kind: .file, size: 8))
      #expect(
        try Set(files.list(folder)) == [
          FolderEntry(name: "elsewhere", kind: .file), FolderEntry(name: "link", kind: .symbolicLink),
        ])
    }
  }

  @Test func `new files and folders are not for everyone`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      try files.close(files.create("\(folder)/file"))
      try files.makeFolder("\(folder)/folder")
      func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
        return (attributes[.posixPermissions] as? Int) ?? -1
      }
      #expect(try mode("file") & ~0o640 == 0)
      #expect(try mode("folder") & ~0o750 == 0)
    }
  }

  @Test func `a failure tells the operation, the path and why in one sentence`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      do throws(StorageError) {
        _ = try files.open("\(folder)/nothing")
        Issue.record("nothing failed")
      } catch {
        #expect("\(error)" == "could not open \(folder)/nothing: No such file or directory")
        #expect(error.code == ENOENT)
      }
      expectFailure(.missing, .delete, path: "\(folder)/x") { () throws(StorageError) in
        try files.unlink("\(folder)/x")
      }
      expectFailure(.missing, .makeFolder, path: "\(folder)/x/y") { () throws(StorageError) in
        try files.makeFolder("\(folder)/x/y")
      }
      try write("", to: "\(folder)/d/a")
      expectFailure(.notEmpty, .removeFolder, path: "\(folder)/d") { () throws(StorageError) in
        try files.removeFolder("\(folder)/d")
      }
      #expect(try files.status("\(folder)/d/a/b", followingLinks: true) == nil)
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func `a full disk is told apart`() throws {
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let file = OpenFile(descriptor: full.fileDescriptor, path: "/dev/full")
    expectFailure(.full, .write, path: "/dev/full") { () throws(StorageError) in
      try files.write([1, 2, 3], to: file)
    }
  }

  @Test func `a lock is held by one, from opening to closing`() async throws {
    try await withTemporaryFolder { (folder) async throws in
      let first = try #require(try files.lock("\(folder)/lock"))
      #expect(try files.lock("\(folder)/lock") == nil)
      try files.write(Array("me".utf8), to: first)
      try files.truncate(first)
      try files.write(Array("I".utf8), to: first)
      #expect(try tree(folder) == ["lock": Data("I".utf8)])
      // As a process has it that is just being started.
      let copy = dup(first.descriptor)
      defer { _ = Foundation.close(copy) }
      try files.close(first)
      let second = try #require(try files.lock("\(folder)/lock"))
      try files.close(second)
    }
  }
}
