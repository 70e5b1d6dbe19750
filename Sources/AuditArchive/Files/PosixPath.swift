import Platform

// How a path is reached: name by name from its root, through open folders, so that no link below the root is followed.

extension PosixFileSystem {
  /// Runs `body` with the open folder of the path, and the last name of the path. For a path without names below its root, that is
  /// the working directory and the root.
  func within<Result>(
    _ path: DiskPath, _ operation: StorageError.Operation,
    _ body: (Int32, String) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    // Name by name a longer path could be reached, but no other program could open it.
    guard path.text.utf8.count < Int(PATH_MAX) else { throw failure(operation, path, ENAMETOOLONG) }
    let names = path.names
    guard let last = names.last else { return try body(AT_FDCWD, path.root) }
    var folder = try retrying(operation, DiskPath(path.root)) {
      systemOpen(AT_FDCWD, path.root, search_only() | O_DIRECTORY | O_CLOEXEC, 0)
    }
    defer { _ = systemClose(folder) }
    var place = DiskPath(path.root)
    for name in names.dropLast() {
      place = place.appending(name)
      let next = try opening(folder, name, place, of: path, operation) {
        systemOpen(folder, name, search_only() | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)
      }
      _ = systemClose(folder)
      folder = next
    }
    return try body(folder, last)
  }

  /// Makes a call on the open folder and the name of a path.
  @discardableResult
  func call(
    _ operation: StorageError.Operation, _ path: DiskPath, _ call: (Int32, String) -> Int32
  ) throws(StorageError) -> Int32 {
    try within(path, operation) { (folder, name) throws(StorageError) in
      try retrying(operation, path) { call(folder, name) }
    }
  }

  /// Makes a call on the open folders and the names of two paths.
  func call(
    _ operation: StorageError.Operation, _ path: DiskPath, _ newPath: DiskPath,
    _ call: (Int32, String, Int32, String) -> Int32
  ) throws(StorageError) {
    try within(path, operation) { (folder, name) throws(StorageError) in
      try within(newPath, operation) { (newFolder, newName) throws(StorageError) in
        _ = try retrying(operation, newPath) { call(folder, name, newFolder, newName) }
      }
    }
  }

  func openFolder(_ path: DiskPath, _ operation: StorageError.Operation) throws(StorageError) -> Int32 {
    try within(path, operation) { (folder, name) throws(StorageError) in
      try opening(folder, name, path, of: path, operation) {
        systemOpen(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | path.followFlag, 0)
      }
    }
  }

  func openToInspect(_ path: DiskPath) throws(StorageError) -> Int32 {
    try call(.inspect, path) {
      systemOpen($0, $1, search_only() | O_NONBLOCK | O_CLOEXEC | path.followFlag, 0)
    }
  }

  /// Does not wait for a pipe or a device.
  func openRegularFile(
    _ path: DiskPath, _ flags: Int32, _ operation: StorageError.Operation
  ) throws(StorageError) -> OpenFile {
    let descriptor = try within(path, operation) { (folder, name) throws(StorageError) in
      let flags = flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | path.followFlag
      do throws(StorageError) {
        return try retrying(operation, path) { systemOpen(folder, name, flags, fileMode) }
      } catch let error where [ELOOP, ENXIO, EISDIR, EOPNOTSUPP, ENODEV].contains(error.code) {
        guard let kind = try statusOf(name, in: folder, path)?.kind, kind != .file else { throw error }
        throw .inPlace(of: .file, kind, at: path.text, operation, code: error.code)
      }
    }
    do throws(StorageError) {
      var status = stat()
      try retrying(operation, path) { fstat(descriptor, &status) }
      let kind = FileKind(status)
      guard kind == .file else { throw StorageError.inPlace(of: .file, kind, at: path.text, operation) }
      return OpenFile(descriptor: descriptor, path: path, status: FileStatus(status))
    } catch {
      _ = systemClose(descriptor)
      throw error
    }
  }

