import AuditArchive
import Synchronization
import TestSupport

/// A disk in memory: quick, copied at no cost, and mortal.
///
/// It keeps apart what is and what is durable, so that it can forget in a power failure what was not synced: bytes of a
/// file, and names of a folder, each on its own. It has no symbolic links and no permissions.
final class MemoryFileSystem: FileSystem {
  /// What an operation that is the n-th from now does.
  enum Failure: Sendable {
    /// It fails, and the next works again.
    case once
    /// It fails, and so do all that follow, until `restart`: the process is dead.
    case forGood
  }

  private let state = Mutex(State())

  /// An empty disk with one folder.
  init(folder: String) {
    state.withLock { state in
      state.disk.folders[folder] = MemoryFolder()
      state.disk.folders[Disk.split(folder).folder]?.names[Disk.split(folder).name] = .folder
      state.disk.syncAll()
    }
  }

  /// What the other holds, with nothing open and nothing about to fail.
  init(copyOf other: MemoryFileSystem) {
    let disk = other.state.withLock(\.disk)
    state.withLock { $0.disk = disk }
  }

  /// The n-th operation from now fails.
  func fail(at number: Int, _ failure: Failure) {
    state.withLock { ($0.operationsLeft, $0.failure) = (number, failure) }
  }

  /// A new process: nothing is open, nothing fails. The machine went on, and what was written is durable now.
  func restart() {
    state.withLock { state in
      state.revive()
      state.disk.syncAll()
    }
  }

  /// A new process after a power failure: of what was not synced, each thing is there or not, as chance has it.
  func restart(afterPowerFailure random: inout SeededRandom) {
    var chance = random
    state.withLock { state in
      state.revive()
      state.disk.losePower(&chance)
    }
    random = chance
  }

  /// Whether an operation that was to fail has done so.
  var hasFailed: Bool { state.withLock(\.hasFailed) }

  /// nil when there is no such file.
  func contents(of path: String) -> [UInt8]? {
    state.withLock { state in state.disk.file(path).map { state.disk.files[$0].bytes } }
  }

  /// Gives a file other bytes, or with nil takes its name away.
  func setContents(of path: String, _ bytes: [UInt8]?) {
    state.withLock { state in
      let (folder, name) = Disk.split(path)
      let index = bytes.map { state.disk.add(MemoryFile(bytes: $0)) }
      state.disk.folders[folder]?.names[name] = index.map { .file($0) }
    }
  }

  /// Makes the name of a file durable, if there is one.
  func makeDurable(_ path: String, in root: String) {
    state.withLock { state in
      let (folder, name) = Disk.split("\(root)/\(path)")
      let entry = state.disk.folders[folder]?.names[name]
      state.disk.folders[folder]?.durable[name] = entry
    }
  }

  /// The paths of all files below a folder, sorted.
  func paths(below folder: String) -> [String] {
    state.withLock { state in
      state.disk.folders.filter { $0.key == folder || $0.key.hasPrefix(folder + "/") }.flatMap {
        path, folder in
        folder.names.compactMap { if case .file = $0.value { "\(path)/\($0.key)" } else { nil } }
      }.sorted()
    }
  }

  // MARK: FileSystem

  func create(_ path: String) throws(StorageError) -> OpenFile {
    try perform(.create, path) { (state) throws(StorageError) in
      try state.disk.add(.file(state.disk.add(MemoryFile())), at: path, .create)
      return try state.open(path, .create)
    }
  }

  func open(_ path: String) throws(StorageError) -> OpenFile {
    try perform(.open, path) { (state) throws(StorageError) in try state.open(path, .open) }
  }

