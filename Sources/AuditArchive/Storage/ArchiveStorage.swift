package import AuditRecord

/// The storage of one log's archive: a folder, a bucket, or memory.
///
/// Paths are those of `ArchivePaths`: relative, parts joined by `/`. Folders exist only while they hold files.
///
/// Writes are atomic and durable. When a method returns, its bytes are durable. When it throws or the power fails, each path has its
/// old bytes or its new bytes, never a part. Every method can be repeated: if its work is already done, it succeeds.
///
/// Every method can throw `.unreachable` (the work may or may not be done) and `.throttled` (the work is not done). A symbolic link
/// below the root of the archive is never followed; it throws `.symbolicLink`. Only regular files are read; anything else throws
/// `.notAFile`.
package protocol ArchiveStorage: Sendable {
  var paths: ArchivePaths { get }
  /// Whether looking at a path costs next to nothing. If not, a run looks after it took the lease, when looks can be remembered.
  var isLocal: Bool { get }
  /// Why a remote storage could not be asked, if it could not be: what was not read is then neither missing nor damaged.
  var outage: StorageError? { get }
  /// A path as the user would write it, for messages.
  func name(of path: String) -> String
  /// The storage of another log of the same archive.
  func storage(of log: LogName) -> any ArchiveStorage

  // MARK: Location

  /// Throws if the location cannot hold an archive, for example because it is a file. An empty location is valid.
  func checkPlace() async throws(StorageError)
  /// Throws if a run could not move staged files to their places. Inspects each folder of the log.
  func checkWriting() async throws(StorageError)
  /// Throws `.unsupported` if `createShared` would throw it. Called before an archive becomes a table, which needs it.
  func checkTable() async throws(StorageError)
  /// Tries every operation of a run where a run does it, and removes what it made.
  func probeWriting() async throws(StorageError) -> WriteProbeResult
  /// The free space; nil if there is no limit.
  func space() async throws(StorageError) -> DiskSpace?
  /// Whether the storage has the path in exactly this spelling. A case-insensitive disk also finds it under others.
  func isSpelledSo(_ path: String) async throws(StorageError) -> Bool
  /// Whether a power failure can undo the last file names. Known only after a write.
  var lacksDurableNames: Bool { get async }

  // MARK: Writing

  /// Local files for one run's unfinished work.
  ///
  /// - Parameter undeleted: is called for each file that cannot be removed.
  func makeScratch(undeleted: @escaping @Sendable (StorageError) -> Void) async throws(StorageError)
    -> Scratch
  /// Puts sealed files in place. Each file is atomic by itself; after an error, some of them can be in place.
  ///
  /// Throws `.exists`, and changes nothing, if a path holds other bytes.
  func put(_ files: [(file: ScratchFile, path: String)]) async throws(StorageError)
  /// Creates a file. Only one of several concurrent callers succeeds; the others get `.exists`. A file that already has exactly these
  /// bytes counts as created.
  func create(_ path: String, _ bytes: [UInt8]) async throws(StorageError)
  /// Like `create`, for files that runs of several logs create, so that no lease excludes other callers. Throws
  /// `.unsupported`, and changes nothing, if the storage cannot rule out that it overwrites a file.
  func createShared(_ path: String, _ bytes: [UInt8]) async throws(StorageError)
  /// Replaces a file. Throws `.outrun`, and changes nothing, if the file has changed since `seen`. A file that already has exactly
  /// these bytes counts as replaced.
  ///
  /// - Returns: the new state, for the next replacement.
  @discardableResult
  func replace(_ path: String, _ bytes: [UInt8], since seen: FileState) async throws(StorageError)
    -> FileState
  /// Makes an existing file durable. The run that wrote it may have died first.
  func secure(_ path: String) async throws(StorageError)
  /// Deletes files. A missing file counts as deleted.
  func delete(_ paths: [String]) async throws(StorageError)
  /// Drops unfinished uploads of these files, which a killed run may have left. There may be none.
  func dropUploads(of paths: [String]) async throws(StorageError)

  // MARK: Reading

  /// Reads a state file, with its state for `replace`; nil if there is none. Throws `.oversized`, before reading, if it is larger than
  /// `ArchivePaths.sizeLimit`.
  func read(_ path: String) async throws(StorageError) -> (bytes: [UInt8], state: FileState)?
  /// Reads bytes from `offset`. The storage chooses how many; an empty result means the end of the file. Throws `.missing` if there is
  /// no file.
  func read(_ path: String, at offset: Int) async throws(StorageError) -> [UInt8]
  /// Reads `count` bytes from `offset`, fewer only at the end of the file. Throws `.missing` if there is no file.
  func read(_ path: String, at offset: Int, count: Int) async throws(StorageError) -> [UInt8]
  /// Announces files that will be inspected and then read to their ends, in roughly this order. A remote storage
  /// fetches some of them ahead.
  ///
  /// - Parameter readers: how many of them are read at a time.
  func announce(_ paths: [String], readers: Int) async
  /// Inspects a path without reading it; nil if nothing exists there.
  func entry(_ path: String) async throws(StorageError) -> StoredFile?
  /// Lists a folder in no particular order. A missing folder is empty.
  ///
  /// - Parameters:
  ///   - path: list only later paths, in byte order; nil for all.
  ///   - isDeep: list files at any depth, and anything that is neither a file nor a folder. Folders are listed only where a file of
  ///     the archive belongs, or where they are too deep to search.
  func list(_ folder: String, after path: String?, isDeep: Bool) async throws(StorageError) -> [StoredFile]
  /// Hard-links a file into a local folder outside the archive. False if the storage cannot; the caller then copies the bytes. Throws
  /// `.missing` if there is no file.
  func link(_ path: String, to place: DiskPath) async throws(StorageError) -> Bool

  // MARK: Lease

  /// Takes the lease of the log and records its holder. Returns at once if another run holds it. Waits for an expired lease that was
  /// not released; throws `.interrupted` if the task is cancelled meanwhile.
  func takeLease(
    _ holder: LockHolder, observe: @escaping @Sendable (LeaseEvent) -> Void
  ) async throws(StorageError) -> LeaseAnswer
  /// Whether `takeLease` would succeed now, and who holds the lease.
  func leaseState() async throws(StorageError) -> LeaseState
}

