import CRename

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The local disk, through POSIX calls. The one file of the project that makes file-system calls for the archive.
///
/// New files get mode 0640 and new folders 0750, less the umask.
package struct PosixFileSystem: FileSystem {
  package init() {}

  private static let fileMode: mode_t = 0o640
  private static let folderMode: mode_t = 0o750

  package func create(_ path: String) throws(StorageError) -> OpenFile {
    try open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, for: .create)
  }

  package func open(_ path: String) throws(StorageError) -> OpenFile {
    try open(path, O_RDONLY | O_CLOEXEC, for: .open)
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
    // A process that is being started from this one has a copy of the descriptor for a moment, and with it the lock, which then
    // outlives the closing. Where this fails, closing is all there is.
    if file.isLock { _ = flock(file.descriptor, LOCK_UN) }
    // Never again after EINTR: the descriptor is gone, and its number may be another file's already (close(2)).
    guard systemClose(file.descriptor) != 0, errno != EINTR else { return }
    throw failure(.close, file.path, errno)
  }

  package func rename(_ path: String, to newPath: String) throws(StorageError) {
    try retrying(.rename, newPath) { systemRename(path, newPath) }
  }

  package func renameExclusively(_ path: String, to newPath: String) throws(StorageError) {
    do {
      try retrying(.rename, newPath) { systemRenameExclusively(path, newPath) }
    } catch let error where [EINVAL, ENOSYS, ENOTSUP].contains(error.code) {
      throw error.with(.unsupported)
    }
  }

  package func link(_ path: String, to newPath: String) throws(StorageError) {
    do {
      try retrying(.link, newPath) { systemLink(path, newPath) }
    } catch let error where [EPERM, EMLINK, ENOSYS, ENOTSUP].contains(error.code) {
      // EPERM is how Linux says that the file system has no hard links (link(2)).
      throw error.with(.unsupported)
    }
  }

  package func unlink(_ path: String) throws(StorageError) {
    try retrying(.delete, path) { systemUnlink(path) }
  }

  package func makeFolder(_ path: String) throws(StorageError) {
    try retrying(.makeFolder, path) { mkdir(path, Self.folderMode) }
  }

  package func removeFolder(_ path: String) throws(StorageError) {
    do {
      try retrying(.removeFolder, path) { rmdir(path) }
    } catch let error where [EEXIST, EBUSY].contains(error.code) {
      // EEXIST is another way to say that it is not empty (rmdir(3p)); EBUSY, that something is mounted there.
      throw error.with(.notEmpty)
    }
  }

  package func syncFolder(_ path: String) throws(StorageError) {
    let folder = try open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, for: .syncFolder)
    defer { _ = systemClose(folder.descriptor) }  // opened for reading: nothing that closing could lose
    do {
      try retrying(.syncFolder, path) { systemSync(folder.descriptor) }
    } catch let error where Self.withoutSync.contains(error.code) || error.code == EBADF {
      // EBADF, of a folder that is open, means that it would have to be open for writing, and no folder can be.
      throw error.with(.unsupported)
    }
  }

  /// How file systems say that they have no fsync, or none of folders.
  private static let withoutSync = [EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP]

  package func list(_ path: String) throws(StorageError) -> [FolderEntry] {
    guard let stream = opendir(path) else { throw failure(.list, path, errno) }
    defer { closedir(stream) }
    var entries: [FolderEntry] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw failure(.list, path, errno) }
        return entries
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
          String(cString: $0)
        }
      }
      guard name != ".", name != ".." else { continue }
      switch Int(entry.pointee.d_type) {
      case Int(DT_REG): entries.append(FolderEntry(name: name, kind: .file))
      case Int(DT_DIR): entries.append(FolderEntry(name: name, kind: .folder))
      case Int(DT_LNK): entries.append(FolderEntry(name: name, kind: .symbolicLink))
      default:  // the file system does not tell in the listing
        guard let status = try status("\(path)/\(name)", followingLinks: false) else { continue }
        entries.append(FolderEntry(name: name, kind: status.kind))
      }
    }
  }

  package func status(_ path: String, followingLinks: Bool) throws(StorageError) -> FileStatus? {
    var status = stat()
    do {
      try retrying(.inspect, path) { followingLinks ? stat(path, &status) : lstat(path, &status) }
    } catch let error where error.code == ENOENT || error.code == ENOTDIR {
      return nil
    }
    let kind: FileKind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .symbolicLink
      default: .other
      }
    return FileStatus(kind: kind, size: Int(status.st_size))
  }

  package func lock(_ path: String) throws(StorageError) -> OpenFile? {
    var file = try open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, for: .lock)
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

  package func truncate(_ file: OpenFile) throws(StorageError) {
    try retrying(.write, file.path) { ftruncate(file.descriptor, 0) }
    try retrying(.write, file.path) { Int(lseek(file.descriptor, 0, SEEK_SET)) }
  }

  package func space(at path: String) throws(StorageError) -> DiskSpace {
    var figures = statvfs()
    try retrying(.inspect, path) { statvfs(path, &figures) }
    let free = UInt64(figures.f_bavail).multipliedReportingOverflow(by: UInt64(figures.f_frsize))
    return DiskSpace(
      free: free.overflow ? .max : Int(clamping: free.partialValue),
      freeFiles: figures.f_files == 0 ? nil : Int(clamping: figures.f_favail))
  }

  package func volume(at path: String) throws(StorageError) -> Volume {
    var status = stat()
    try retrying(.inspect, path) { stat(path, &status) }
    return Volume(device: UInt64(truncatingIfNeeded: status.st_dev), mount: mount_number(path))
  }

  private func open(
    _ path: String, _ flags: Int32, for operation: StorageError.Operation
  ) throws(StorageError) -> OpenFile {
    let descriptor = try retrying(operation, path) { systemOpen(path, flags, Self.fileMode) }
    return OpenFile(descriptor: descriptor, path: path)
  }
}

