/// Makes folders below a root, each durable with those above it.
struct DurableFolders: Sendable {
  let root: String
  let files: any FileSystem
  /// Known to stand, and to be durable.
  private var known: Set<String> = []
  /// Whether this file system was seen to have no fsync of folders.
  private(set) var lacksSync = false

  init(root: String, files: any FileSystem) {
    self.root = root
    self.files = files
  }

  /// Makes a folder where it is not there.
  mutating func ensure(_ folder: String) throws(StorageError) {
    guard !known.contains(folder) else { return }
    if folder.isEmpty {
      try ensureRoot(root)
    } else {
      // Synced even where the folder is there: a run that died may have made it and not synced it.
      let parent = ArchivePaths.folder(of: folder)
      try ensure(parent)
      if try !isFolder(folder) { try make(DiskPath(root, folder)) }
      try sync(DiskPath(root, parent))
    }
    known.insert(folder)
  }

  /// The archive's own folder may be anywhere, behind a symbolic link too.
  private mutating func ensureRoot(_ root: String) throws(StorageError) {
    guard try files.status(DiskPath(root)) == nil else { return }
    let parent = ArchivePaths.folder(ofSystemPath: root)
    try ensureRoot(parent)
    try make(DiskPath(root))
    try sync(DiskPath(parent))
  }

  /// Another run may make the same folder at the same time.
  private func make(_ folder: DiskPath) throws(StorageError) {
    do {
      try files.makeFolder(folder)
    } catch let error where error.reason == .exists {}
  }

  /// false when nothing is there; throws when something else is.
  func isFolder(_ folder: String) throws(StorageError) -> Bool {
    let path = DiskPath(root, folder)
    guard let status = try files.status(path) else { return false }
    guard status.kind == .folder else { throw .inPlace(of: .folder, status.kind, at: path.text, .inspect) }
    return true
  }

  /// Removes a folder when nothing is left in it; makes durable in any case what was deleted from it.
  mutating func prune(_ folder: String) throws(StorageError) {
    do {
      try files.removeFolder(DiskPath(root, folder))
    } catch let error where error.reason == .notEmpty {
      return try sync(DiskPath(root, folder))
    }
    known.remove(folder)
    try sync(DiskPath(root, ArchivePaths.folder(of: folder)))
  }

  /// Makes names durable, where the file system can.
  mutating func sync(_ folder: DiskPath) throws(StorageError) {
    do {
      try files.syncFolder(folder)
    } catch let error where error.reason == .unsupported {
      lacksSync = true
    }
  }
}

extension FileSystem {
  /// Takes away a name that may be gone already.
  func remove(_ path: DiskPath) throws(StorageError) {
    do {
      try unlink(path)
    } catch let error where error.reason == .missing {}
  }

  /// Up to `count` bytes from `offset` of a file that is opened for it.
  func read(_ count: Int, at offset: Int, ofFileAt path: DiskPath) throws(StorageError) -> [UInt8] {
    try reading(path) { (file) throws(StorageError) in try read(count, at: offset, from: file) }
  }

  func reading<Result>(
    _ path: DiskPath, _ body: (OpenFile) throws(StorageError) -> Result
  ) throws(StorageError) -> Result {
    let file = try open(path)
    let result: Result
    do {
      result = try body(file)
    } catch {
      try close(file)
      throw error
    }
    try close(file)
    return result
  }
}
