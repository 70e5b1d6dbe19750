import Synchronization

/// An archive in a folder.
///
/// Durable and whole by the usual dance: write to a temporary file, sync it, close it, give it its name by a rename
/// (or by a link, which refuses a name that is taken), sync the folder; and sync the parent of every folder on the way.
/// All temporary files stand in the staging folder of the log, which belongs to whoever holds the log's lock.
package final class LocalStorage: ArchiveStorage {
  private struct State {
    /// Folders known to stand, and to be durable.
    var folders: Set<String> = []
    var spooled = 0
    /// Spooled files that are open, with the bytes they have been given.
    var open: [Spool: Int] = [:]
    /// All that were made here and are neither put in their places nor discarded.
    var own: Set<Spool> = []
    /// Names in the staging folder that an earlier run left and that cannot be removed.
    var taken: Set<String> = []
    var lacksFolderSync = false
  }

  /// Bytes read at a time when a whole file is wanted.
  private static let chunk = 1 << 20

  private let root: String
  private let paths: ArchivePaths
  private let files: any FileSystem
  private let untidied: @Sendable (StorageError) -> Void
  private let state = Mutex(State())

  /// - Parameter untidied: is told of each thing that could not be tidied up.
  package init(
    root: String, paths: ArchivePaths, fileSystem: any FileSystem,
    untidied: @escaping @Sendable (StorageError) -> Void = { _ in }
  ) {
    self.root = root
    self.paths = paths
    self.files = fileSystem
    self.untidied = untidied
  }

  package func checkPlace() throws(StorageError) {
    guard let status = try files.status(DiskPath(root)), status.kind != .folder else { return }
    throw StorageError(
      operation: .open, path: root, reason: .notAFolder, code: 0,
      detail: status.kind == .file ? "it is a file, and an archive is a folder" : "it is not a folder")
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

  package var lacksDurableNames: Bool { state.withLock(\.lacksFolderSync) }

  private func full(_ path: String) -> DiskPath { DiskPath(root, path) }

  // MARK: Spooled files

  package func spool() throws(StorageError) -> Spool {
    let path = state.withLock { state in
      repeat { state.spooled += 1 } while state.taken.contains(paths.spool(state.spooled))
      return paths.spool(state.spooled)
    }
    try ensureFolder(paths.staging)
    let spool = Spool(file: try files.create(full(path)))
    state.withLock { state in
      state.open[spool] = 0
      state.own.insert(spool)
    }
    return spool
  }

  package func append(_ bytes: [UInt8], to spool: Spool) throws(StorageError) {
    state.withLock { $0.open[spool]? += bytes.count }
    try telling(spool) { () throws(StorageError) in try files.write(bytes, to: spool.file) }
  }

  package func seal(_ spool: Spool) throws(StorageError) {
    // A full disk may show only now that the bytes are written out.
    try telling(spool) { () throws(StorageError) in try files.sync(spool.file) }
    try close(spool)
  }

  /// Adds to a failure how large the file was to be.
  private func telling(_ spool: Spool, _ body: () throws(StorageError) -> Void) throws(StorageError) {
    do {
      try body()
    } catch {
      var error = error
      error.needed = state.withLock { $0.open[spool] }
      throw error
    }
  }

  package func read(_ spool: Spool, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    try reading(spool.file.path) { (file) throws(StorageError) in
      try files.read(count, at: offset, from: file)
    }
  }

  package func discard(_ spool: Spool) {
    do {
      try close(spool)
      try unlink(spool.file.path)
      state.withLock { _ = $0.own.remove(spool) }
    } catch {
      // `discardSpools` tries again, and reports what stays.
    }
  }

  private func close(_ spool: Spool) throws(StorageError) {
    guard state.withLock({ $0.open.removeValue(forKey: spool) }) != nil else { return }
    try files.close(spool.file)
  }

  package func discardSpools() -> [String] {
    for spool in state.withLock({ Array($0.open.keys) }) {
      tidying { () throws(StorageError) in try close(spool) }
    }
    var discarded: [String] = []
    tidying { () throws(StorageError) in
      guard try isFolder(paths.staging) else { return }
      for entry in try files.list(full(paths.staging))
      where entry.kind != .folder && entry.kind != .unnameable {
        let path = "\(paths.staging)/\(entry.name)"
        if tidying({ () throws(StorageError) in try unlink(full(path)) }) {
          discarded.append(path)
        } else {
          state.withLock { _ = $0.taken.insert(path) }
        }
      }
    }
    return discarded.sorted()
  }

  package func discardOwnSpools() {
    for spool in state.withLock({ Array($0.own) }) {
      tidying { () throws(StorageError) in
        try close(spool)
        try unlink(spool.file.path)
      }
    }
  }

  /// Whether it could be done; a failure is reported.
  @discardableResult
  private func tidying(_ body: () throws(StorageError) -> Void) -> Bool {
    do {
      try body()
      return true
    } catch {
      untidied(error)
      return false
    }
  }

  // MARK: Writing

  package func put(_ sealed: [(spool: Spool, path: String)]) throws(StorageError) {
    var folders: Set<String> = []
    for (spool, path) in sealed {
      try ensureFolder(ArchivePaths.folder(of: path))
      try files.rename(spool.file.path, to: full(path))
      state.withLock { _ = $0.own.remove(spool) }
      folders.insert(ArchivePaths.folder(of: path))
    }
    for folder in folders.sorted() { try syncFolder(full(folder)) }
  }

  package func create(_ path: String, _ bytes: [UInt8]) throws(StorageError) {
    try ensureFolder(ArchivePaths.folder(of: path))
    let spool = try spooled(bytes)
    defer { discard(spool) }
    try placeExclusively(spool, at: full(path))
    try syncFolder(full(ArchivePaths.folder(of: path)))
  }

  /// By a link, which every local file system can refuse. Where there are no links, by a rename that refuses. Where
  /// there is not that either, by a look and a rename: an exclusive creation in the file's place would refuse better,
  /// and show a torn record after a crash; and the log's lock is held.
  private func placeExclusively(_ spool: Spool, at path: DiskPath) throws(StorageError) {
    do {
      return try files.link(spool.file.path, to: path)
    } catch let error where error.reason == .unsupported {}
    do {
      return try files.renameExclusively(spool.file.path, to: path)
    } catch let error where error.reason == .unsupported {}
    guard try files.status(path) == nil else {
      throw StorageError(
        operation: .create, path: path.text, reason: .exists, code: 0, detail: "it is there already")
    }
    try files.rename(spool.file.path, to: path)
  }

  package func replace(_ path: String, _ bytes: [UInt8]) throws(StorageError) {
    try put([(try spooled(bytes), path)])
  }

  private func spooled(_ bytes: [UInt8]) throws(StorageError) -> Spool {
    let spool = try spool()
    try append(bytes, to: spool)
    try seal(spool)
    return spool
  }

  package func secure(_ path: String) throws(StorageError) {
    try ensureFolder(ArchivePaths.folder(of: path))
    try syncFolder(full(ArchivePaths.folder(of: path)))
  }

  package func delete(_ paths: [String]) throws(StorageError) {
    var folders: Set<String> = []
    for path in paths {
      let folder = ArchivePaths.folder(of: path)
      guard try isFolder(folder) else { continue }
      try unlink(full(path))
      folders.insert(folder)
    }
    for folder in folders.sorted() { try prune(folder) }
  }

  package func tidy(_ paths: [String]) -> [String] {
    var folders: Set<String> = []
    let gone = paths.filter { path in
      tidying { () throws(StorageError) in
        let folder = ArchivePaths.folder(of: path)
        guard try isFolder(folder) else { return }
        try unlink(full(path))
        folders.insert(folder)
      }
    }
    for folder in folders.sorted() { tidying { () throws(StorageError) in try prune(folder) } }
    return gone
  }

  private func unlink(_ path: DiskPath) throws(StorageError) {
    do {
      try files.unlink(path)
    } catch let error where error.reason == .missing {}
  }

  // MARK: Reading

  package func read(_ path: String) throws(StorageError) -> [UInt8]? {
    let limit = paths.sizeLimit(of: path)
    func check(_ size: Int) throws(StorageError) {
      guard size > limit else { return }
      throw StorageError(
        operation: .read, path: full(path).text, reason: .oversized, code: 0,
        detail: "it has \(size) bytes, and no such file of an archive has more than \(limit)")
    }
    do {
      return try reading(full(path)) { (file) throws(StorageError) in
        try check(file.size)
        // Not by the size: a file that grows meanwhile is read as it is at the end.
        var bytes: [UInt8] = []
        while true {
          let chunk = try files.read(LocalStorage.chunk, at: bytes.count, from: file)
          bytes += chunk
          if chunk.count < LocalStorage.chunk { return bytes }
          try check(bytes.count)
        }
      }
    } catch let error where error.reason == .missing {
      return nil
    }
  }

  package func read(_ path: String, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    try reading(full(path)) { (file) throws(StorageError) in try files.read(count, at: offset, from: file) }
  }

  private func reading(
    _ path: DiskPath, _ body: (OpenFile) throws(StorageError) -> [UInt8]
  ) throws(StorageError) -> [UInt8] {
    let file = try files.open(path)
    let bytes: [UInt8]
    do {
      bytes = try body(file)
    } catch {
      try files.close(file)
      throw error
    }
    try files.close(file)
    return bytes
  }

  package func size(_ path: String) throws(StorageError) -> Int? {
    guard let entry = try entry(path) else { return nil }
    guard entry.kind == .file else {
      throw .inPlace(of: .file, entry.kind, at: full(path).text, .inspect)
    }
    return entry.size
  }

  package func entry(_ path: String) throws(StorageError) -> StoredFile? {
    guard let status = try files.status(full(path)) else { return nil }
    return StoredFile(path: path, size: status.kind == .file ? status.size : 0, kind: status.kind)
  }

  package func list(_ folder: String, isDeep: Bool) throws(StorageError) -> [StoredFile] {
    let entries: [FolderEntry]
    do {
      entries = try files.list(full(folder), isDeep: isDeep)
    } catch let error where error.reason == .missing {
      return []  // none yet, or a run at work has just removed it
    }
    return entries.compactMap { entry in
      let path = "\(folder)/\(entry.name)"
      if isDeep, entry.kind == .folder, !paths.isNameOfFile(path), !entry.isDeepest { return nil }
      return StoredFile(path: path, size: entry.size, kind: entry.kind)
    }
  }

  // MARK: The lock

  package func lock(_ path: String, note: [UInt8]) throws(StorageError) -> StorageLock? {
    try ensureFolder(ArchivePaths.folder(of: path))
    guard let file = try lockInPlace(full(path)) else { return nil }
    do {
      try files.truncate(file)
      try files.write(note, to: file)
    } catch {
      try files.close(file)
      throw error
    }
    return StorageLock(file: file)
  }

  /// Between opening and locking, somebody may have given the name to another file, which nobody holds: then that one is
  /// the lock. Where that goes on, somebody else is at work.
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

  package func isHeld(_ lock: StorageLock) throws(StorageError) -> Bool { try files.isInPlace(lock.file) }

  package func unlock(_ lock: StorageLock) {
    tidying { () throws(StorageError) in try files.close(lock.file) }
  }

  // MARK: Folders

  /// Makes the names in a folder durable. Where that is not to be had, the run goes on, and says so once.
  private func syncFolder(_ folder: DiskPath) throws(StorageError) {
    do {
      try files.syncFolder(folder)
    } catch let error where error.reason == .unsupported {
      state.withLock { $0.lacksFolderSync = true }
    }
  }

  /// Makes a folder and those above it, each durable in its parent. Symbolic links below the root are refused.
  ///
  /// A folder that is there already is made durable too: the run that made it may have died before it could.
  private func ensureFolder(_ folder: String) throws(StorageError) {
    if state.withLock({ $0.folders.contains(folder) }) { return }
    if folder.isEmpty {
      try ensureRoot(root)
    } else {
      let parent = ArchivePaths.folder(of: folder)
      try ensureFolder(parent)
      if try !isFolder(folder) { try make(full(folder)) }
      try syncFolder(full(parent))
    }
    state.withLock { _ = $0.folders.insert(folder) }
  }

  /// The archive's own folder may be anywhere, behind a symbolic link too.
  private func ensureRoot(_ root: String) throws(StorageError) {
    guard try files.status(DiskPath(root)) == nil else { return }
    let parent = ArchivePaths.folder(ofSystemPath: root)
    try ensureRoot(parent)
    try make(DiskPath(root))
    try syncFolder(DiskPath(parent))
  }

  /// Another run may make the same folder at the same time.
  private func make(_ folder: DiskPath) throws(StorageError) {
    do {
      try files.makeFolder(folder)
    } catch let error where error.reason == .exists {}
  }

  /// false when nothing is there; throws when something else is.
  private func isFolder(_ folder: String) throws(StorageError) -> Bool {
    guard let status = try files.status(full(folder)) else { return false }
    guard status.kind == .folder else {
      throw .inPlace(of: .folder, status.kind, at: full(folder).text, .inspect)
    }
    return true
  }

  /// Removes a folder when nothing is left in it; makes durable in any case what was deleted from it.
  private func prune(_ folder: String) throws(StorageError) {
    do {
      try files.removeFolder(full(folder))
    } catch let error where error.reason == .notEmpty {
      return try syncFolder(full(folder))
    }
    state.withLock { _ = $0.folders.remove(folder) }
    try syncFolder(full(ArchivePaths.folder(of: folder)))
  }
}