  /// Opens a folder at or on the way to a path. Says what else is in its place.
  private func opening(
    _ folder: Int32, _ name: String, _ place: DiskPath, of path: DiskPath,
    _ operation: StorageError.Operation, _ call: () -> Int32
  ) throws(StorageError) -> Int32 {
    do {
      return try retrying(operation, path, call)
    } catch let error where [ELOOP, ENOTDIR].contains(error.code) && !place.below.isEmpty {
      guard let kind = try statusOf(name, in: folder, place)?.kind, kind != .folder else { throw error }
      throw .inPlace(of: .folder, kind, at: place.text, operation, code: error.code)
    }
  }

  func statusOf(
    _ name: String, in folder: Int32, _ path: DiskPath, isFollowed: Bool = false
  ) throws(StorageError) -> FileStatus? {
    var status = stat()
    do {
      try retrying(.inspect, path) {
        fstatat(folder, name, &status, isFollowed ? 0 : AT_SYMLINK_NOFOLLOW)
      }
    } catch let error where error.code == ENOENT || error.code == ENOTDIR {
      return nil
    }
    return FileStatus(status)
  }
}

extension DiskPath {
  /// The flag for opening the last name of the path: a link below the root is not followed.
  fileprivate var followFlag: Int32 { below.isEmpty ? 0 : O_NOFOLLOW }
}

extension FileStatus {
  fileprivate init(_ status: stat) {
    #if canImport(Darwin)
      let modified = status.st_mtimespec
    #else
      let modified = status.st_mtim
    #endif
    self.init(
      kind: FileKind(status), size: Int(status.st_size), number: UInt64(truncatingIfNeeded: status.st_ino),
      modified: Int64(modified.tv_sec) &* 1_000_000_000 &+ Int64(modified.tv_nsec))
  }
}

extension FileKind {
  fileprivate init(_ status: stat) {
    self =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      case S_IFLNK: .symbolicLink
      case S_IFIFO: .pipe
      case S_IFSOCK: .socket
      case S_IFCHR, S_IFBLK: .device
      default: .other
      }
  }
}

/// Repeats the call while a signal interrupts it.
@discardableResult
func retrying<Status: BinaryInteger>(
  _ operation: StorageError.Operation, _ path: DiskPath, _ call: () -> Status
) throws(StorageError) -> Status {
  while true {
    let status = call()
    if status >= 0 { return status }
    let code = errno
    if code != EINTR { throw failure(operation, path, code) }
  }
}

func failure(_ operation: StorageError.Operation, _ path: DiskPath, _ code: Int32) -> StorageError {
  let reason: StorageError.Reason =
    switch code {
    case EEXIST: .exists
    case ENOENT: .missing
    case ENOSPC: hasNoInodes(path.text) ? .noInodes : .full
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
  var error = StorageError(
    operation: operation, path: path.text, reason: reason, detail: String(cString: strerror(code)))
  error.code = code
  return error
}

/// Whether ENOSPC means that the file system cannot hold more files, rather than more bytes.
private func hasNoInodes(_ path: String) -> Bool {
  var figures = statvfs()
  guard statvfs(ArchivePaths.folder(ofSystemPath: path), &figures) == 0 else { return false }
  return figures.f_files > 0 && figures.f_favail == 0 && figures.f_bavail > 0
}

// The calls that have the same names as methods of `PosixFileSystem`.

func systemOpen(_ folder: Int32, _ name: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
  openat(folder, name, flags, mode)
}
func systemWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
  write(descriptor, UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count)
}
func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
/// On Darwin, `fsync` leaves the bytes in the drive's cache (fsync(2)); F_FULLFSYNC does not.
func systemSync(_ descriptor: Int32) -> Int32 {
  #if canImport(Darwin)
    fcntl(descriptor, F_FULLFSYNC)
  #else
    fsync(descriptor)
  #endif
}
