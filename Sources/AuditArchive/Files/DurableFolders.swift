/// Makes folders below a root durable, together with those above them.
struct DurableFolders: Sendable {
  let root: String
  let files: any FileSystem
  /// Folders that exist and are durable.
  private var known: Set<String> = []
  /// Whether the file system turned out to have no fsync of folders.
  private(set) var lacksSync = false

  init(root: String, files: any FileSystem) {
    self.root = root
    self.files = files
  }

  /// Makes a folder if it is missing.
  mutating func ensure(_ folder: String) throws(StorageError) {
    guard !known.contains(folder) else { return }
    if folder.isEmpty {
      try ensureRoot(root)
    } else {
      // Sync existing folders too: a run may have been killed between making one and syncing it.
      let parent = ArchivePaths.folder(of: folder)
      try ensure(parent)
      if try !isFolder(folder) { try make(DiskPath(root, folder)) }
      try sync(DiskPath(root, parent))
    }
    known.insert(folder)
  }

  /// The archive's own folder can be anywhere, also behind a symbolic link.
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

  /// False if nothing is there; throws if something else is.
  func isFolder(_ folder: String) throws(StorageError) -> Bool {
    let path = DiskPath(root, folder)
    guard let status = try files.status(path) else { return false }
    guard status.kind == .folder else { throw .inPlace(of: .folder, status.kind, at: path.text, .inspect) }
    return true
  }

  /// Removes a folder if it is empty. Makes earlier deletions from it durable in any case.
  mutating func prune(_ folder: String) throws(StorageError) {
    do {
      try files.removeFolder(DiskPath(root, folder))
    } catch let error where error.reason == .notEmpty {
      return try sync(DiskPath(root, folder))
    }
    known.remove(folder)
    try sync(DiskPath(root, ArchivePaths.folder(of: folder)))
  }

  /// Makes the removal of a folder durable.
  mutating func syncAbove(_ folder: String) throws(StorageError) {
    var parent = ArchivePaths.folder(of: folder)
    while !parent.isEmpty, try !isFolder(parent) { parent = ArchivePaths.folder(of: parent) }
    if try isFolder(parent) { try sync(DiskPath(root, parent)) }
  }

  /// Makes names durable, if the file system can.
  mutating func sync(_ folder: DiskPath) throws(StorageError) {
    do {
      try files.syncFolder(folder)
    } catch let error where error.reason == .unsupported {
      lacksSync = true
    }
  }
}
