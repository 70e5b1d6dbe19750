import AuditArchive
import Synchronization

/// A file system that fails at its n-th operation: once, or from then on, as if the process had died there.
///
/// It remembers what it was asked to do. It syncs nothing: the machine goes on when the process dies.
final class FailingFileSystem: FileSystem {
  enum Mode: CaseIterable {
    case once, ever
  }

  private let files = PosixFileSystem()
  private let mode: Mode
  private let failing: Int
  private let log = Mutex<[String]>([])

  init(failingAt number: Int, _ mode: Mode) {
    self.failing = number
    self.mode = mode
  }

  /// `rename /tmp/a`, for each operation.
  var operations: [String] { log.withLock { $0 } }

  private func step(_ operation: StorageError.Operation, _ path: String) throws(StorageError) {
    let number = log.withLock { log in
      log.append("\(operation) \(path)")
      return log.count
    }
    guard mode == .once ? number == failing : number >= failing else { return }
    throw StorageError(operation: operation, path: path, reason: .other, code: 5, detail: "failed on purpose")
  }

  func create(_ path: String) throws(StorageError) -> OpenFile {
    try step(.create, path)
    return try files.create(path)
  }
  func open(_ path: String) throws(StorageError) -> OpenFile {
    try step(.open, path)
    return try files.open(path)
  }
  /// Half of the bytes are written before it fails.
  func write(_ bytes: [UInt8], to file: OpenFile) throws(StorageError) {
    do {
      try step(.write, file.path)
    } catch {
      try files.write(Array(bytes.prefix(bytes.count / 2)), to: file)
      throw error
    }
    try files.write(bytes, to: file)
  }
  func read(_ count: Int, at offset: Int, from file: OpenFile) throws(StorageError) -> [UInt8] {
    try step(.read, file.path)
    return try files.read(count, at: offset, from: file)
  }
  func sync(_ file: OpenFile) throws(StorageError) {
    try step(.sync, file.path)
  }
  /// Closes in any case: a dead process holds nothing open, and no lock.
  func close(_ file: OpenFile) throws(StorageError) {
    try files.close(file)
    try step(.close, file.path)
  }
  func rename(_ path: String, to newPath: String) throws(StorageError) {
    try step(.rename, newPath)
    try files.rename(path, to: newPath)
  }
  func link(_ path: String, to newPath: String) throws(StorageError) {
    try step(.link, newPath)
    try files.link(path, to: newPath)
  }
  func unlink(_ path: String) throws(StorageError) {
    try step(.delete, path)
    try files.unlink(path)
  }
  func makeFolder(_ path: String) throws(StorageError) {
    try step(.makeFolder, path)
    try files.makeFolder(path)
  }
  func removeFolder(_ path: String) throws(StorageError) {
    try step(.removeFolder, path)
    try files.removeFolder(path)
  }
  func syncFolder(_ path: String) throws(StorageError) {
    try step(.syncFolder, path)
  }
  func list(_ path: String) throws(StorageError) -> [FolderEntry] {
    try step(.list, path)
    return try files.list(path)
  }
  func status(_ path: String, followingLinks: Bool) throws(StorageError) -> FileStatus? {
    try step(.inspect, path)
    return try files.status(path, followingLinks: followingLinks)
  }
  func lock(_ path: String) throws(StorageError) -> OpenFile? {
    try step(.lock, path)
    return try files.lock(path)
  }
  func truncate(_ file: OpenFile) throws(StorageError) {
    try step(.write, file.path)
    try files.truncate(file)
  }
}