  func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError) {
    try perform(.write, file.path) { (state) throws(StorageError) in
      state.disk.files[try state.index(of: file, .write)].bytes += bytes
    } orElse: { state in
      // The failure came when half was written.
      if let index = state.descriptors[file.descriptor] {
        state.disk.files[index].bytes += bytes.prefix(bytes.count / 2)
      }
    }
  }

  func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8] {
    try perform(.read, file.path) { (state) throws(StorageError) in
      Array(state.disk.files[try state.index(of: file, .read)].bytes.dropFirst(offset).prefix(count))
    }
  }

  func sync(_ file: OpenFile) throws(StorageError) {
    try perform(.sync, file.path) { (state) throws(StorageError) in
      let index = try state.index(of: file, .sync)
      state.disk.files[index].durable = state.disk.files[index].bytes
    }
  }

  func close(_ file: OpenFile) throws(StorageError) {
    try perform(.close, file.path) { (state) in
      state.close(file)
    } orElse: { state in
      state.close(file)
    }
  }

  func rename(_ path: String, to newPath: String) throws(StorageError) {
    try perform(.rename, newPath) { (state) throws(StorageError) in
      guard let index = state.disk.file(path) else { throw .simulated(.rename, newPath, .missing) }
      try state.disk.put(.file(index), at: newPath, .rename)
      state.disk.remove(path)
    }
  }

  func link(_ path: String, to newPath: String) throws(StorageError) {
    try perform(.link, newPath) { (state) throws(StorageError) in
      guard let index = state.disk.file(path) else { throw .simulated(.link, newPath, .missing) }
      try state.disk.add(.file(index), at: newPath, .link)
    }
  }

  func unlink(_ path: String) throws(StorageError) {
    try perform(.delete, path) { (state) throws(StorageError) in
      guard state.disk.file(path) != nil else { throw .simulated(.delete, path, .missing) }
      state.disk.remove(path)
    }
  }

  func makeFolder(_ path: String) throws(StorageError) {
    try perform(.makeFolder, path) { (state) throws(StorageError) in
      try state.disk.add(.folder, at: path, .makeFolder)
      state.disk.folders[path] = MemoryFolder()
    }
  }

  func removeFolder(_ path: String) throws(StorageError) {
    try perform(.removeFolder, path) { (state) throws(StorageError) in
      guard let folder = state.disk.folders[path] else { throw .simulated(.removeFolder, path, .missing) }
      guard folder.names.isEmpty else { throw .simulated(.removeFolder, path, .notEmpty) }
      state.disk.folders[path] = nil
      state.disk.remove(path)
    }
  }

  func syncFolder(_ path: String) throws(StorageError) {
    try perform(.syncFolder, path) { (state) throws(StorageError) in
      guard let names = state.disk.folders[path]?.names else { throw .simulated(.syncFolder, path, .missing) }
      state.disk.folders[path] = MemoryFolder(names: names, durable: names)
    }
  }

  func list(_ path: String) throws(StorageError) -> [FolderEntry] {
    try perform(.list, path) { (state) throws(StorageError) in
      guard let names = state.disk.folders[path]?.names else { throw .simulated(.list, path, .missing) }
      return names.map { FolderEntry(name: $0.key, kind: $0.value == .folder ? .folder : .file) }
        .sorted { $0.name < $1.name }
    }
  }

  func status(_ path: String, followingLinks: Bool) throws(StorageError) -> FileStatus? {
    try perform(.inspect, path) { (state) in
      if state.disk.folders[path] != nil { return FileStatus(kind: .folder, size: 0) }
      return state.disk.file(path).map { FileStatus(kind: .file, size: state.disk.files[$0].bytes.count) }
    }
  }

  func lock(_ path: String) throws(StorageError) -> OpenFile? {
    try perform(.lock, path) { (state) throws(StorageError) in
      if state.disk.file(path) == nil {
        try state.disk.add(.file(state.disk.add(MemoryFile())), at: path, .lock)
      }
      guard state.locked.insert(path).inserted else { return nil }
      return try state.open(path, .lock)
    }
  }

  func truncate(_ file: OpenFile) throws(StorageError) {
    try perform(.write, file.path) { (state) throws(StorageError) in
      state.disk.files[try state.index(of: file, .write)].bytes = []
    }
  }

  private func perform<Result: Sendable>(
    _ operation: StorageError.Operation, _ path: String,
    _ body: (inout State) throws(StorageError) -> Result, orElse failed: (inout State) -> Void = { _ in }
  ) throws(StorageError) -> Result {
    try state.withLock { (state: inout State) throws(StorageError) -> Result in
      if state.isFailing() {
        failed(&state)
        throw .simulated(operation, path, .other)
      }
      return try body(&state)
    }
  }
}

/// What the processes see of the disk, and when it fails them.
private struct State {
  var disk = Disk()
  var descriptors: [Int32: Int] = [:]
  var locked: Set<String> = []
  var operationsLeft: Int?
  var failure = MemoryFileSystem.Failure.once
  var hasFailed = false
  private var lastDescriptor: Int32 = 0

  mutating func isFailing() -> Bool {
    guard let left = operationsLeft else { return hasFailed && failure == .forGood }
    operationsLeft = left - 1
    guard left <= 1 else { return false }
    (operationsLeft, hasFailed) = (nil, true)
    return true
  }

  mutating func revive() {
    (descriptors, locked, operationsLeft, hasFailed) = ([:], [], nil, false)
  }

  mutating func open(_ path: String, _ operation: StorageError.Operation) throws(StorageError) -> OpenFile {
    guard let index = disk.file(path) else { throw .simulated(operation, path, .missing) }
    lastDescriptor += 1
    descriptors[lastDescriptor] = index
    return OpenFile(descriptor: lastDescriptor, path: path)
  }

  func index(of file: OpenFile, _ operation: StorageError.Operation) throws(StorageError) -> Int {
    guard let index = descriptors[file.descriptor] else { throw .simulated(operation, file.path, .other) }
    return index
  }

  mutating func close(_ file: OpenFile) {
    descriptors[file.descriptor] = nil
    locked.remove(file.path)
  }
}
