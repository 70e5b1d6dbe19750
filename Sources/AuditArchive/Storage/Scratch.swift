import Synchronization

/// Local files of one run: sealed parts before their commit, and rows that exceed the memory limit.
///
/// For an archive in a folder they are in its staging folder, so that they can be renamed into place; otherwise in a temporary folder.
/// Only the run that holds the lease uses that folder. Calls block their thread. One file must not be used by two tasks at a time.
package final class Scratch: Sendable {
  private struct State {
    var made = 0
    /// Files that are open, with the bytes they have been given.
    var open: [ScratchFile: Int] = [:]
    /// All that were made here and are neither put in their places nor discarded.
    var own: Set<ScratchFile> = []
    /// Names that an earlier run left and that cannot be removed.
    var taken: Set<String> = []
    var folders: DurableFolders
  }

  private let folder: DiskPath
  private let files: any FileSystem
  private let untidied: @Sendable (StorageError) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - folder: is made when it is needed.
  ///   - untidied: is told of each file that could not be removed. That fails nothing.
  package init(
    in folder: DiskPath, fileSystem: any FileSystem, untidied: @escaping @Sendable (StorageError) -> Void
  ) {
    self.folder = folder
    self.files = fileSystem
    self.untidied = untidied
    state = Mutex(State(folders: DurableFolders(root: folder.root, files: fileSystem)))
  }

  /// Begins a file: bytes are collected until it is put in its place, or discarded.
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

  package func append(_ bytes: [UInt8], to file: ScratchFile) throws(StorageError) {
    state.withLock { $0.open[file]? += bytes.count }
    try telling(file) { () throws(StorageError) in try files.write(bytes, to: file.file) }
  }

  /// Ends a file; its bytes are durable.
  package func seal(_ file: ScratchFile) throws(StorageError) {
    // A full disk may show only now that the bytes are written out.
    try telling(file) { () throws(StorageError) in try files.sync(file.file) }
    try close(file)
  }

  /// Adds to a failure how large the file was to be.
  private func telling(_ file: ScratchFile, _ body: () throws(StorageError) -> Void) throws(StorageError) {
    do {
      try body()
    } catch {
      var error = error
      error.needed = state.withLock { $0.open[file] }
      throw error
    }
  }

  /// Up to `count` bytes of a sealed file from `offset`, fewer only at its end.
  package func read(_ file: ScratchFile, at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
    try files.read(count, at: offset, ofFileAt: file.file.path)
  }

  /// Drops a file, sealed or not. One that cannot be removed now goes with `discardAll`.
  package func discard(_ file: ScratchFile) {
    do throws(StorageError) {
      try close(file)
      try files.remove(file.file.path)
      state.withLock { _ = $0.own.remove(file) }
    } catch {}  // `discardAll` tries again, and reports it
  }

  /// Drops all there is, what earlier runs left too, and returns the paths of what was dropped, from the root. What cannot be removed keeps its
  /// name until a later run removes it. Only whoever holds the lease of the log may call it.
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

  /// Drops what was made here, and nothing of anybody else.
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

  private func ensureFolder() throws(StorageError) {
    // A copy: nothing waits for the disk inside the lock.
    var folders = state.withLock(\.folders)
    try folders.ensure(folder.below)
    state.withLock { [folders] in $0.folders = folders }
  }

  static func name(_ number: Int) -> String {
    let digits = String(number)
    return "spool-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}

/// A file of a run's own, not yet part of the archive.
package struct ScratchFile: Hashable, Sendable {
  let file: OpenFile

  /// For messages.
  var path: String { file.path.text }
}
