import AuditArchive
import TestSupport

/// A case-insensitive, case-preserving disk, like those of macOS and Windows.
struct CaselessFileSystem: FileSystem {
  let base: FaultyFileSystem

  init(folder: String) { base = FaultyFileSystem(folder: folder) }

  /// The path in the spelling of the existing names; the rest is unchanged.
  private func found(_ path: DiskPath) throws(StorageError) -> DiskPath {
    var (folder, exists) = (DiskPath(path.root), true)
    for name in path.names {
      var spelled = name
      if exists {
        let names = try base.list(folder).map(\.name)
        let match = names.first { $0.lowercased() == name.lowercased() }
        exists = match != nil
        spelled = match ?? name
      }
      folder = folder.appending(spelled)
      if exists { exists = try base.status(folder)?.kind == .folder }
    }
    return folder
  }

  func create(_ path: DiskPath) throws(StorageError) -> OpenFile { try base.create(found(path)) }
  func open(_ path: DiskPath) throws(StorageError) -> OpenFile { try base.open(found(path)) }
  func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError) { try base.write(bytes, to: file) }
  func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8] {
    try base.read(count, at: offset, from: file)
  }
  func sync(_ file: OpenFile) throws(StorageError) { try base.sync(file) }
  func close(_ file: OpenFile) throws(StorageError) { try base.close(file) }
  func rename(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    try base.rename(found(path), to: found(newPath))
  }
  func renameExclusively(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    try base.renameExclusively(found(path), to: found(newPath))
  }
  func link(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    try base.link(found(path), to: found(newPath))
  }
  func unlink(_ path: DiskPath) throws(StorageError) { try base.unlink(found(path)) }
  func makeFolder(_ path: DiskPath) throws(StorageError) { try base.makeFolder(found(path)) }
  func removeFolder(_ path: DiskPath) throws(StorageError) { try base.removeFolder(found(path)) }
  func syncFolder(_ path: DiskPath) throws(StorageError) { try base.syncFolder(found(path)) }
  func list(_ path: DiskPath, isDeep: Bool) throws(StorageError) -> [FolderEntry] {
    try base.list(found(path), isDeep: isDeep)
  }
  func status(_ path: DiskPath) throws(StorageError) -> FileStatus? { try base.status(found(path)) }
  func lock(_ path: DiskPath) throws(StorageError) -> OpenFile? { try base.lock(found(path)) }
  func isInPlace(_ file: OpenFile) throws(StorageError) -> Bool { try base.isInPlace(file) }
  func truncate(_ file: OpenFile) throws(StorageError) { try base.truncate(file) }
  func space(at path: DiskPath) throws(StorageError) -> DiskSpace { try base.space(at: found(path)) }
  func volume(at path: DiskPath) throws(StorageError) -> Volume { try base.volume(at: found(path)) }
}

extension FileSystem {
  /// Makes a folder and the folders above it, unless it exists.
  func ensureFolder(_ path: String) throws(StorageError) {
    guard try status(DiskPath(path)) == nil else { return }
    try ensureFolder(ArchivePaths.folder(ofSystemPath: path))
    try makeFolder(DiskPath(path))
  }
}
