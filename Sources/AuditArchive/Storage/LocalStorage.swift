package import AuditRecord

/// An archive in a folder.
///
/// Writes are atomic and durable: write to a temporary file, fsync, rename (or link, which fails if the name is taken), fsync the
/// folder. Temporary files are in the staging folder of the log, which belongs to the run that holds the lease.
///
/// Calls block their thread. Call it from a task on `BlockingThreads`.
package actor LocalStorage: ArchiveStorage {
  /// Bytes read at a time.
  private static let chunk = 256 << 10

  private let root: String
  package nonisolated let paths: ArchivePaths
  private let files: any FileSystem
  private var folders: DurableFolders
  private var temporaries = 0
  /// The hashes of the manifest and the intent as they were last read or written. A file is read again only if its status has
  /// changed: some file systems change inode numbers or round times of a file that nobody touched.
  private var known: [String: (status: FileStatus, sha256: String)] = [:]

  /// - Parameter root: the folder of the archive. It need not exist.
  package init(root: String, paths: ArchivePaths, fileSystem: any FileSystem = PosixFileSystem()) {
    self.root = root
    self.paths = paths
    self.files = fileSystem
    folders = DurableFolders(root: root, files: fileSystem)
  }

  package nonisolated func name(of path: String) -> String { full(path).text }

  package nonisolated func storage(of log: LogName) -> any ArchiveStorage {
    LocalStorage(root: root, paths: ArchivePaths(log), fileSystem: files)
  }

  private nonisolated func full(_ path: String) -> DiskPath { DiskPath(root, path) }

  // MARK: Location

  package func checkPlace() throws(StorageError) {
    guard let status = try files.status(DiskPath(root)), status.kind != .folder else { return }
    throw StorageError(
      operation: .open, path: root, reason: .notAFolder,
      detail: status.kind == .file ? "it is a file, but an archive is a folder" : "it is not a folder")
  }

  package func checkWriting() throws(StorageError) {
    try WriteProbe(root: root, paths: paths, files: files).checkVolumes()
  }

  /// Tries an exclusive creation in the staging folder, which the next run empties if this one is killed.
  package func checkTable() throws(StorageError) {
    let (temporary, place) = (try temporary([]), full("\(paths.staging)/exclusive"))
    let placed = Result { () throws(StorageError) in
      try placeExclusively(temporary, at: place, isShared: true)
    }
    discard(temporary)
    discard(place)
    do throws(StorageError) {
      try placed.get()
    } catch let error where error.reason == .exists {
      // A killed run left it.
    }
  }

  package func probeWriting() throws(StorageError) -> WriteProbeResult {
    try WriteProbe(root: root, paths: paths, files: files).perform()
  }

  package func space() throws(StorageError) -> DiskSpace? {
    try files.space(at: files.nearestFolder(to: DiskPath(root)))
  }

  package func isSpelledSo(_ path: String) throws(StorageError) -> Bool {
    var folder = ""
    for name in path.split(separator: "/") {
      let names = try files.list(full(folder)).map(\.name)
      guard names.contains(String(name)) else { return false }
      folder += folder.isEmpty ? "\(name)" : "/\(name)"
    }
    return true
  }

  package var lacksDurableNames: Bool { folders.lacksSync }

  // MARK: Writing

  package nonisolated func makeScratch(undeleted: @escaping @Sendable (StorageError) -> Void) async -> Scratch
  {
    Scratch(in: full(paths.staging), fileSystem: files, undeleted: undeleted)
  }

  package func put(_ sealed: [(file: ScratchFile, path: String)]) throws(StorageError) {
    var changed: Set<String> = []
    for (file, path) in sealed {
      let folder = ArchivePaths.folder(of: path)
      try folders.ensure(folder)
      if let found = try files.status(full(path)) {
        guard found.kind == .file, try isSame(file.file.path, full(path)) else { throw exists(full(path)) }
      }
      try files.rename(file.file.path, to: full(path))
      changed.insert(folder)
    }
    for folder in changed.sorted() { try folders.sync(full(folder)) }
  }

  package func create(_ path: String, _ bytes: [UInt8]) throws(StorageError) {
    try create(path, bytes, isShared: false)
  }

  package func createShared(_ path: String, _ bytes: [UInt8]) throws(StorageError) {
    try create(path, bytes, isShared: true)
  }

  private func create(_ path: String, _ bytes: [UInt8], isShared: Bool) throws(StorageError) {
    try folders.ensure(ArchivePaths.folder(of: path))
    let temporary = try temporary(bytes)
    do throws(StorageError) {
      try placeExclusively(temporary, at: full(path), isShared: isShared)
    } catch {
      discard(temporary)
      guard error.reason == .exists, try hold(path, bytes) else { throw error }
      return try secure(path)
    }
    try secure(path)
    discard(temporary)
  }

  /// Whether a file has exactly these bytes.
  private func hold(_ path: String, _ bytes: [UInt8]) throws(StorageError) -> Bool {
    guard try files.status(full(path))?.kind == .file else { return false }
    return try read(path)?.bytes == bytes
  }

  /// Links the file, which fails if the name is taken. Without links it uses an exclusive rename, and without that a check and a
  /// rename: creating the file exclusively in place would check better, but could leave a torn record after a crash. The lease
  /// excludes other runs anyway, except from files that several logs share: these need one of the first two ways.
  private func placeExclusively(
    _ temporary: DiskPath, at path: DiskPath, isShared: Bool
  ) throws(StorageError) {
    do {
      return try files.link(temporary, to: path)
    } catch let error where error.reason == .unsupported {}
    do {
      return try files.renameExclusively(temporary, to: path)
    } catch let error where error.reason == .unsupported {
      if isShared { throw .withoutExclusiveCreation(at: path) }
    }
    guard try files.status(path) == nil else { throw exists(path) }
    try files.rename(temporary, to: path)
  }

  private func exists(_ path: DiskPath) -> StorageError {
    StorageError(operation: .create, path: path.text, reason: .exists, detail: "it already exists")
  }

  /// The check and the rename are two steps: the lease excludes other runs between them.
  @discardableResult
  package func replace(
    _ path: String, _ bytes: [UInt8], since seen: FileState
  ) throws(StorageError) -> FileState {
    let sha256 = sha256Hex(bytes)
    let found = try state(of: path)
    guard found == seen else {
      guard found == .present(sha256) else {
        throw StorageError(
          operation: .write, path: full(path).text, reason: .outrun,
          detail: "another process changed it after it was read")
      }
      try secure(path)
      return found
    }
    try folders.ensure(ArchivePaths.folder(of: path))
    let temporary = try temporary(bytes)
    do throws(StorageError) {
      try files.rename(temporary, to: full(path))
    } catch {
      discard(temporary)
      throw error
    }
    try secure(path)
    if let status = try files.status(full(path)) { remember(path, status, sha256) }
    return .present(sha256)
  }

  /// Writes a temporary file, and makes its bytes durable.
  private func temporary(_ bytes: [UInt8]) throws(StorageError) -> DiskPath {
    try folders.ensure(paths.staging)
    let file = try make()
    do throws(StorageError) {
      try files.write(bytes, to: file)
      try files.sync(file)
    } catch {
      var error = error
      error.needed = bytes.count
      do { try files.close(file) } catch {}  // it is discarded
      discard(file.path)
      throw error
    }
    try files.close(file)
    return file.path
  }

  /// Skips names that an earlier run left.
  private func make() throws(StorageError) -> OpenFile {
    while true {
      temporaries += 1
      do {
        return try files.create(full("\(paths.staging)/record-\(temporaries)"))
      } catch let error where error.reason == .exists && temporaries < 1 << 20 {}
    }
  }

  /// The next run deletes what cannot be removed now.
  private func discard(_ temporary: DiskPath) {
    do { try files.remove(temporary) } catch {}
  }

  private func state(of path: String) throws(StorageError) -> FileState {
    guard let status = try files.status(full(path)) else { return .absent }
    guard status.kind == .file else { throw .inPlace(of: .file, status.kind, at: full(path).text, .inspect) }
    if let known = known[path], known.status == status { return .present(known.sha256) }
    return try read(path)?.state ?? .absent
  }

  private func remember(_ path: String, _ status: FileStatus, _ sha256: String) {
    if path == paths.manifest || path == paths.intent { known[path] = (status, sha256) }
  }

  package func secure(_ path: String) throws(StorageError) {
    let folder = ArchivePaths.folder(of: path)
    try folders.ensure(folder)
    try folders.sync(full(folder))
  }

  /// Tries all, then throws the first failure. Files that a killed run deleted are then gone durably, too.
  package func delete(_ paths: [String]) throws(StorageError) {
    var changed: Set<String> = []
    var failure: StorageError?
    for path in paths {
      do throws(StorageError) {
        let folder = ArchivePaths.folder(of: path)
        guard try folders.isFolder(folder) else {
          try folders.syncAbove(folder)
          continue
        }
        try files.remove(full(path))
        changed.insert(folder)
      } catch {
        failure = failure ?? error
      }
    }
    for folder in changed.sorted() { try folders.prune(folder) }
    if let failure { throw failure }
  }

  private func isSame(_ path: DiskPath, _ other: DiskPath) throws(StorageError) -> Bool {
    var offset = 0
    while true {
      let bytes = try files.read(1 << 20, at: offset, ofFileAt: path)
      guard try bytes == files.read(1 << 20, at: offset, ofFileAt: other) else { return false }
      if bytes.isEmpty { return true }
      offset += bytes.count
    }
  }

  // MARK: Reading

  package func read(_ path: String) throws(StorageError) -> (bytes: [UInt8], state: FileState)? {
    let limit = paths.sizeLimit(of: path)
    func check(_ size: Int) throws(StorageError) {
      guard size > limit else { return }
      throw StorageError(
        operation: .read, path: full(path).text, reason: .oversized,
        detail: "it has \(size) bytes, but such a file of an archive has at most \(limit)")
    }
    do {
      let (bytes, status) = try files.reading(full(path)) { (file) throws(StorageError) in
        try check(file.status.size)
        // To the end, not to the size: the file may be growing.
        let chunk = 1 << 20
        var bytes: [UInt8] = []
        while true {
          let more = try files.read(chunk, at: bytes.count, from: file)
          bytes += more
          if more.count < chunk { return (bytes, file.status) }
          try check(bytes.count)
        }
      }
      let sha256 = sha256Hex(bytes)
      remember(path, status, sha256)
      return (bytes, .present(sha256))
    } catch let error where error.reason == .missing {
      return nil
    }
  }

  // Several tasks read at once.
  package nonisolated func read(_ path: String, at offset: Int) throws(StorageError) -> [UInt8] {
    try read(path, at: offset, count: LocalStorage.chunk)
  }

  package nonisolated func read(_ path: String, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    try files.read(count, at: offset, ofFileAt: full(path))
  }

  package func entry(_ path: String) throws(StorageError) -> StoredFile? {
    guard let status = try files.status(full(path)) else { return nil }
    return StoredFile(path: path, size: status.kind == .file ? status.size : 0, kind: status.kind)
  }

  package func list(
    _ folder: String, after first: String?, isDeep: Bool
  ) throws(StorageError) -> [StoredFile] {
    let entries: [FolderEntry]
    do {
      entries = try files.list(full(folder), isDeep: isDeep)
    } catch let error where error.reason == .missing {
      return []  // not yet made, or just removed by a run
    }
    return entries.compactMap { entry in
      let path = "\(folder)/\(entry.name)"
      if let first, !first.utf8.lexicographicallyPrecedes(path.utf8) { return nil }
      if isDeep, entry.kind == .folder, !paths.isNameOfFile(path), !entry.isDeepest { return nil }
      return StoredFile(path: path, size: entry.size, kind: entry.kind)
    }
  }

  package func link(_ path: String, to place: DiskPath) throws(StorageError) -> Bool {
    do {
      try files.link(full(path), to: place)
      return true
    } catch let error where [.otherVolume, .unsupported, .denied].contains(error.reason) {
      return false
    }
  }

  // MARK: Lease

  package func takeLease(
    _ holder: LockHolder, observe: @escaping @Sendable (LeaseEvent) -> Void
  ) throws(StorageError) -> LeaseAnswer {
    try folders.ensure(ArchivePaths.folder(of: paths.lock))
    guard let file = try lockInPlace(full(paths.lock)) else {
      return .held(try read(paths.lock).flatMap { LockRecord($0.bytes)?.holder })
    }
    do {
      let before = LockRecord(try files.read(LockRecord.longest, at: 0, from: file))
      let generation = (before?.generation ?? 0) &+ 1
      try files.truncate(file)
      try files.write(LockRecord(generation: generation, holder: holder).bytes, to: file)
      return .taken(FileLock(files: files, file: file, generation: generation))
    } catch {
      try files.close(file)
      throw error
    }
  }

  /// Between opening and locking, the name may have been given to another, unlocked file, which is then the lock file. If that goes
  /// on, another run is at work.
  private func lockInPlace(_ path: DiskPath) throws(StorageError) -> OpenFile? {
    for _ in 0..<16 {
      guard let file = try files.lock(path) else { return nil }
      let isInPlace: Bool
      do {
        isInPlace = try files.isInPlace(file)
      } catch {
        try files.close(file)
        throw error
      }
      if isInPlace { return file }
      try files.close(file)
    }
    return nil
  }

  /// Holds the lock for less than a millisecond, so only a run that begins in that moment can find it taken. Without a lock file it
  /// tries one, to find out whether the file system has locks.
  package func leaseState() throws(StorageError) -> LeaseState {
    let path = full(paths.lock)
    guard try files.status(path) != nil else {
      try WriteProbe(root: root, paths: paths, files: files).tryLock()
      return .never
    }
    guard let file = try files.lock(path) else {
      return .held(try read(paths.lock).flatMap { LockRecord($0.bytes)?.holder })
    }
    try files.close(file)
    return .free
  }
}
