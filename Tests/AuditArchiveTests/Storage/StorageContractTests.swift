import AuditArchive
import AuditRecord
import TestSupport
import Testing

/// What every store of an archive does: a folder, on the disk and in memory, and a bucket.
@Suite(.fewAtOnce) struct StorageContractTests {
  enum Kind: CaseIterable {
    case disk, memoryDisk, bucket, objects
  }

  private static let paths = ArchivePaths(log("acme"))

  /// Lets `body` have a store that is empty, and a way to see it as another process does.
  private func withStore(
    _ kind: Kind, _ body: (any ArchiveStorage, _ again: () -> any ArchiveStorage) async throws -> Void
  ) async throws {
    let paths = Self.paths
    switch kind {
    case .disk:
      try await withTemporaryFolder { (folder) async throws in
        let again = { LocalStorage(root: "\(folder)/below/archive", paths: paths) }
        try await body(again(), again)
      }
    case .memoryDisk:
      let disk = FaultyFileSystem(folder: "/archive")
      let again = { LocalStorage(root: "/archive", paths: paths, fileSystem: disk) }
      try await body(again(), again)
    case .objects:
      let bucket = ObjectBucket()
      try await body(bucket.storage(paths), { bucket.storage(paths) })
    case .bucket:
      let bucket = MemoryBucket()
      let again = { MemoryStorage(bucket, paths) }
      try await body(again(), again)
    }
  }

  private func sealed(_ bytes: [UInt8], _ scratch: Scratch) throws -> ScratchFile {
    let file = try scratch.create()
    for byte in bytes { try scratch.append([byte], to: file) }
    try scratch.seal(file)
    return file
  }

  private func reason(_ body: () async throws -> Void) async throws -> StorageError.Reason? {
    do {
      try await body()
      return nil
    } catch let error as StorageError {
      return error.reason
    }
  }

  @Test(arguments: Kind.allCases) func `a sealed file becomes visible whole when it is put`(kind: Kind)
    async throws
  {
    try await withStore(kind) { storage, again in
      let scratch = try await storage.makeScratch { Issue.record("\($0)") }
      let file = try sealed(Array("abc".utf8), scratch)
      #expect(try await storage.list("csv").isEmpty)
      try await storage.put([(file, "csv/x/y")])
      let entry = try #require(try await again().entry("csv/x/y"))
      #expect(entry.size == 3 && entry.kind == .file)
      #expect(entry.sha256 == nil || entry.sha256 == sha256("abc".utf8))
      #expect(try await again().list("csv").map(\.path) == ["csv/x/y"])
    }
  }

  @Test(arguments: Kind.allCases) func `the same bytes can be put again, other bytes cannot`(
    kind: Kind
  ) async throws {
    try await withStore(kind) { storage, _ in
      let scratch = try await storage.makeScratch { Issue.record("\($0)") }
      for _ in 0..<2 { try await storage.put([(try sealed([1, 2], scratch), "csv/x")]) }
      let other = try sealed([1, 3], scratch)
      #expect(try await reason { try await storage.put([(other, "csv/x")]) } == .exists)
      #expect(try await storage.read("csv/x", at: 0, count: 9) == [1, 2])
    }
  }

  @Test(arguments: Kind.allCases) func `create makes a file once, even if it is repeated`(kind: Kind)
    async throws
  {
    try await withStore(kind) { storage, again in
      try await storage.create("a/b", [1])
      try await storage.create("a/b", [1])
      #expect(try await reason { try await again().create("a/b", [2]) } == .exists)
      #expect(try await storage.read("a/b")?.bytes == [1])
    }
  }

