import Platform

/// A folder of this user alone, for files of an archive that is elsewhere.
///
/// It can be in a folder that others write to, such as `/tmp`: if it belongs to somebody else, or others can write to it, it is refused.
package struct PrivateFolder: Sendable {
  package let path: String
  private let files: any FileSystem
  private let isOnThisMachine: Bool

  /// - Parameters:
  ///   - path: absolute, or relative to the working directory. It need not exist.
  ///   - files: nil for this machine's disk.
  package init(_ path: String, _ files: (any FileSystem)? = nil) {
    self.path = path
    self.files = files ?? PosixFileSystem(isPrivate: true)
    isOnThisMachine = files == nil
  }

  /// What the name of a run's folder begins with.
  static let runs = "run-"
  /// The file that a run holds the lock of, in its folder.
  static let lock = "lock"

  /// Local files of a run, in a folder of its own in this one. The run holds a lock in it until `Scratch.end`.
  package func scratch(undeleted: @escaping @Sendable (StorageError) -> Void) throws(StorageError) -> Scratch
  {
    try make()
    for number in 1...1 << 16 {
      let folder = DiskPath(path, "\(PrivateFolder.runs)\(number)")
      do {
        try files.makeFolder(folder)
      } catch let error where error.reason == .exists {
        continue
      }
      do throws(StorageError) {
        // A run that removes the folders of killed ones can find this one before it is locked.
        guard let lock = try files.lockInPlace(folder.appending(PrivateFolder.lock)) else { continue }
        return Scratch(in: folder, lock: lock, fileSystem: files, undeleted: undeleted)
      } catch {
        var error = error
        if error.reason == .noLocks {
          error.cure = "Pass a folder on a disk of this machine as --scratch-dir."
        }
        throw error
      }
    }
    throw refusal("it is full of folders of other runs")
  }

  /// Makes the folder if it is missing. Throws `.denied` if others can change what is in it.
  package func make() throws(StorageError) {
    var folders = DurableFolders(root: path, files: files)
    try folders.ensure("")
    guard isOnThisMachine else { return }
    var status = stat()
    guard lstat(path, &status) == 0 else { throw refusal("it cannot be inspected") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw refusal("it is not a folder") }
    guard status.st_uid == geteuid() else { throw refusal("it belongs to another user") }
    guard status.st_mode & 0o022 == 0 else { throw refusal("other users can write to it") }
  }

  /// The space on its disk.
  package func space() throws(StorageError) -> DiskSpace {
    try files.space(at: files.nearestFolder(to: DiskPath(path)))
  }

  /// Whether its files take memory: it is, or will be, on a tmpfs.
  package func isInMemory() throws(StorageError) -> Bool {
    let folder = open(try files.nearestFolder(to: DiskPath(path)).text, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return false }
    defer { close(folder) }
    return is_in_memory(folder) != 0
  }

  private func refusal(_ why: String) -> StorageError {
    var error = StorageError(operation: .makeFolder, path: path, reason: .denied, detail: why)
    error.cure = "Delete it, or pass another folder as --scratch-dir."
    return error
  }
}
