package import AuditArchive
import Synchronization

/// A file system in memory that can fail at any operation and lose unsynced data in a power failure.
///
/// It tracks current and durable state separately, both for the bytes of a file and for each name in a folder. Copies are
/// cheap. It has only files and folders: no links, other kinds of file, or permissions.
package final class FaultyFileSystem: FileSystem {
  /// How an operation fails. The comments name the corresponding `errno`.
  package enum Fault: Sendable, CaseIterable {
    /// EIO. A write writes nothing.
    case failure
    /// ENOSPC. A write writes the first half.
    case full
    /// EINTR from an operation that cannot be retried.
    case interruption
    /// EIO. A write writes the first half.
    case shortWrite
    /// The process dies: this operation and all later ones fail until a restart. A write writes the first half.
    case death

    var reason: StorageError.Reason { self == .full ? .full : .other }

    var writesHalf: Bool { self == .full || self == .shortWrite || self == .death }
  }

  private let state = Mutex(State())

  /// An empty disk with one folder, which is durable.
  package init(folder: String) {
    state.withLock { state in
      state.disk.folders[folder] = FaultyDisk.Folder()
      let (parent, name) = FaultyDisk.split(folder)
      state.disk.folders[parent]?.names[name] = .folder
      state.disk.syncAll()
    }
  }

  /// A copy of the contents of another disk, without its open files and planned faults.
  package init(copyOf other: FaultyFileSystem) {
    let disk = other.state.withLock(\.disk)
    state.withLock { $0.disk = disk }
  }

  // MARK: Faults

  /// Makes the n-th operation from now, counted from 1, fail.
  package func fail(at number: Int, _ fault: Fault) {
    state.withLock { ($0.operationsLeft, $0.fault) = (number, fault) }
  }

  /// From now on, hard links or exclusive renames are unsupported, as on some network and USB file systems.
  package func disable(hardLinks: Bool, exclusiveRenames: Bool) {
    state.withLock { ($0.lacksHardLinks, $0.lacksExclusiveRenames) = (hardLinks, exclusiveRenames) }
  }

  /// From now on, fsync of folders or locks are unsupported.
  package func disable(folderSync: Bool = false, locks: Bool = false) {
    state.withLock { ($0.lacksFolderSync, $0.lacksLocks) = (folderSync, locks) }
  }

  /// From now on, a file has another inode number on every inspection, as on some FUSE file systems.
  package func disable(stableInodes: Bool) { state.withLock { $0.lacksStableInodes = stableInodes } }

  /// From now on, exactly these operations are refused with EPERM. An empty set refuses none.
  package func refuse(_ operations: Set<StorageError.Operation>) {
    state.withLock { $0.refused = operations }
  }

  /// From now on, this folder is a volume of its own.
  package func mount(at folder: String) { state.withLock { $0.mounts.append(folder) } }

  /// Starts a new process without open files, locks or planned faults. Everything written becomes durable.
  package func restart() {
    var all = Survival.all
    restart(afterPowerFailure: &all)
  }

  /// Starts a new process after the old one was killed. What was not synced a later power failure can still undo.
  package func restartAfterKill() { state.withLock { $0.revive() } }

  /// Starts a new process after a power failure, which keeps unsynced data as `survival` decides.
  package func restart(afterPowerFailure survival: inout Survival) {
    var rest = survival
    state.withLock { state in
      state.revive()
      state.disk.losePower(&rest)
    }
    survival = rest
  }

  /// Whether the planned fault has happened since the last restart.
  package var hasFailed: Bool { state.withLock(\.hasFailed) }

  /// Clears `operations` and `entriesListed` and starts recording.
  package func record() { state.withLock { ($0.operations, $0.entriesListed) = ([], 0) } }
  /// The recorded operations, such as `rename /archive/a`; empty without a recording.
  package var operations: [String] { state.withLock { $0.operations ?? [] } }
  /// How many folder entries were listed during the recording.
  package var entriesListed: Int { state.withLock(\.entriesListed) }

  /// Replaces the contents before the n-th operation from now, counted from 1, as if another process had made the changes.
  ///
  /// - Parameter other: a changed copy of this disk. Open files stay valid.
  package func replaceContents(with other: FaultyFileSystem, beforeOperation number: Int) {
    let disk = other.state.withLock(\.disk)
    state.withLock { $0.change = (number, disk) }
  }

  /// Removes a name just before the next operation whose description starts like this, as if by another process.
  package func remove(_ path: String, before operation: String) {
    state.withLock { $0.loss = (path, operation) }
  }

  /// From now on, each read of the file appends bytes to it.
  package func growWhenRead(_ path: String) { state.withLock { _ = $0.growing.insert(path) } }

  // MARK: Contents

  /// The bytes of a file; nil if it does not exist.
  package func contents(of path: String) -> [UInt8]? {
    state.withLock { state in state.disk.file(path).map { state.disk.files[$0].bytes } }
  }

  /// Replaces or creates a file, or removes it if `bytes` is nil, durably. Its folder must exist.
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

  /// Removes a folder with its contents, durably.
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

  /// Closes the file even if the operation fails: a dead process has no open files and no locks.
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
      if state.lacksStableInodes {
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
