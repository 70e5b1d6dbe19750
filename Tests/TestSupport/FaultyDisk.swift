import AuditArchive

/// The names and bytes of a disk, and those that would survive a power failure.
struct FaultyDisk: Sendable {
  /// What a name refers to.
  enum Entry: Hashable, Sendable {
    case folder
    /// The index in `files`.
    case file(Int)
  }

  struct File: Sendable {
    var bytes: [UInt8] = []
    var durable: [UInt8] = []
  }

  struct Folder: Sendable {
    var names: [String: Entry] = [:]
    var durable: [String: Entry] = [:]
  }

  /// By path; the root is the empty one.
  var folders: [String: Folder] = ["": Folder()]
  /// All files ever created, also those without a name.
  var files: [File] = []

  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return ("", path) }
    return (String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  func file(_ path: String) -> Int? {
    let (folder, name) = FaultyDisk.split(path)
    guard case .file(let index) = folders[folder]?.names[name] else { return nil }
    return index
  }

  func status(of index: Int) -> FileStatus {
    FileStatus(kind: .file, size: files[index].bytes.count, number: UInt64(index))
  }

  mutating func add(_ file: File) -> Int {
    files.append(file)
    return files.count - 1
  }

  /// Adds a name. Throws `.exists` if it is taken.
  mutating func add(
    _ entry: Entry, at path: String, _ operation: StorageError.Operation
  ) throws(StorageError) {
    let (folder, name) = FaultyDisk.split(path)
    guard folders[folder]?.names[name] == nil else { throw .simulated(operation, path, .exists) }
    try put(entry, at: path, operation)
  }

  mutating func put(
    _ entry: Entry, at path: String, _ operation: StorageError.Operation
  ) throws(StorageError) {
    let (folder, name) = FaultyDisk.split(path)
    guard folders[folder] != nil else { throw .simulated(operation, path, .missing) }
    folders[folder]?.names[name] = entry
  }

  mutating func remove(_ path: String) {
    let (folder, name) = FaultyDisk.split(path)
    folders[folder]?.names[name] = nil
  }

  /// Sorted by name at each level.
  func entries(of path: String, isDeep: Bool, below: String = "") -> [FolderEntry] {
    (folders[path]?.names ?? [:]).sorted { $0.key < $1.key }.flatMap { name, entry in
      switch entry {
      case .file(let index):
        return [FolderEntry(name: below + name, kind: .file, size: files[index].bytes.count)]
      case .folder:
        let deeper = isDeep ? entries(of: "\(path)/\(name)", isDeep: true, below: "\(below)\(name)/") : []
        return [FolderEntry(name: below + name, kind: .folder)] + deeper
      }
    }
  }

  mutating func syncAll() {
    folders = folders.mapValues { Folder(names: $0.names, durable: $0.names) }
    for index in files.indices { files[index].durable = files[index].bytes }
  }

  // MARK: Power failure

  /// Keeps what was synced, and of the rest what `survival` decides for each name and each file.
  mutating func losePower(_ survival: inout Survival) {
    for index in files.indices where files[index].durable != files[index].bytes {
      files[index].bytes = survival.bytes(of: files[index])
    }
    var survivors: [String: Folder] = [:]
    var reached = [""]
    while let path = reached.popLast() {
      let before = folders[path] ?? Folder()
      var names = before.durable
      for name in Set(before.names.keys).union(before.durable.keys).sorted()
      where before.names[name] != before.durable[name] && survival.keepsName() {
        names[name] = before.names[name]
      }
      survivors[path] = Folder(names: names)
      reached += names.filter { $0.value == .folder }.map { "\(path)/\($0.key)" }.sorted()
    }
    folders = survivors
    syncAll()
  }
}

/// What a power failure leaves of unsynced names and bytes.
package enum Survival: Sendable {
  case none
  /// Everything, as if only the process died.
  case all
  /// Random: names may be missing; files may be truncated, or full of other bytes.
  case some(SeededRandom)

  fileprivate mutating func keepsName() -> Bool {
    switch self {
    case .none: return false
    case .all: return true
    case .some(var random):
      let keeps = random.once(in: 2)
      self = .some(random)
      return keeps
    }
  }

  fileprivate mutating func bytes(of file: FaultyDisk.File) -> [UInt8] {
    switch self {
    case .none: return file.durable
    case .all: return file.bytes
    case .some(var random):
      defer { self = .some(random) }
      let kept = Int.random(in: 0...file.bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: return Array(file.bytes.prefix(kept))
      // The length was written and the blocks were not: zeros, or old content.
      case 1: return Array(file.bytes.prefix(kept)) + [UInt8](repeating: 0, count: file.bytes.count - kept)
      case 2:
        return file.bytes.indices.map { $0 < kept ? file.bytes[$0] : UInt8(truncatingIfNeeded: $0 &* 31) }
      default: return file.durable
      }
    }
  }
}

extension StorageError {
  static func simulated(
    _ operation: Operation, _ path: String, _ reason: Reason
  ) -> StorageError {
    StorageError(operation: operation, path: path, reason: reason, detail: "simulated")
  }
}