/// Makes the call again while a signal interrupts it.
@discardableResult
private func retrying<Status: BinaryInteger>(
  _ operation: StorageError.Operation, _ path: String, _ call: () -> Status
) throws(StorageError) -> Status {
  while true {
    let status = call()
    if status >= 0 { return status }
    let code = errno
    if code != EINTR { throw failure(operation, path, code) }
  }
}

private func failure(_ operation: StorageError.Operation, _ path: String, _ code: Int32) -> StorageError {
  let reason: StorageError.Reason =
    switch code {
    case EEXIST: .exists
    case ENOENT: .missing
    case ENOSPC: hasNoInodes(path) ? .noInodes : .full
    case EDQUOT: .quota
    case EACCES, EPERM: .denied
    case EROFS: .readOnly
    case EXDEV: .otherVolume
    case ENOLCK: .noLocks
    case EMFILE, ENFILE: .tooManyOpenFiles
    case EFBIG: .tooLarge
    case ENAMETOOLONG: .nameTooLong
    case ESTALE, ENOTCONN, ENODEV, ENXIO, EHOSTDOWN, EHOSTUNREACH, ETIMEDOUT: .disconnected
    case ENOTDIR: .notAFolder
    case ELOOP: .symbolicLink
    case ENOTEMPTY: .notEmpty
    default: .other
    }
  return StorageError(
    operation: operation, path: path, reason: reason, code: code, detail: String(cString: strerror(code)))
}

/// Whether no more files can be made in the folder that holds the path; a full disk says the same of both.
private func hasNoInodes(_ path: String) -> Bool {
  var figures = statvfs()
  guard statvfs(ArchivePaths.folder(ofSystemPath: path), &figures) == 0 else { return false }
  return figures.f_files > 0 && figures.f_favail == 0 && figures.f_bavail > 0
}

extension StorageError {
  fileprivate func with(_ reason: Reason) -> StorageError {
    var error = self
    error.reason = reason
    return error
  }
}

// The calls whose names the methods above also bear.

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
private func systemWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
  write(descriptor, UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count)
}
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func systemRename(_ path: String, _ newPath: String) -> Int32 { rename(path, newPath) }
private func systemRenameExclusively(_ path: String, _ newPath: String) -> Int32 {
  rename_exclusively(path, newPath)
}
private func systemLink(_ path: String, _ newPath: String) -> Int32 { link(path, newPath) }
private func systemUnlink(_ path: String) -> Int32 { unlink(path) }

/// On Darwin, `fsync` leaves the bytes in the drive's own cache (fsync(2)); F_FULLFSYNC does not.
private func systemSync(_ descriptor: Int32) -> Int32 {
  #if canImport(Darwin)
    fcntl(descriptor, F_FULLFSYNC)
  #else
    fsync(descriptor)
  #endif
}
