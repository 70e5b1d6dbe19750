import AuditRecord
internal import Platform

/// Tries the operations of a run in the folders that a run writes to, and removes what it made.
struct WriteProbe {
  private let root: String
  private let paths: ArchivePaths
  private let files: any FileSystem

  /// Bytes of a test file: more than a file system stores together with the name.
  private static let size = 65_536

  init(root: String, paths: ArchivePaths, files: any FileSystem) {
    (self.root, self.paths, self.files) = (root, paths, files)
  }

  func perform() throws(StorageError) -> WriteProbeResult {
    try checkLengths()
    var folders = DurableFolders(root: root, files: files)
    let staging = try files.nearestFolder(to: DiskPath(root, paths.staging))
    try tryFile(in: staging)
    try folders.sync(staging)
    let table = try tableFolder()
    for folder in try targets() {
      try tryFolder(in: folder)
      if folder != staging { try folders.sync(folder) }
      try tryPlacing(from: staging, in: folder, isShared: folder == table)
    }
    return WriteProbeResult(
      folder: try files.nearestFolder(to: DiskPath(root)).text, lacksDurableNames: folders.lacksSync)
  }

  /// Whether staged files can be put in place. Tries it only where folders are on volumes of their own; every run calls this.
  func checkVolumes() throws(StorageError) {
    let staging = try files.nearestFolder(to: DiskPath(root, paths.staging))
    let volume = try files.volume(at: staging)
    for folder in try targets() where folder != staging {
      if try files.volume(at: folder) != volume {
        try tryPlacing(from: staging, in: folder, isShared: false)
      }
    }
  }

  /// Throws `.noLocks` if there are no locks where the log's lock file will be. Other failures are left to `perform`.
  func tryLock() throws(StorageError) {
    let path = name(in: try files.nearestFolder(to: DiskPath(root, paths.state)))
    do {
      if let file = try files.lock(path) { try files.close(file) }
    } catch {
      if try files.status(path) != nil { try files.unlink(path) }
      guard error.reason == .noLocks else { return }
      throw error
    }
    try files.remove(path)
  }

  /// Inspects the longest paths of a run, because the test files have shorter names.
  private func checkLengths() throws(StorageError) {
    let day = Day(containing: .earliest)
    let hash = ArchivePaths.shortHash(sha256Hex([]))
    var longest = [
      paths.spool(1), paths.signature(1), paths.quarantine(QuarantineName(commit: 1, hash: hash)),
    ]
    for format in PartFormat.allCases {
      longest.append(paths.part(PartName(format: format, day: day, index: 0, revision: 1, hash: hash)))
    }
    for path in longest { _ = try files.status(DiskPath(root, path)) }
  }

  /// The folders of finished files, or the existing folders where those would be made.
  private func targets() throws(StorageError) -> [DiskPath] {
    var folders = Set<DiskPath>()
    for path in [paths.state, paths.commits, paths.quarantine] + PartFormat.allCases.map({ paths.days($0) }) {
      folders.insert(try files.nearestFolder(to: DiskPath(root, path)))
    }
    if let table = try tableFolder() { folders.insert(table) }
    return folders.sorted { $0.text < $1.text }
  }

  /// The folder of the table's log, or the nearest existing folder above it; nil if the archive is no table.
  private func tableFolder() throws(StorageError) -> DiskPath? {
    let kind = DiskPath(root, ArchivePaths.kind)
    guard try files.status(kind)?.kind == .file else { return nil }
    let bytes = try files.read(paths.sizeLimit(of: ArchivePaths.kind), at: 0, ofFileAt: kind)
    do throws(ArchiveError) {
      let record = try ArchiveJSON.decode(ArchiveKindRecord.self, from: bytes, path: ArchivePaths.kind)
      guard record.table != nil else { return nil }
    } catch {
      return nil  // `ArchiveState.kind` reports the damage.
    }
    return try files.nearestFolder(to: DiskPath(root, ArchivePaths.tableLog))
  }

  private func tryFile(in folder: DiskPath) throws(StorageError) {
    let path = name(in: folder)
    let file = try files.create(path)
    let written = Result { () throws(StorageError) in
      try files.write([UInt8](repeating: 0, count: WriteProbe.size), to: file)
      // A full disk may fail only here.
      try files.sync(file)
    }
    let closed = Result { () throws(StorageError) in try files.close(file) }
    try files.remove(path)
    try written.get()
    try closed.get()
  }

  private func tryFolder(in folder: DiskPath) throws(StorageError) {
    let path = name(in: folder)
    try files.makeFolder(path)
    try files.removeFolder(path)
  }

  /// Puts a file in place as a run does: by a link, if there are links, and by a rename. `.missing` is no failure: a run
  /// that ended meanwhile has removed the folder.
  ///
  /// - Parameter isShared: whether several logs create files in the folder. Then hard links or exclusive renames are needed.
  private func tryPlacing(
    from staging: DiskPath, in folder: DiskPath, isShared: Bool
  ) throws(StorageError) {
    let (path, place) = (name(in: staging), name(in: folder))
    let file = try files.create(path)
    var present = path
    let placed = Result { () throws(StorageError) in
      try files.close(file)
      do throws(StorageError) {
        try files.link(path, to: place)
        try files.remove(place)
      } catch {
        guard error.reason == .unsupported else { throw error }
        if isShared { return try tryExclusiveRename(path, to: place, &present) }
        // A run then only renames.
      }
      try files.rename(path, to: place)
      present = place
    }
    try files.remove(present)
    do throws(StorageError) {
      try placed.get()
    } catch {
      guard error.reason != .missing else { return }
      var error = error
      error.path = folder.text
      throw error
    }
  }

  private func tryExclusiveRename(
    _ path: DiskPath, to place: DiskPath, _ present: inout DiskPath
  ) throws(StorageError) {
    do {
      try files.renameExclusively(path, to: place)
      present = place
    } catch {
      throw error.reason == .unsupported ? .withoutExclusiveCreation(at: place) : error
    }
  }

  /// Readers of tables skip names that begin with `_`.
  private func name(in folder: DiskPath) -> DiskPath {
    folder.appending(
      "_check-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: .min ... .max))")
  }
}

/// The result of trying to write in an archive's folders.
package struct WriteProbeResult: Hashable, Sendable {
  /// The archive's own folder, or the nearest existing one above it.
  package var folder: String
  /// Whether the file system has no fsync of folders: a power failure can undo the last file names.
  package var lacksDurableNames: Bool
  /// The properties of a store that were tested, and that it has; empty for a folder.
  package var properties: [Property] = []

  /// A property that a store has.
  package struct Property: Hashable, Sendable {
    package var name: String
    /// What is wrong with it; the archive is safe all the same.
    package var warning: String?

    package init(name: String, warning: String?) {
      self.name = name
      self.warning = warning
    }
  }

  package init(folder: String, lacksDurableNames: Bool, properties: [Property] = []) {
    self.folder = folder
    self.lacksDurableNames = lacksDurableNames
    self.properties = properties
  }
}