extension ArchiveStorage {
  package var isLocal: Bool { true }
  package var outage: StorageError? { nil }
  package func name(of path: String) -> String { path }
  package func checkPlace() async throws(StorageError) {}
  package func checkWriting() async throws(StorageError) {}
  package func checkTable() async throws(StorageError) {}
  package func createShared(_ path: String, _ bytes: [UInt8]) async throws(StorageError) {
    try await create(path, bytes)
  }
  package func space() async throws(StorageError) -> DiskSpace? { nil }
  package func isSpelledSo(_ path: String) async throws(StorageError) -> Bool { true }
  package var lacksDurableNames: Bool { get async { false } }
  package func secure(_ path: String) async throws(StorageError) {}
  package func dropUploads(of paths: [String]) async throws(StorageError) {}
  package func announce(_ paths: [String], readers: Int) async {}
  package func link(_ path: String, to place: DiskPath) async throws(StorageError) -> Bool { false }

  /// Every file below a folder, at any depth, and what is neither a file nor a folder.
  package func list(_ folder: String) async throws(StorageError) -> [StoredFile] {
    try await list(folder, after: nil, isDeep: true)
  }

  /// The logs that have an archive here, in the order of their names. Lists `_manifest`; in a bucket, with all commit records.
  func logs() async throws(StorageError) -> [LogName] {
    guard isLocal else {
      let first = "/" + ArchivePaths.firstCommit
      return try await list("_manifest", after: nil, isDeep: true).compactMap { file in
        guard file.path.hasSuffix(first) else { return nil }
        return LogName(String(file.path.dropFirst("_manifest/".count).dropLast(first.count)))
      }
    }
    var logs: [LogName] = []
    for name in try await folders(in: "_manifest") {
      let inside = try await folders(in: "_manifest/\(name)")
      for log in [name] + inside.map({ "\(name)/\($0)" }) {
        if let log = LogName(log), try await hasCommits(log) { logs.append(log) }
      }
    }
    return logs
  }

  /// A repository can have the name `commits`.
  private func hasCommits(_ log: LogName) async throws(StorageError) -> Bool {
    let paths = ArchivePaths(log)
    return try await list(paths.commits, after: nil, isDeep: false).contains {
      paths.commitNumber($0.path) != nil
    }
  }

  /// The names of the folders in a folder.
  private func folders(in folder: String) async throws(StorageError) -> [String] {
    try await list(folder, after: nil, isDeep: false).filter { $0.kind == .folder }
      .map { String($0.path.dropFirst(folder.count + 1)) }.sorted()
  }

  /// The size of a file in bytes; nil if there is none. Throws `.notAFile` or `.symbolicLink` for anything else.
  package func size(_ path: String) async throws(StorageError) -> Int? {
    guard let entry = try await entry(path) else { return nil }
    guard entry.kind == .file else { throw .inPlace(of: .file, entry.kind, at: name(of: path), .inspect) }
    return entry.size
  }

  /// Deletes files that are no longer needed, and returns the deleted paths. `undeleted` is called for each failure; the archive stays
  /// valid with these files.
  package func tidy(
    _ paths: [String], undeleted: (StorageError) -> Void
  ) async -> [String] {
    do {
      // One call is cheaper, and usually succeeds.
      try await delete(paths)
      return paths
    } catch {
      var gone: [String] = []
      for path in paths {
        do {
          try await delete([path])
          gone.append(path)
        } catch {
          undeleted(error)
        }
      }
      return gone
    }
  }
}

/// The version of a file, to detect changes by others.
package enum FileState: Hashable, Sendable {
  case absent
  /// A token of the storage: a hash, or an ETag.
  case present(String)
}

/// A file of the archive, or anything else among its files.
package struct StoredFile: Hashable, Sendable {
  /// Relative to the archive.
  package var path: String
  /// Bytes of a file; 0 for anything else.
  package var size: Int
  package var kind: FileKind
  /// In lower-case hex, from `entry`, if the storage keeps it.
  package var sha256: String?

  package init(path: String, size: Int, kind: FileKind = .file, sha256: String? = nil) {
    self.path = path
    self.size = size
    self.kind = kind
    self.sha256 = sha256
  }
}
