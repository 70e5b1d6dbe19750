import Synchronization

/// Local files of one run: sealed parts before their commit, and rows that exceed the memory limit.
///
/// For an archive in a folder they are in its staging folder, so that they can be renamed into place; only the run that holds the lease
/// uses it. Otherwise they are in a folder that only this run uses (`PrivateFolder`), because a lease can be taken over while its holder
/// sleeps. Calls block their thread. One file must not be used by two tasks at a time.
package final class Scratch: Sendable {
  private struct State {
    var made = 0
    /// Open files, with the number of bytes appended so far.
    var open: [ScratchFile: Int] = [:]
    /// Files made here that are neither put in place nor discarded.
    var own: Set<ScratchFile> = []
    /// Names of an earlier run that cannot be removed.
    var taken: Set<String> = []
    var folders: DurableFolders
  }

  private let folder: DiskPath
  /// The lock in a folder of this run alone; nil in a folder that each run of the log uses.
  private let lock: OpenFile?
  private let files: any FileSystem
  private let undeleted: @Sendable (StorageError) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - folder: made when it is needed.
  ///   - lock: the lock of a folder of this run alone, held until `end`; nil for the folder of all runs of the log.
  ///   - undeleted: called for each file that cannot be removed. That is no failure.
  package init(
    in folder: DiskPath, lock: OpenFile? = nil, fileSystem: any FileSystem,
    undeleted: @escaping @Sendable (StorageError) -> Void
  ) {
    self.folder = folder
    self.lock = lock
    self.files = fileSystem
    self.undeleted = undeleted
    state = Mutex(State(folders: DurableFolders(root: folder.root, files: fileSystem)))
  }

  /// Creates an empty file.
  package func create() throws(StorageError) -> ScratchFile {
    let path = state.withLock { state in
      repeat { state.made += 1 } while state.taken.contains(Scratch.name(state.made))
      return folder.appending(Scratch.name(state.made))
    }
    try ensureFolder()
    let file = ScratchFile(file: try files.create(path))
    state.withLock { state in
      state.open[file] = 0
      state.own.insert(file)
    }
    return file
  }

  /// Appends bytes to a file that is not sealed yet.
  package func append(_ bytes: [UInt8], to file: ScratchFile) throws(StorageError) {
    state.withLock { $0.open[file]? += bytes.count }
    try telling(file) { () throws(StorageError) in try files.write(bytes, to: file.file) }
  }

  /// Closes a file and makes its bytes durable.
  package func seal(_ file: ScratchFile) throws(StorageError) {
    // A full disk may fail only here.
    try telling(file) { () throws(StorageError) in try files.sync(file.file) }
    try close(file)
  }

  /// Adds the size of the file to a failure.
  private func telling(_ file: ScratchFile, _ body: () throws(StorageError) -> Void) throws(StorageError) {
    do {
      try body()
    } catch {
      var error = error
      error.needed = state.withLock { $0.open[file] }
      throw error
    }
  }

  /// Reads `count` bytes of a sealed file from `offset`, fewer only at its end.
  package func read(_ file: ScratchFile, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    try files.read(count, at: offset, ofFileAt: file.file.path)
  }

  /// Discards a file, sealed or not. If that fails, `discardAll` tries again.
  package func discard(_ file: ScratchFile) {
    do throws(StorageError) {
      try close(file)
      try files.remove(file.file.path)
      state.withLock { _ = $0.own.remove(file) }
    } catch {}  // `discardAll` tries again, and reports it
  }

  /// Discards the files of earlier runs, and returns their paths from the root. The caller must hold the lease of the log.
  ///
  /// In a folder of all runs, that is every file in it, and names that cannot be removed are not reused. Otherwise it is the folders of
  /// killed runs: those with a free lock.
  package func discardAll() -> [String] {
    guard lock == nil else { return discardKilledRuns() }
    closeAll()
    var discarded: [String] = []
    tidying { () throws(StorageError) in
      for entry in try entries(of: folder) where entry.kind != .folder && entry.kind != .unnameable {
        let path = folder.appending(entry.name)
        if tidying({ () throws(StorageError) in try files.remove(path) }) {
          discarded.append(path.below)
        } else {
          state.withLock { _ = $0.taken.insert(entry.name) }
        }
      }
    }
    return discarded.sorted()
  }

  /// Discards the files of this run, and in a folder of all runs also those of earlier ones if the lease is held. The last call.
  package func end(isLeaseHeld: Bool) {
    if let lock {
      closeAll()
      _ = remove(folder, lock)
    } else if isLeaseHeld {
      _ = discardAll()
    } else {
      discardOwn()
    }
  }

  private func closeAll() {
    for file in state.withLock({ Array($0.open.keys) }) {
      tidying { () throws(StorageError) in try close(file) }
    }
  }

  private func discardKilledRuns() -> [String] {
    let root = DiskPath(folder.root)
    var discarded: [String] = []
    tidying { () throws(StorageError) in
      for entry in try entries(of: root)
      where entry.kind == .folder && entry.name.hasPrefix(PrivateFolder.runs) && entry.name != folder.below {
        tidying { () throws(StorageError) in
          let killed = root.appending(entry.name)
          if let lock = try files.lockInPlace(killed.appending(PrivateFolder.lock)) {
            discarded += remove(killed, lock)
          }
        }
      }
    }
    return discarded.sorted()
  }

  /// Removes the folder of a run with its files, and returns their paths. The lock goes last, so that nobody else removes the folder.
  private func remove(_ folder: DiskPath, _ lock: OpenFile) -> [String] {
    var discarded: [String] = []
    tidying { () throws(StorageError) in
      for entry in try entries(of: folder) where entry.name != PrivateFolder.lock {
        let path = folder.appending(entry.name)
        try files.remove(path)
        discarded.append(path.below)
      }
      try files.remove(lock.path)
      do throws(StorageError) {
        try files.removeFolder(folder)
      } catch let error where [.missing, .notEmpty].contains(error.reason) {}  // another run is removing it
    }
    tidying { () throws(StorageError) in try files.close(lock) }
    return discarded
  }

  private func entries(of folder: DiskPath) throws(StorageError) -> [FolderEntry] {
    do {
      return try files.list(folder)
    } catch let error where error.reason == .missing {
      return []
    }
  }

  /// Discards the files made here only, in a folder of all runs.
  package func discardOwn() {
    for file in state.withLock({ Array($0.own) }) {
      tidying { () throws(StorageError) in
        try close(file)
        try files.remove(file.file.path)
      }
    }
  }

  private func close(_ file: ScratchFile) throws(StorageError) {
    if state.withLock({ $0.open.removeValue(forKey: file) }) != nil { try files.close(file.file) }
  }

  /// Whether `body` succeeded; a failure is reported.
  @discardableResult
  private func tidying(_ body: () throws(StorageError) -> Void) -> Bool {
    do {
      try body()
      return true
    } catch {
      undeleted(error)
      return false
    }
  }

  private func ensureFolder() throws(StorageError) {
    // On a copy: no I/O inside the lock.
    var folders = state.withLock(\.folders)
    try folders.ensure(folder.below)
    state.withLock { [folders] in $0.folders = folders }
  }

  static func name(_ number: Int) -> String {
    let digits = String(number)
    return "spool-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}

/// A local file of a run, not yet part of the archive.
package struct ScratchFile: Hashable, Sendable {
  let file: OpenFile

  /// For messages.
  var path: String { file.path.text }
}
