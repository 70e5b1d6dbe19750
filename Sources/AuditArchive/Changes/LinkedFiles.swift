import AuditRecord

/// A folder that gets files of an archive under their paths, and that appears whole or not at all.
///
/// It is filled beside its place, and takes the place in one step. A file gets a second name where the store has such,
/// and is copied elsewhere; either way it stays as it was sealed, whatever a later run deletes.
struct LinkedFiles {
  let archive: any ArchiveStorage
  /// Where the folder is while it is filled: on the volume of its place.
  let temporary: String
  let files: any FileSystem
  private(set) var isBegun = false
  private var placed: Set<String> = []
  private var folders: Set<String> = []

  init(archive: any ArchiveStorage, temporary: String, files: any FileSystem) {
    (self.archive, self.temporary, self.files) = (archive, temporary, files)
  }

  mutating func begin() throws(StorageError) {
    // Left by a program that was killed, and had the same number.
    try remove(DiskPath(temporary))
    try files.makeFolder(DiskPath(temporary))
    isBegun = true
  }

  /// Adds the files that are not there yet. Returns the first that the archive does not have any more; nil when all are there.
  mutating func add(_ wanted: [PartFile]) async throws -> PartFile? {
    for file in wanted where !placed.contains(file.path) {
      try Task.checkCancellation()
      guard try await stored(await place(file)) else { return file }
      let size = try onDisk(files.status(target(file.path)))?.size ?? 0
      placed.insert(file.path)
      guard size == file.bytes else {
        throw ArchiveError.damaged(
          Finding(
            .altered(.bytes(expected: file.bytes, found: size)), at: file.path,
            day: Day(containing: file.minEventAt)))
      }
    }
    return nil
  }

  /// Drops what is not wanted any more, and puts the folder in its place, where nothing is or an empty folder.
  mutating func finish(_ wanted: [PartFile], at place: String) throws(StorageError) {
    for path in placed.subtracting(wanted.map(\.path)) { try files.unlink(target(path)) }
    // Those within others first: their paths are longer.
    for folder in folders.sorted(by: { $0.utf8.count > $1.utf8.count })
    where try files.list(target(folder)).isEmpty {
      try files.removeFolder(target(folder))
    }
    try files.rename(DiskPath(temporary), to: DiskPath(place))
  }

  /// Removes what was filled.
  func abandon() {
    guard isBegun else { return }
    // Whatever led here is what is told; what is left has a hidden name.
    do { try remove(DiskPath(temporary)) } catch {}
  }

  /// False when the archive does not have the file.
  private mutating func place(_ file: PartFile) async throws(StorageError) -> Bool {
    let target = target(file.path)
    try makeFolder(ArchivePaths.folder(of: file.path))
    do throws(StorageError) {
      if try await archive.link(file.path, to: target) { return true }
      try await copy(file.path, to: target)
      return true
    } catch let error where error.reason == .missing {
      return false
    }
  }

  private func copy(_ path: String, to target: DiskPath) async throws(StorageError) {
    // Nothing is made for a file that is not there.
    var bytes = try await archive.read(path, at: 0)
    let copy = try files.create(target)
    do throws(StorageError) {
      var offset = 0
      while !bytes.isEmpty {
        try files.write(bytes, to: copy)
        offset += bytes.count
        bytes = try await archive.read(path, at: offset)
      }
      try files.sync(copy)
    } catch {
      close(copy)
      if error.reason == .missing { try files.remove(target) }
      throw error
    }
    try files.close(copy)
  }

  private func close(_ file: OpenFile) {
    do { try files.close(file) } catch {}  // nothing of it is kept, or nothing was written to it
  }

  private mutating func makeFolder(_ path: String) throws(StorageError) {
    guard !path.isEmpty, !folders.contains(path) else { return }
    try makeFolder(ArchivePaths.folder(of: path))
    try files.makeFolder(target(path))
    folders.insert(path)
  }

  private func target(_ path: String) -> DiskPath { DiskPath(temporary, path) }

  private func remove(_ path: DiskPath) throws(StorageError) {
    guard let kind = try files.status(path)?.kind else { return }
    guard kind == .folder else { return try files.unlink(path) }
    for entry in try files.list(path) { try remove(path.appending(entry.name)) }
    try files.removeFolder(path)
  }
}

extension Archive {
  /// What `changes` tells, with its files in a folder of their own under the same paths: no run takes them away any more.
  ///
  /// When a run replaces one of them before it is there, the newest state is asked for; so all are of one state, the one that is
  /// told. nil, and no folder, when there is no archive of the log.
  ///
  /// - Parameters:
  ///   - place: where nothing is yet, or an empty folder.
  ///   - temporary: where the folder is filled: on the volume of `place`, and nobody else's. What stands there is removed.
  ///   - select: the files that are wanted of what changed. What it throws ends it all.
  /// - Throws: `ArchiveError`, `CancellationError`, or what `select` throws; then nothing of it is left.
  package nonisolated(nonsending) func changes(
    since commit: Int, sha256: String? = nil, settledOnly: Bool = false, linkedTo place: String,
    temporary: String, fileSystem: any FileSystem = PosixFileSystem(),
    select: (ChangesSince) async throws -> [PartFile]
  ) async throws -> ChangesSince? {
    var linked = LinkedFiles(archive: storage, temporary: temporary, files: fileSystem)
    do {
      while let changes = try await changes(since: commit, sha256: sha256, settledOnly: settledOnly) {
        let wanted = try await select(changes)
        if !linked.isBegun { try onDisk(linked.begin()) }
        guard let gone = try await linked.add(wanted) else {
          try onDisk(linked.finish(wanted, at: place))
          return changes
        }
        // A run deletes a file when a commit has replaced it.
        let present = try await read()?.partitions ?? []
        if let day = present.first(where: { $0.files.contains { $0.path == gone.path } }) {
          throw ArchiveError.damaged(Finding(.missing(rows: gone.rows), at: gone.path, day: day.eventDate))
        }
      }
    } catch {
      linked.abandon()
      throw error
    }
    linked.abandon()
    return nil
  }
}
