import AuditArchive
import TestSupport

/// The names and bytes of a disk, as they are and as they would be after a power failure.
struct Disk: Sendable {
  /// What a name stands for.
  enum Entry: Hashable, Sendable {
    case folder
    /// The place in `files`.
    case file(Int)
  }

  /// By path; the root is the empty one.
  var folders: [String: MemoryFolder] = ["": MemoryFolder()]
  /// Files that were ever made, those without a name too.
  var files: [MemoryFile] = []

  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return ("", path) }
    return (String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  func file(_ path: String) -> Int? {
    let (folder, name) = Disk.split(path)
    guard case .file(let index) = folders[folder]?.names[name] else { return nil }
    return index
  }

  mutating func add(_ file: MemoryFile) -> Int {
    files.append(file)
    return files.count - 1
  }

  /// Gives a name that is not taken.
  mutating func add(
    _ entry: Entry, at path: String, _ operation: StorageError.Operation
  ) throws(StorageError) {
    let (folder, name) = Disk.split(path)
    guard folders[folder]?.names[name] == nil else { throw .simulated(operation, path, .exists) }
    try put(entry, at: path, operation)
  }

  mutating func put(
    _ entry: Entry, at path: String, _ operation: StorageError.Operation
  ) throws(StorageError) {
    let (folder, name) = Disk.split(path)
    guard folders[folder] != nil else { throw .simulated(operation, path, .missing) }
    folders[folder]?.names[name] = entry
  }

  mutating func remove(_ path: String) {
    let (folder, name) = Disk.split(path)
    folders[folder]?.names[name] = nil
  }

  mutating func syncAll() {
    folders = folders.mapValues { MemoryFolder(names: $0.names, durable: $0.names) }
    for index in files.indices { files[index].durable = files[index].bytes }
  }

  mutating func losePower(_ random: inout SeededRandom) {
    for index in files.indices where files[index].durable != files[index].bytes {
      let kept = Int.random(in: 0...files[index].bytes.count, using: &random)
      files[index].bytes = random.once(in: 2) ? files[index].durable : Array(files[index].bytes.prefix(kept))
    }
    var survivors: [String: MemoryFolder] = [:]
    var reached = [""]
    while let path = reached.popLast() {
      let before = folders[path] ?? MemoryFolder()
      var names = before.durable
      for name in Set(before.names.keys).union(before.durable.keys).sorted()
      where before.names[name] != before.durable[name] && random.once(in: 2) {
        names[name] = before.names[name]
      }
      survivors[path] = MemoryFolder(names: names)
      reached += names.filter { $0.value == .folder }.map { "\(path)/\($0.key)" }.sorted()
    }
    folders = survivors
    syncAll()
  }
}

struct MemoryFile: Sendable {
  var bytes: [UInt8] = []
  var durable: [UInt8] = []
}

struct MemoryFolder: Sendable {
  var names: [String: Disk.Entry] = [:]
  var durable: [String: Disk.Entry] = [:]
}

extension StorageError {
  static func simulated(_ operation: Operation, _ path: String, _ reason: Reason) -> StorageError {
    StorageError(operation: operation, path: path, reason: reason, code: 5, detail: "simulated")
  }
}
