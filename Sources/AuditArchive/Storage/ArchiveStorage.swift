/// Where the archive of a log keeps its files: a folder, a bucket, or memory.
///
/// Paths are those of `ArchivePaths`: relative, parts joined by `/`. Folders come and go with the files in them. When
/// a method that writes returns, what it wrote is durable and whole. When it throws, or the power fails, each path holds what it
/// held before, or the new bytes, never a part of them: so every method may be repeated, and a repetition that finds its own
/// work done succeeds.
///
/// Every method may throw `.unreachable`, after which nobody knows whether it was done, and `.throttled`, after which it was
/// not. No symbolic link below an archive's own folder is followed: whatever meets one on its way throws `.symbolicLink`. Only
/// regular files are read; what asks for a file and meets something else throws `.notAFile`.
package protocol ArchiveStorage: Sendable {
  var paths: ArchivePaths { get }
  /// A path as the user would name it, for messages.
  func name(of path: String) -> String

  // MARK: The place

  /// Throws when what stands in the archive's place cannot be one, such as a file; nothing there is no error.
  func checkPlace() async throws(StorageError)
  /// Throws when a run could not put what it stages in its place. Costs a look at each folder of the log.
  func checkWriting() async throws(StorageError)
  /// Tries everything that a run does, in the places where it does it, and leaves nothing behind.
  func tryWriting() async throws(StorageError) -> WriteTrialResult
  /// What is left to be filled; nil where there is no end to it.
  func space() async throws(StorageError) -> DiskSpace?
  /// Whether the store keeps a path letter for letter; a disk that does not tell upper from lower case finds a file under other
  /// paths too.
  func isSpelledSo(_ path: String) async throws(StorageError) -> Bool
  /// Whether, as far as has been seen, a power failure may take back the names of the last files.
  var lacksDurableNames: Bool { get async }

  // MARK: Writing

  /// Local files of one run, for what it has not put in its place yet.
  func makeScratch(untidied: @escaping @Sendable (StorageError) -> Void) async -> Scratch
  /// Puts sealed files in their places, whole. Each is on its own: after a failure some may stand there.
  ///
  /// Where the same bytes stand already, it is done. Throws `.exists` where others do, and leaves these alone.
  func put(_ files: [(file: ScratchFile, path: String)]) async throws(StorageError)
  /// Creates a file with these bytes. Of many who try, one succeeds, whoever repeats what it has created too; the others get
  /// `.exists`, and the file is left alone.
  func create(_ path: String, _ bytes: [UInt8]) async throws(StorageError)
  /// Gives a path new bytes, unless somebody else has changed it since `seen`: then throws `.outrun`, and leaves it alone. Where
  /// these bytes stand there already, it is done.
  ///
  /// - Returns: what stands there now, for the next replacement.
  @discardableResult
  func replace(_ path: String, _ bytes: [UInt8], since seen: FileState) async throws(StorageError)
    -> FileState
  /// Makes durable a file that was found, and that a run that died may not have made so.
  func secure(_ path: String) async throws(StorageError)
  /// Deletes files; one that is not there is as good as deleted.
  func delete(_ paths: [String]) async throws(StorageError)

  // MARK: Reading

  /// A file of the state, whole, and as what it stands there; nil when there is no such file. Throws `.oversized` when it has
  /// more bytes than `ArchivePaths.sizeLimit` allows, before it is read.
  func read(_ path: String) async throws(StorageError) -> (bytes: [UInt8], state: FileState)?
  /// Bytes from `offset` on, as many as the store likes to read at a time; none only at the end of the file. Throws `.missing`
  /// when there is none.
  func read(_ path: String, at offset: Int) async throws(StorageError) -> [UInt8]
  /// Up to `count` bytes from `offset`, fewer only at the end of the file. Throws `.missing` when there is none.
  func read(_ path: String, at offset: Int, count: Int) async throws(StorageError) -> [UInt8]
  /// What stands under a path, whatever it is; nil for nothing. Costs less than to read it.
  func entry(_ path: String) async throws(StorageError) -> StoredFile?
  /// What stands in a folder, in no particular order; nothing when there is no such folder.
  ///
  /// - Parameters:
  ///   - path: only what comes after this one, in the order of the paths' bytes; nil: all.
  ///   - isDeep: every file below it, at any depth, and what is neither a file nor a folder; a folder only where the name is that
  ///     of a file, or where it lies too deep to be looked into.
  func list(_ folder: String, after path: String?, isDeep: Bool) async throws(StorageError) -> [StoredFile]
  /// Gives a file a second name in a folder of this machine, outside of the archive. False where the store cannot: then its
  /// bytes have to be copied. Throws `.missing` when there is no such file.
  func link(_ path: String, to place: DiskPath) async throws(StorageError) -> Bool

  // MARK: The lease

  /// Takes the lease of the log, and leaves in its file who holds it. Tells at once when another run holds it.
  ///
  /// `lost`: is called at most once, when the lease is known to be lost.
  func takeLease(
    _ holder: LockHolder, lost: @escaping @Sendable () -> Void
  ) async throws(StorageError) -> LeaseAnswer
  /// Whether a run could take the lease now, and who holds it.
  func leaseState() async throws(StorageError) -> LeaseState
}

extension ArchiveStorage {
  package func name(of path: String) -> String { path }
  package func checkPlace() async throws(StorageError) {}
  package func checkWriting() async throws(StorageError) {}
  package func space() async throws(StorageError) -> DiskSpace? { nil }
  package func isSpelledSo(_ path: String) async throws(StorageError) -> Bool { true }
  package var lacksDurableNames: Bool { get async { false } }
  package func secure(_ path: String) async throws(StorageError) {}
  package func link(_ path: String, to place: DiskPath) async throws(StorageError) -> Bool { false }

  /// Every file below a folder, at any depth, and what is neither a file nor a folder.
  package func list(_ folder: String) async throws(StorageError) -> [StoredFile] {
    try await list(folder, after: nil, isDeep: true)
  }

  /// Bytes of a file; nil when nothing stands there. Throws `.notAFile` or `.symbolicLink` for anything else.
  package func size(_ path: String) async throws(StorageError) -> Int? {
    guard let entry = try await entry(path) else { return nil }
    guard entry.kind == .file else { throw .inPlace(of: .file, entry.kind, at: name(of: path), .inspect) }
    return entry.size
  }

  /// Deletes files that nobody needs any more, and returns those that are gone. A failure keeps none of the others, and is told
  /// to `untidied`: the archive is as good with them.
  package func tidy(
    _ paths: [String], untidied: (StorageError) -> Void
  ) async -> [String] {
    do {
      // Most often all can go, and together they cost less.
      try await delete(paths)
      return paths
    } catch {
      var gone: [String] = []
      for path in paths {
        do {
          try await delete([path])
          gone.append(path)
        } catch {
          untidied(error)
        }
      }
      return gone
    }
  }
}

/// What was seen to stand under a path, so that a change by somebody else is noticed.
package enum FileState: Hashable, Sendable {
  /// Nothing.
  case absent
  /// A file; the store's own word for which.
  case present(String)
}

/// A file, or what stands among files.
package struct StoredFile: Hashable, Sendable {
  package var path: String
  /// Bytes of a file; 0 for anything else.
  package var size: Int
  package var kind: FileKind
  /// In lower-case hex, where the store keeps it beside the file and `entry` was asked.
  package var sha256: String?

  package init(path: String, size: Int, kind: FileKind = .file, sha256: String? = nil) {
    self.path = path
    self.size = size
    self.kind = kind
    self.sha256 = sha256
  }
}
