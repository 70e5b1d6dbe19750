package import AuditArchive
import Synchronization

/// A disk in memory: quick, copied at no cost, and mortal.
///
/// It keeps apart what is and what is durable, so that it can forget in a power failure what was not synced: bytes of a
/// file, and names of a folder, each on its own. It has no symbolic links, nothing but files and
/// folders, and no permissions.
package final class FaultyFileSystem: FileSystem {
  /// What an operation does that is to fail.
  package enum Fault: Sendable, CaseIterable {
    /// EIO; of a write nothing is written.
    case failure
    /// ENOSPC; of a write the half is written.
    case full
    /// EINTR, from an operation that cannot be made again.
    case interruption
    /// EIO; of a write the half is written.
    case shortWrite
    /// The process dies: this operation and all that follow fail, until a restart. Of a write the half is written.
    case death

    var reason: StorageError.Reason { self == .full ? .full : .other }

    var writesHalf: Bool { self == .full || self == .shortWrite || self == .death }
  }

  private let state = Mutex(State())

  /// An empty disk with one folder.
  package init(folder: String) {
    state.withLock { state in
      state.disk.folders[folder] = FaultyDisk.Folder()
      let (parent, name) = FaultyDisk.split(folder)
      state.disk.folders[parent]?.names[name] = .folder
      state.disk.syncAll()
    }
  }

  /// What the other holds, with nothing open and nothing about to fail.
  package init(copyOf other: FaultyFileSystem) {
    let disk = other.state.withLock(\.disk)
    state.withLock { $0.disk = disk }
  }

  // MARK: Faults

  /// The n-th operation from now, from 1, fails.
  package func fail(at number: Int, _ fault: Fault) {
    state.withLock { ($0.operationsLeft, $0.fault) = (number, fault) }
  }

  /// From now on the disk knows no second name of a file, or no rename that refuses a name that is taken, like some
  /// file systems on networks and sticks.
  package func lack(hardLinks: Bool, exclusiveRenames: Bool) {
    state.withLock { ($0.lacksHardLinks, $0.lacksExclusiveRenames) = (hardLinks, exclusiveRenames) }
  }

  /// From now on the disk has no fsync of folders, or no locks.
  package func lack(folderSync: Bool = false, locks: Bool = false) {
    state.withLock { ($0.lacksFolderSync, $0.lacksLocks) = (folderSync, locks) }
  }

  /// From now on a file has another inode number each time it is inspected, as on some file systems in user space.
  package func lack(stableNumbers: Bool) { state.withLock { $0.lacksStableNumbers = stableNumbers } }

  /// From now on these operations are refused (EPERM), and no others.
  package func refuse(_ operations: Set<StorageError.Operation>) {
    state.withLock { $0.refused = operations }
  }

  /// From now on what is below this folder is on a volume of its own.
  package func mount(at folder: String) { state.withLock { $0.mounts.append(folder) } }

  /// A new process: nothing is open, nothing fails. The machine went on, and what was written is durable now.
  package func restart() {
    var all = Survival.all
    restart(afterPowerFailure: &all)
  }

  /// A new process after a power failure.
  package func restart(afterPowerFailure survival: inout Survival) {
    var rest = survival
    state.withLock { state in
      state.revive()
      state.disk.losePower(&rest)
    }
    survival = rest
  }

  /// Whether an operation that was to fail has done so.
  package var hasFailed: Bool { state.withLock(\.hasFailed) }

  /// From now on remembers what it is asked to do, as `rename /archive/a`.
  package func record() { state.withLock { ($0.operations, $0.entriesListed) = ([], 0) } }
  package var operations: [String] { state.withLock { $0.operations ?? [] } }
  /// How many entries of folders were listed since then.
  package var entriesListed: Int { state.withLock(\.entriesListed) }

  /// Before the n-th operation from now another process does what makes this disk, of which `other` was a copy, into
  /// that one.
  package func become(_ other: FaultyFileSystem, at number: Int) {
    let disk = other.state.withLock(\.disk)
    state.withLock { $0.change = (number, disk) }
  }

  /// Just before the next operation of this description, another process takes away a name.
  package func lose(_ path: String, before operation: String) {
    state.withLock { $0.loss = (path, operation) }
  }

  /// From now on a file has more bytes after each time it is read.
  package func grow(_ path: String) { state.withLock { _ = $0.growing.insert(path) } }

  // MARK: What it holds

  /// nil when there is no such file.
  package func contents(of path: String) -> [UInt8]? {
    state.withLock { state in state.disk.file(path).map { state.disk.files[$0].bytes } }
  }

  /// Gives a file other bytes, or with nil takes its name away. Its folder has to be there.
  package func setContents(of path: String, _ bytes: [UInt8]?) {
    state.withLock { state in
      let (folder, name) = FaultyDisk.split(path)
      let index = bytes.map { state.disk.add(FaultyDisk.File(bytes: $0, durable: $0)) }
      state.disk.folders[folder]?.names[name] = index.map { .file($0) }
      state.disk.folders[folder]?.durable[name] = index.map { .file($0) }
    }
  }

  /// The paths of all files below a folder, sorted.
  package func paths(below folder: String) -> [String] {
    state.withLock { state in
      state.disk.folders.filter { $0.key == folder || $0.key.hasPrefix(folder + "/") }.flatMap {
        path, folder in
        folder.names.compactMap { if case .file = $0.value { "\(path)/\($0.key)" } else { nil } }
      }.sorted()
    }
  }

  /// Takes away a folder with all that is below it.
  package func removeAll(below folder: String) {
    state.withLock { state in
      state.disk.folders = state.disk.folders.filter { $0.key != folder && !$0.key.hasPrefix(folder + "/") }
      let (parent, name) = FaultyDisk.split(folder)
      state.disk.folders[parent]?.names[name] = nil
      state.disk.folders[parent]?.durable[name] = nil
    }
  }

  // MARK: FileSystem

  package func create(_ path: DiskPath) throws(StorageError) -> OpenFile {
    try perform(.create, path.text) { (state) throws(StorageError) in
      try state.disk.add(.file(state.disk.add(FaultyDisk.File())), at: path.text, .create)
      return try state.open(path, .create)
    }
  }

  package func open(_ path: DiskPath) throws(StorageError) -> OpenFile {
    try perform(.open, path.text) { (state) throws(StorageError) in try state.open(path, .open) }
  }

  package func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError) {
    try perform(.write, file.path.text) { (state) throws(StorageError) in
      state.disk.files[try state.index(of: file, .write)].bytes += bytes
    } orElse: { state, fault in
      guard fault.writesHalf, let index = state.descriptors[file.descriptor] else { return }
      state.disk.files[index].bytes += bytes.prefix(bytes.count / 2)
    }
  }

  package func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8] {
    try perform(.read, file.path.text) { (state) throws(StorageError) in
      let index = try state.index(of: file, .read)
      if state.growing.contains(file.path.text) {
        state.disk.files[index].bytes += [UInt8](repeating: 0, count: count)
      }
      return Array(state.disk.files[index].bytes.dropFirst(offset).prefix(count))
    }
  }

  package func sync(_ file: OpenFile) throws(StorageError) {
    try perform(.sync, file.path.text) { (state) throws(StorageError) in
      let index = try state.index(of: file, .sync)
      state.disk.files[index].durable = state.disk.files[index].bytes
    }
  }

  /// Closes in any case: a dead process holds nothing open, and no lock.
  package func close(_ file: OpenFile) throws(StorageError) {
    try perform(.close, file.path.text) { (state) in
      state.close(file)
    } orElse: { state, _ in
      state.close(file)
    }
  }

  package func rename(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    let (path, newPath) = (path.text, newPath.text)
    return try perform(.rename, newPath) { (state) throws(StorageError) in
      try state.checkVolumes(path, newPath, .rename)
      guard let index = state.disk.file(path) else { throw .simulated(.rename, newPath, .missing) }
      try state.disk.put(.file(index), at: newPath, .rename)
      state.disk.remove(path)
    }
  }

  package func renameExclusively(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    let (path, newPath) = (path.text, newPath.text)
    return try perform(.rename, newPath) { (state) throws(StorageError) in
      if state.lacksExclusiveRenames { throw .simulated(.rename, newPath, .unsupported) }
      try state.checkVolumes(path, newPath, .rename)
      guard let index = state.disk.file(path) else { throw .simulated(.rename, newPath, .missing) }
      try state.disk.add(.file(index), at: newPath, .rename)
      state.disk.remove(path)
    }
  }

  package func link(_ path: DiskPath, to newPath: DiskPath) throws(StorageError) {
    let (path, newPath) = (path.text, newPath.text)
    return try perform(.link, newPath) { (state) throws(StorageError) in
      if state.lacksHardLinks { throw .simulated(.link, newPath, .unsupported) }
      try state.checkVolumes(path, newPath, .link)
      guard let index = state.disk.file(path) else { throw .simulated(.link, newPath, .missing) }
      try state.disk.add(.file(index), at: newPath, .link)
    }
  }

  package func unlink(_ path: DiskPath) throws(StorageError) {
    let path = path.text
    return try perform(.delete, path) { (state) throws(StorageError) in
      guard state.disk.file(path) != nil else { throw .simulated(.delete, path, .missing) }
      state.disk.remove(path)
    }
  }

  package func makeFolder(_ path: DiskPath) throws(StorageError) {
    let path = path.text
    return try perform(.makeFolder, path) { (state) throws(StorageError) in
      try state.disk.add(.folder, at: path, .makeFolder)
      state.disk.folders[path] = FaultyDisk.Folder()
    }
  }

  package func removeFolder(_ path: DiskPath) throws(StorageError) {
    let path = path.text
    return try perform(.removeFolder, path) { (state) throws(StorageError) in
      guard let folder = state.disk.folders[path] else { throw .simulated(.removeFolder, path, .missing) }
      guard folder.names.isEmpty else { throw .simulated(.removeFolder, path, .notEmpty) }
      state.disk.folders[path] = nil
      state.disk.remove(path)
    }
  }

  package func syncFolder(_ path: DiskPath) throws(StorageError) {
    let path = path.text
    return try perform(.syncFolder, path) { (state) throws(StorageError) in
      if state.lacksFolderSync { throw .simulated(.syncFolder, path, .unsupported) }
      guard let names = state.disk.folders[path]?.names else { throw .simulated(.syncFolder, path, .missing) }
      state.disk.folders[path] = FaultyDisk.Folder(names: names, durable: names)
    }
  }

  package func list(_ path: DiskPath, isDeep: Bool) throws(StorageError) -> [FolderEntry] {
    let path = path.text
    return try perform(.list, path) { (state) throws(StorageError) in
      guard state.disk.folders[path] != nil else { throw .simulated(.list, path, .missing) }
      let entries = state.disk.entries(of: path, isDeep: isDeep)
      state.entriesListed += entries.count
      return entries
    }
  }

  package func status(_ path: DiskPath) throws(StorageError) -> FileStatus? {
    let path = path.text
    return try perform(.inspect, path) { (state) in
      if state.disk.folders[path] != nil { return FileStatus(kind: .folder, size: 0) }
      guard let index = state.disk.file(path) else { return nil }
      var status = state.disk.status(of: index)
      if state.lacksStableNumbers {
        state.inspections += 1
        status.number = state.inspections
      }
      return status
    }
  }

  package func lock(_ path: DiskPath) throws(StorageError) -> OpenFile? {
    let text = path.text
    return try perform(.lock, text) { (state) throws(StorageError) in
      if state.disk.file(text) == nil {
        try state.disk.add(.file(state.disk.add(FaultyDisk.File())), at: text, .lock)
      }
      if state.lacksLocks { throw .simulated(.lock, text, .noLocks) }
      guard let index = state.disk.file(text), state.locked.insert(index).inserted else { return nil }
      return try state.open(path, .lock)
    }
  }

  package func isInPlace(_ file: OpenFile) throws(StorageError) -> Bool {
    try perform(.inspect, file.path.text) { (state) throws(StorageError) in
      try state.index(of: file, .inspect) == state.disk.file(file.path.text)
    }
  }

  package func truncate(_ file: OpenFile) throws(StorageError) {
    try perform(.write, file.path.text) { (state) throws(StorageError) in
      state.disk.files[try state.index(of: file, .write)].bytes = []
    }
  }

  package func volume(at path: DiskPath) throws(StorageError) -> Volume {
    let path = path.text
    return try perform(.inspect, path) { Volume(device: $0.volume(of: path), mount: 0) }
  }

  package func space(at path: DiskPath) throws(StorageError) -> DiskSpace {
    let path = path.text
    return try perform(.inspect, path) { _ in DiskSpace(free: 1 << 40) }
  }

  private func perform<Result: Sendable>(
    _ operation: StorageError.Operation, _ path: String,
    _ body: (inout State) throws(StorageError) -> Result,
    orElse failed: (inout State, Fault) -> Void = { _, _ in }
  ) throws(StorageError) -> Result {
    try state.withLock { (state: inout State) throws(StorageError) -> Result in
      if state.change != nil { state.letOthersWork() }
      if state.operations != nil { state.operations?.append("\(operation) \(path)") }
      if let loss = state.loss, "\(operation) \(path)".hasPrefix(loss.operation) {
        state.disk.remove(loss.path)
        state.loss = nil
      }
      if let fault = state.nextFault() {
        failed(&state, fault)
        throw .simulated(operation, path, fault.reason)
      }
      if state.refused.contains(operation) { throw .simulated(operation, path, .denied) }
      return try body(&state)
    }
  }
}
