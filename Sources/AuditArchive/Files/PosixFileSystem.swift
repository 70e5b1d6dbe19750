import Platform

/// The local disk through POSIX calls. This file and `PosixPath.swift` make all file-system calls of the archive.
///
/// New files get mode 0640 and new folders 0750, less the umask; private ones 0600 and 0700.
package struct PosixFileSystem: FileSystem {
  let fileMode: mode_t
  private let folderMode: mode_t

  /// - Parameter isPrivate: for the rows of an archive in a folder that others use too, such as `/tmp`.
  package init(isPrivate: Bool = false) {
    fileMode = isPrivate ? 0o600 : 0o640
    folderMode = isPrivate ? 0o700 : 0o750
  }

  /// The error numbers of file systems without fsync, or without fsync of folders.
  private static let withoutSync = [EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP]

  // MARK: Files

  package func create(_ path: DiskPath) throws(StorageError) -> OpenFile {
    let descriptor = try call(.create, path) { folder, name in
      systemOpen(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, fileMode)
    }
    return OpenFile(descriptor: descriptor, path: path)
  }

  package func open(_ path: DiskPath) throws(StorageError) -> OpenFile {
    try openRegularFile(path, O_RDONLY, .open)
  }

  package func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError) {
    var written = 0
    while written < bytes.count {
      let more = try retrying(.write, file.path) {
        bytes.withUnsafeBytes { systemWrite(file.descriptor, $0[written...]) }
      }
      guard more > 0 else { throw failure(.write, file.path, EIO) }
      written += more
    }
  }

  package func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var length = 0
    while length < count {
      let more = try retrying(.read, file.path) {
        bytes.withUnsafeMutableBytes { buffer in
          pread(
            file.descriptor, buffer.baseAddress.map { $0 + length }, count - length, off_t(offset + length))
        }
      }
      guard more > 0 else { break }
      length += more
    }
    bytes.removeSubrange(length...)
    return bytes
  }

  package func sync(_ file: OpenFile) throws(StorageError) {
    do {
      try retrying(.sync, file.path) { systemSync(file.descriptor) }
    } catch let error where Self.withoutSync.contains(error.code) {
      throw error.with(.unsupported)
    }
  }

  package func close(_ file: OpenFile) throws(StorageError) {
    // A process that is just being started has a copy of the descriptor, and with it the lock, which would outlive the closing. If
    // this fails, closing is all that can be done.
    if file.isLock { _ = flock(file.descriptor, LOCK_UN) }
    // Not repeated after EINTR: the descriptor is gone, and its number may already belong to another file (close(2)).
    guard systemClose(file.descriptor) != 0, errno != EINTR else { return }
    throw failure(.close, file.path, errno)
  }

  package func truncate(_ file: OpenFile) throws(StorageError) {
    try retrying(.write, file.path) { ftruncate(file.descriptor, 0) }
    try retrying(.write, file.path) { Int(lseek(file.descriptor, 0, SEEK_SET)) }
  }

  // MARK: Names

  package func rename(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    try call(.rename, path, newPath) { renameat($0, $1, $2, $3) }
  }

  package func renameExclusively(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    do {
      try call(.rename, path, newPath) { rename_exclusively($0, $1, $2, $3) }
    } catch let error where [EINVAL, ENOSYS, ENOTSUP].contains(error.code) {
      throw error.with(.unsupported)
    }
  }

  package func link(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    do {
      try call(.link, path, newPath) { linkat($0, $1, $2, $3, 0) }
    } catch let error where [EPERM, EMLINK, ENOSYS, ENOTSUP].contains(error.code) {
      // Linux returns EPERM for a file system without hard links (link(2)).
      throw error.with(.unsupported)
    }
  }

  package func unlink(_ path: DiskPath) throws(StorageError) {
    try call(.delete, path) { unlinkat($0, $1, 0) }
  }

  package func status(_ path: DiskPath) throws(StorageError) -> FileStatus? {
    do {
      return try within(path, .inspect) { (folder, name) throws(StorageError) in
        try statusOf(name, in: folder, path, isFollowed: path.below.isEmpty)
      }
    } catch let error where error.reason == .missing {
      return nil
    }
  }

  // MARK: Folders

  package func makeFolder(_ path: DiskPath) throws(StorageError) {
    try call(.makeFolder, path) { mkdirat($0, $1, folderMode) }
  }

  package func removeFolder(_ path: DiskPath) throws(StorageError) {
    do {
      try call(.removeFolder, path) { unlinkat($0, $1, AT_REMOVEDIR) }
    } catch let error where [EEXIST, EBUSY].contains(error.code) {
      // EEXIST can also mean that it is not empty (rmdir(3p)); EBUSY means that something is mounted there.
      throw error.with(.notEmpty)
    }
  }

  package func syncFolder(_ path: DiskPath) throws(StorageError) {
    let folder = try openFolder(path, .syncFolder)
    defer { _ = systemClose(folder) }  // open for reading: closing it can lose nothing
    do {
      try retrying(.syncFolder, path) { systemSync(folder) }
    } catch let error where Self.withoutSync.contains(error.code) || error.code == EBADF {
      // EBADF for an open folder means that it would have to be open for writing, which is impossible.
      throw error.with(.unsupported)
    }
  }

  package func list(_ path: DiskPath, isDeep: Bool) throws(StorageError) -> [FolderEntry] {
    var entries: [FolderEntry] = []
    let folder = try openFolder(path, .list)
    try collect(folder, path, above: "", isDeep ? FolderEntry.deepest : 0, &entries)
    return entries
  }

  /// Lists an open folder, and closes it. `levels`: how many levels of folders below it to search.
  private func collect(
    _ folder: Int32, _ path: DiskPath, above: String, _ levels: Int, _ entries: inout [FolderEntry]
  ) throws(StorageError) {
    guard let stream = fdopendir(folder) else {
      let code = errno
      _ = systemClose(folder)
      throw failure(.list, path, code)
    }
    defer { closedir(stream) }
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw failure(.list, path, errno) }
        return
      }
      let type = Int(entry.pointee.d_type)
      let (name, isUTF8) = nameOf(entry)
      guard name != ".", name != ".." else { continue }
      let (full, place) = (above + name, path.appending(name))
      guard isUTF8 else {
        entries.append(FolderEntry(name: full, kind: .unnameable))
        continue
      }
      var found = FolderEntry(name: full, kind: type == Int(DT_LNK) ? .symbolicLink : .folder)
      if type != Int(DT_LNK), type != Int(DT_DIR) {
        // For the size, and because some file systems do not list the kind.
        guard let status = try statusOf(name, in: folder, place) else { continue }
        found.kind = status.kind
        if status.kind == .file { found.size = status.size }
      }
      entries.append(found)
      guard found.kind == .folder, levels > 0 else { continue }
      do {
        let below = try retrying(.list, place) {
          systemOpen(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
        }
        try collect(below, place, above: "\(full)/", levels - 1, &entries)
      } catch let error where [ENOENT, ENOTDIR, ELOOP].contains(error.code) {
        // It has disappeared meanwhile.
      }
    }
  }

  private func nameOf(_ entry: UnsafeMutablePointer<dirent>) -> (String, isUTF8: Bool) {
    withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
        if let name = String(validatingCString: $0) { return (name, true) }
        return (String(cString: $0), false)
      }
    }
  }

  // MARK: Locks and volumes

  package func lock(_ path: DiskPath) throws(StorageError) -> OpenFile? {
    var file = try openRegularFile(path, O_RDWR | O_CREAT, .lock)
    file.isLock = true
    do {
      try retrying(.lock, path) { flock(file.descriptor, LOCK_EX | LOCK_NB) }
      return file
    } catch {
      _ = systemClose(file.descriptor)  // nothing was written
      switch error.code {
      case EWOULDBLOCK: return nil
      case EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP: throw error.with(.noLocks)
      default: throw error
      }
    }
  }

  package func isInPlace(_ file: OpenFile) throws(StorageError) -> Bool {
    var (held, found) = (stat(), stat())
    try retrying(.inspect, file.path) { fstat(file.descriptor, &held) }
    do {
      try call(.inspect, file.path) { fstatat($0, $1, &found, AT_SYMLINK_NOFOLLOW) }
    } catch let error where [.missing, .symbolicLink, .notAFolder].contains(error.reason) {
      return false
    }
    return held.st_dev == found.st_dev && held.st_ino == found.st_ino
  }

  package func space(at path: DiskPath) throws(StorageError) -> DiskSpace {
    let place = try openToInspect(path)
    defer { _ = systemClose(place) }
    var figures = statvfs()
    try retrying(.inspect, path) { fstatvfs(place, &figures) }
    let free = UInt64(figures.f_bavail).multipliedReportingOverflow(by: UInt64(figures.f_frsize))
    return DiskSpace(
      free: free.overflow ? .max : Int(clamping: free.partialValue),
      freeFiles: figures.f_files == 0 ? nil : Int(clamping: figures.f_favail))
  }

  package func volume(at path: DiskPath) throws(StorageError) -> Volume {
    let place = try openToInspect(path)
    defer { _ = systemClose(place) }
    var status = stat()
    try retrying(.inspect, path) { fstat(place, &status) }
    return Volume(device: UInt64(truncatingIfNeeded: status.st_dev), mount: mount_number(place))
  }
}
