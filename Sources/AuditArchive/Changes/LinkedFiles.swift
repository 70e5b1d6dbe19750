import AuditRecord

/// A folder of archive files under their paths, which appears completely or not at all.
///
/// It is filled beside its place and then renamed. Files are hard-linked, or copied if the storage has no links. Either way later
/// runs cannot change them.
struct LinkedFiles {
  let archive: any ArchiveStorage
  /// The folder while it is filled, on the volume of its place.
  let temporary: String
  let files: any FileSystem
  private(set) var isBegun = false
  private var placed: Set<String> = []
  private var folders: Set<String> = []

  init(archive: any ArchiveStorage, temporary: String, files: any FileSystem) {
    (self.archive, self.temporary, self.files) = (archive, temporary, files)
  }

  mutating func begin() throws(StorageError) {
    // A killed process with the same number may have left one.
    try remove(DiskPath(temporary))
    try files.makeFolder(DiskPath(temporary))
    isBegun = true
  }

  /// Adds the files that are not there yet. Returns the first that is no longer in the archive; nil if all are added.
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

  /// Removes files that are not wanted any more, and moves the folder to its place, which is missing or an empty folder.
  mutating func finish(_ wanted: [PartFile], at place: String) throws(StorageError) {
    for path in placed.subtracting(wanted.map(\.path)) { try files.unlink(target(path)) }
    // Inner folders first: their paths are longer.
    for folder in folders.sorted(by: { $0.utf8.count > $1.utf8.count })
    where try files.list(target(folder)).isEmpty {
      try files.removeFolder(target(folder))
    }
    try files.rename(DiskPath(temporary), to: DiskPath(place))
  }

  /// Removes the folder.
  func abandon() {
    guard isBegun else { return }
    // The reason for abandoning is reported; what remains has a hidden name.
    do { try remove(DiskPath(temporary)) } catch {}
  }

  /// False if the archive does not have the file.
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
    // First, so that nothing is created for a missing file.
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
    do { try files.close(file) } catch {}  // the copy is discarded
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