  @Test(arguments: Kind.allCases) func `of many concurrent creates of one file, one succeeds`(kind: Kind)
    async throws
  {
    try await withStore(kind) { _, again in
      // Stores of their own, as of as many processes.
      let stores = (0..<8).map { _ in again() }
      let winners = await withTaskGroup(of: Bool.self) { group in
        for (number, store) in stores.enumerated() {
          group.addTask {
            do {
              try await store.create("a/\(number % 2)", [UInt8(number)])
              return true
            } catch {
              return false
            }
          }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(winners == 2)
    }
  }

  @Test(arguments: Kind.allCases) func `a file that another process changed is not replaced`(
    kind: Kind
  ) async throws {
    try await withStore(kind) { storage, again in
      let other = again()
      let first = try await storage.replace("a", [1, 2, 3], since: .absent)
      // Found to be done already.
      #expect(try await storage.replace("a", [1, 2, 3], since: .absent) == first)
      let seen = try #require(try await other.read("a"))
      #expect(seen.bytes == [1, 2, 3] && seen.state == first)
      let second = try await other.replace("a", [4, 5, 6], since: seen.state)
      #expect(second != first)
      #expect(try await reason { _ = try await storage.replace("a", [7], since: first) } == .outrun)
      #expect(try await reason { _ = try await storage.replace("a", [7], since: .absent) } == .outrun)
      #expect(try await storage.read("a")?.bytes == [4, 5, 6])
      try await storage.delete(["a"])
      #expect(try await reason { _ = try await storage.replace("a", [7], since: second) } == .outrun)
      #expect(try await storage.read("a") == nil)
    }
  }

  @Test(arguments: Kind.allCases)
  func `a file can be read whole or in part, up to its end, and may be missing`(
    kind: Kind
  ) async throws {
    try await withStore(kind) { storage, _ in
      #expect(try await storage.read("a") == nil)
      #expect(try await storage.entry("a") == nil)
      #expect(try await reason { _ = try await storage.read("a", at: 0) } == .missing)
      let bytes = (0..<((2 << 20) + 5)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      _ = try await storage.replace("a", bytes, since: .absent)
      #expect(try await storage.read("a")?.bytes == bytes)
      #expect(try await storage.size("a") == bytes.count)
      #expect(try await storage.read("a", at: 2 << 20, count: 100) == Array(bytes.suffix(5)))
      var read: [UInt8] = []
      while case let more = try await storage.read("a", at: read.count), !more.isEmpty { read += more }
      #expect(read == bytes)
      #expect(try await storage.read("a", at: bytes.count + 1).isEmpty)
    }
  }

  @Test(arguments: Kind.allCases) func `a listing starts after the given path and has the requested depth`(
    kind: Kind
  ) async throws {
    try await withStore(kind) { storage, _ in
      for path in ["d/2", "d/1", "d/e/1", "d2/1", "d/10"] { try await storage.create(path, [1]) }
      func list(after path: String?, isDeep: Bool) async throws -> [String] {
        let found = try await storage.list("d", after: path, isDeep: isDeep)
        return found.filter { $0.kind == .file }.map(\.path).sorted()
      }
      #expect(try await list(after: nil, isDeep: true) == ["d/1", "d/10", "d/2", "d/e/1"])
      #expect(try await list(after: "d/1", isDeep: true) == ["d/10", "d/2", "d/e/1"])
      #expect(try await list(after: "d/10", isDeep: false) == ["d/2"])
      #expect(try await storage.list("none").isEmpty)
    }
  }

  @Test(arguments: Kind.allCases) func `a deleted file is gone, and deleting a missing file succeeds`(
    kind: Kind
  ) async throws {
    try await withStore(kind) { storage, again in
      for path in ["d/e/1", "d/e/2", "d/f/1"] { try await storage.create(path, [1]) }
      try await storage.delete(["d/e/1", "d/f/1", "d/never", "nowhere/at/all"])
      #expect(try await again().list("d").map(\.path) == ["d/e/2"])
      #expect(await storage.tidy(["d/e/2", "d/e/3"]) { Issue.record("\($0)") } == ["d/e/2", "d/e/3"])
      #expect(try await again().list("d").isEmpty)
      try await storage.create("d/e/1", [2])
      #expect(try await again().read("d/e/1")?.bytes == [2])
    }
  }

  @Test(arguments: Kind.allCases)
  func `one run at a time holds the lease, and each lease has its own generation`(
    kind: Kind
  ) async throws {
    try await withStore(kind) { storage, again in
      #expect(try await storage.leaseState() == .never)
      for generation in 1...3 {
        guard case .taken(let lease) = try await storage.takeLease(somebody, observe: { _ in }) else {
          Issue.record("it was not free")
          return
        }
        #expect(lease.generation == generation && !lease.isTakeover)
        #expect(try await lease.isHeld())
        guard case .held(let holder) = try await again().takeLease(somebody, observe: { _ in }) else {
          Issue.record("two have it")
          return
        }
        #expect(holder?.pid == somebody.pid && holder?.host == somebody.host)
        guard case .held(_?) = try await again().leaseState() else {
          Issue.record("it is not said who")
          return
        }
        try await lease.release()
        #expect(try await again().leaseState() == .free)
      }
    }
  }
}
