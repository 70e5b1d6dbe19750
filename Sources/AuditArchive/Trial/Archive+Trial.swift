package import AuditRecord

/// What a run will need of an archive's folder, tried without changing anything.
extension Archive {
  /// Tries what a run does first in each of its folders: makes and removes a file where it stages its work, and a folder
  /// where it puts what is finished. What is not there yet is tried in the folder that it would be made in.
  ///
  /// A file that a trial that died has left behind is deleted by the next run.
  ///
  /// - Returns: the archive's own folder, or the nearest above it that is there.
  package static func tryWriting(
    at directory: String, log: LogName, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(StorageError) -> String {
    try WriteTrial(root: directory, paths: ArchivePaths(log), files: fileSystem).perform()
    return try fileSystem.nearestFolder(to: directory)
  }

  /// Whether a run could lock the log now, and who holds it. Looking takes the lock for less than a millisecond, so
  /// that nothing but a run that begins in that moment can find it taken.
  package static func lockState(
    at directory: String, log: LogName, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(ArchiveError) -> LockState {
    let opening = Opening(directory, log, fileSystem)
    let path = "\(directory)/\(opening.paths.lock)"
    do {
      guard try fileSystem.status(path, followingLinks: false) != nil else { return .never }
      guard let file = try fileSystem.lock(path) else {
        return .held(try opening.storage.read(opening.paths.lock).flatMap(LockHolder.init(note:)))
      }
      try fileSystem.close(file)
      return .free
    } catch {
      throw .storage(error)
    }
  }

  /// What is left on the disk that holds the archive, or will hold it.
  package static func space(
    at directory: String, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(StorageError) -> DiskSpace {
    try fileSystem.space(at: fileSystem.nearestFolder(to: directory))
  }
}

package enum LockState: Hashable, Sendable {
  case free
  /// No run has ever locked the log here.
  case never
  /// nil: it does not say by whom.
  case held(LockHolder?)
}

extension FileSystem {
  /// The path itself, or the nearest folder above it that is there.
  func nearestFolder(to path: String) throws(StorageError) -> String {
    var folder = path
    while try status(folder, followingLinks: true) == nil, folder != "/", folder != "." {
      folder = ArchivePaths.folder(ofSystemPath: folder)
    }
    return folder
  }
}
