package import AuditRecord

/// What a run will need of an archive's folder, tried without changing anything.
extension Archive {
  /// Tries what a run does in each of its folders: makes and removes a file where it stages its work, and a folder where it
  /// puts what is finished; puts a file there by a link and a rename; and makes the folder's names durable. What is not there
  /// yet is tried in the folder that it would be made in.
  ///
  /// A file that a trial that died has left in the staging folder is deleted by the next run; `verify` tells one elsewhere.
  package static func tryWriting(
    at directory: String, log: LogName, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(StorageError) -> WriteTrialResult {
    let lacksDurableNames = try WriteTrial(root: directory, paths: ArchivePaths(log), files: fileSystem)
      .perform()
    return WriteTrialResult(
      folder: try fileSystem.nearestFolder(to: DiskPath(directory)).text, lacksDurableNames: lacksDurableNames
    )
  }

  /// Whether a run could lock the log now, and who holds it. Looking takes the lock for less than a millisecond, so
  /// that nothing but a run that begins in that moment can find it taken. Before there is a lock, one of a file on trial shows
  /// whether the file system has locks.
  package static func lockState(
    at directory: String, log: LogName, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(ArchiveError) -> LockState {
    let opening = Opening(directory, log, fileSystem)
    let path = DiskPath(directory, opening.paths.lock)
    do {
      guard try fileSystem.status(path) != nil else {
        try WriteTrial(root: directory, paths: opening.paths, files: fileSystem).tryLock()
        return .never
      }
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
    try fileSystem.space(at: fileSystem.nearestFolder(to: DiskPath(directory)))
  }
}

/// What a trial of an archive's folders found.
package struct WriteTrialResult: Hashable, Sendable {
  /// The archive's own folder, or the nearest above it that is there.
  package var folder: String
  /// Whether the file system has no fsync of folders: a power failure may take back the names of the last files.
  package var lacksDurableNames: Bool

  package init(folder: String, lacksDurableNames: Bool) {
    self.folder = folder
    self.lacksDurableNames = lacksDurableNames
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
  /// The path itself, or the nearest folder above it that is there. Throws `.symbolicLink` or `.notAFolder` when something else
  /// than a folder stands on the way below the root.
  func nearestFolder(to path: DiskPath) throws(StorageError) -> DiskPath {
    var root = path.root
    while try status(DiskPath(root)) == nil, root != "/", root != "." {
      root = ArchivePaths.folder(ofSystemPath: root)
    }
    var folder = DiskPath(root)
    guard root == path.root else { return folder }
    for name in path.names {
      let next = folder.appending(name)
      guard let status = try status(next) else { break }
      guard status.kind == .folder else {
        throw .inPlace(of: .folder, status.kind, at: next.text, .inspect)
      }
      folder = next
    }
    return folder
  }
}
