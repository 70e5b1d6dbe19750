import Platform

/// The local disk, through POSIX calls. The one file of the project that makes file-system calls for the archive.
///
/// New files get mode 0640 and new folders 0750, less the umask.
package struct PosixFileSystem: FileSystem {
  package init() {}

  private static let fileMode: mode_t = 0o640
  private static let folderMode: mode_t = 0o750

  package func create(_ path: DiskPath) throws(StorageError) -> OpenFile {
    let descriptor = try within(path, .create) { (folder, name) throws(StorageError) in
      try retrying(.create, path) {
        systemOpen(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, Self.fileMode)
      }
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
    // A process that is being started from this one has a copy of the descriptor for a moment, and with it the lock, which then
    // outlives the closing. Where this fails, closing is all there is.
    if file.isLock { _ = flock(file.descriptor, LOCK_UN) }
    // Never again after EINTR: the descriptor is gone, and its number may be another file's already (close(2)).
    guard systemClose(file.descriptor) != 0, errno != EINTR else { return }
    throw failure(.close, file.path, errno)
  }

  package func rename(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    try within(path, newPath, .rename) { (from, to) throws(StorageError) in
      try retrying(.rename, newPath) { renameat(from.folder, from.name, to.folder, to.name) }
    }
  }

  package func renameExclusively(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    do {
      try within(path, newPath, .rename) { (from, to) throws(StorageError) in
        try retrying(.rename, newPath) { rename_exclusively(from.folder, from.name, to.folder, to.name) }
      }
    } catch let error where [EINVAL, ENOSYS, ENOTSUP].contains(error.code) {
      throw error.with(.unsupported)
    }
  }

  package func link(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    do {
      try within(path, newPath, .link) { (from, to) throws(StorageError) in
        try retrying(.link, newPath) { linkat(from.folder, from.name, to.folder, to.name, 0) }
      }
    } catch let error where [EPERM, EMLINK, ENOSYS, ENOTSUP].contains(error.code) {
      // EPERM is how Linux says that the file system has no hard links (link(2)).
      throw error.with(.unsupported)
    }
  }

  package func unlink(_ path: DiskPath) throws(StorageError) {
    try within(path, .delete) { (folder, name) throws(StorageError) in
      _ = try retrying(.delete, path) { unlinkat(folder, name, 0) }
    }
  }

  package func makeFolder(_ path: DiskPath) throws(StorageError) {
    try within(path, .makeFolder) { (folder, name) throws(StorageError) in
      _ = try retrying(.makeFolder, path) { mkdirat(folder, name, Self.folderMode) }
    }
  }

  package func removeFolder(_ path: DiskPath) throws(StorageError) {
    do {
      try within(path, .removeFolder) { (folder, name) throws(StorageError) in
        _ = try retrying(.removeFolder, path) { unlinkat(folder, name, AT_REMOVEDIR) }
      }
    } catch let error where [EEXIST, EBUSY].contains(error.code) {
      // EEXIST is another way to say that it is not empty (rmdir(3p)); EBUSY, that something is mounted there.
      throw error.with(.notEmpty)
    }
  }

  package func syncFolder(_ path: DiskPath) throws(StorageError) {
    let folder = try openFolder(path, .syncFolder)
    defer { _ = systemClose(folder) }  // opened for reading: nothing that closing could lose
    do {
      try retrying(.syncFolder, path) { systemSync(folder) }
    } catch let error where Self.withoutSync.contains(error.code) || error.code == EBADF {
      // EBADF, of a folder that is open, means that it would have to be open for writing, and no folder can be.
      throw error.with(.unsupported)
    }
  }

  /// How file systems say that they have no fsync, or none of folders.
  private static let withoutSync = [EINVAL, ENOSYS, ENOTSUP, EOPNOTSUPP]

  package func list(_ path: DiskPath, isDeep: Bool) throws(StorageError) -> [FolderEntry] {
    var entries: [FolderEntry] = []
    let folder = try openFolder(path, .list)
    try collect(folder, path, above: "", isDeep ? FolderEntry.deepest : 0, &entries)
    return entries
  }

  /// Closes the folder. `levels`: how many levels below it are looked into.
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
        // For its size, and because not every file system tells the kind in the listing.
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
        // Somebody has taken it away meanwhile.
      }
    }
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
      try within(file.path, .inspect) { (folder, name) throws(StorageError) in
        _ = try retrying(.inspect, file.path) { fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) }
      }
    } catch let error where [.missing, .symbolicLink, .notAFolder].contains(error.reason) {
      return false
    }
    return held.st_dev == found.st_dev && held.st_ino == found.st_ino
  }

  package func truncate(_ file: OpenFile) throws(StorageError) {
    try retrying(.write, file.path) { ftruncate(file.descriptor, 0) }
    try retrying(.write, file.path) { Int(lseek(file.descriptor, 0, SEEK_SET)) }
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

  // MARK: The way to a path

  /// Runs `body` with the open folder that holds the path, and the path's name in it. The root of a path without names is
  /// its own name, from the working directory.
  private func within<Result>(
    _ path: DiskPath, _ operation: StorageError.Operation,
    _ body: (Int32, String) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    // Each name by itself could be reached; no other program could open the file by its path.
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

  private func within(
    _ path: DiskPath, _ newPath: DiskPath, _ operation: StorageError.Operation,
    _ body: ((folder: Int32, name: String), (folder: Int32, name: String)) throws(StorageError) -> Int32
  ) throws(StorageError) {
    try within(path, operation) { (folder, name) throws(StorageError) in
      try within(newPath, operation) { (newFolder, newName) throws(StorageError) in
        _ = try body((folder, name), (newFolder, newName))
      }
    }
  }

  private func openFolder(
    _ path: DiskPath, _ operation: StorageError.Operation
  ) throws(StorageError) -> Int32 {
    try within(path, operation) { (folder, name) throws(StorageError) in
      try opening(folder, name, path, of: path, operation) {
        systemOpen(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | path.followFlag, 0)
      }
    }
  }

  private func openToInspect(_ path: DiskPath) throws(StorageError) -> Int32 {
    try within(path, .inspect) { (folder, name) throws(StorageError) in
      try retrying(.inspect, path) {
        systemOpen(folder, name, search_only() | O_NONBLOCK | O_CLOEXEC | path.followFlag, 0)
      }
    }
  }

  /// A pipe or a device does not let the call wait.
  private func openRegularFile(
    _ path: DiskPath, _ flags: Int32, _ operation: StorageError.Operation
  ) throws(StorageError) -> OpenFile {
    let descriptor = try within(path, operation) { (folder, name) throws(StorageError) in
      let flags = flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | path.followFlag
      do throws(StorageError) {
        return try retrying(operation, path) { systemOpen(folder, name, flags, Self.fileMode) }
      } catch let error where [ELOOP, ENXIO, EISDIR, EOPNOTSUPP, ENODEV].contains(error.code) {
        guard let kind = try statusOf(name, in: folder, path)?.kind, kind != .file else { throw error }
        throw .inPlace(of: .file, kind, at: path.text, operation, code: error.code)
      }
    }
    do throws(StorageError) {
      var status = stat()
      try retrying(operation, path) { fstat(descriptor, &status) }
      let kind = FileKind(status)
      guard kind == .file else {
        throw StorageError.inPlace(of: .file, kind, at: path.text, operation)
      }
      return OpenFile(descriptor: descriptor, path: path, status: FileStatus(status))
    } catch {
      _ = systemClose(descriptor)
      throw error
    }
  }

  /// Opens a folder on the way to a path, or the path itself, and tells what else stands in its place.
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

  private func statusOf(
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

  private func nameOf(_ entry: UnsafeMutablePointer<dirent>) -> (String, isUTF8: Bool) {
    withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
        if let name = String(validatingCString: $0) { return (name, true) }
        return (String(cString: $0), false)
      }
    }
  }
}

extension DiskPath {
  /// The flag for opening the path's last name: a link below the root is not followed.
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

/// Makes the call again while a signal interrupts it.
@discardableResult
private func retrying<Status: BinaryInteger>(
  _ operation: StorageError.Operation, _ path: DiskPath, _ call: () -> Status
) throws(StorageError) -> Status {
  while true {
    let status = call()
    if status >= 0 { return status }
    let code = errno
    if code != EINTR { throw failure(operation, path, code) }
  }
}

private func failure(_ operation: StorageError.Operation, _ path: DiskPath, _ code: Int32) -> StorageError {
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

private func systemOpen(_ folder: Int32, _ name: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
  openat(folder, name, flags, mode)
}
private func systemWrite(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
  write(descriptor, UnsafeRawBufferPointer(rebasing: bytes).baseAddress, bytes.count)
}
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
/// On Darwin, `fsync` leaves the bytes in the drive's own cache (fsync(2)); F_FULLFSYNC does not.
private func systemSync(_ descriptor: Int32) -> Int32 {
  #if canImport(Darwin)
    fcntl(descriptor, F_FULLFSYNC)
  #else
    fsync(descriptor)
  #endif
}
