import Synchronization

/// Local files of one run: sealed parts before their commit, and rows that exceed the memory limit.
///
/// For an archive in a folder they are in its staging folder, so that they can be renamed into place; otherwise in a temporary folder.
/// Only the run that holds the lease uses that folder. Calls block their thread. One file must not be used by two tasks at a time.
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
  private let files: any FileSystem
  private let undeleted: @Sendable (StorageError) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - folder: made when it is needed.
  ///   - undeleted: called for each file that cannot be removed. That is no failure.
  package init(
    in folder: DiskPath, fileSystem: any FileSystem, undeleted: @escaping @Sendable (StorageError) -> Void
  ) {
    self.folder = folder
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

  /// Discards every file in the folder, also those of earlier runs, and returns their paths from the root. Names that cannot be
  /// removed are not reused. The caller must hold the lease of the log.
  package func discardAll() -> [String] {
    for file in state.withLock({ Array($0.open.keys) }) {
      tidying { () throws(StorageError) in try close(file) }
    }
    var discarded: [String] = []
    tidying { () throws(StorageError) in
      for entry in try entries() where entry.kind != .folder && entry.kind != .unnameable {
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

  private func entries() throws(StorageError) -> [FolderEntry] {
    do {
      return try files.list(folder)
    } catch let error where error.reason == .missing {
      return []
    }
  }

  /// Discards the files made here only.
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
