package import AuditArchive
package import AuditRecord

/// Where a simulated world keeps its archive: on a disk in memory, or in a bucket there.
package enum SimulatedStore: Sendable {
  case disk(FaultyFileSystem)
  case bucket(MemoryBucket)

  package static let root = "/archive"

  package static func emptyDisk() -> SimulatedStore { .disk(FaultyFileSystem(folder: root)) }

  /// As a new process finds it.
  package func archive(of log: LogName) -> Archive {
    switch self {
    case .disk(let disk): Archive(at: SimulatedStore.root, log: log, fileSystem: disk)
    case .bucket(let bucket): Archive(in: MemoryStorage(bucket, ArchivePaths(log)))
    }
  }

  /// Another store with the same content, and nothing about to fail.
  package func copy() -> SimulatedStore {
    switch self {
    case .disk(let disk): .disk(FaultyFileSystem(copyOf: disk))
    case .bucket(let bucket): .bucket(MemoryBucket(copyOf: bucket))
    }
  }

  package func contents(of path: String) -> [UInt8]? {
    switch self {
    case .disk(let disk): disk.contents(of: "\(SimulatedStore.root)/\(path)")
    case .bucket(let bucket): bucket.contents(of: path)
    }
  }

  package func setContents(of path: String, _ bytes: [UInt8]?) {
    switch self {
    case .disk(let disk): disk.setContents(of: "\(SimulatedStore.root)/\(path)", bytes)
    case .bucket(let bucket): bucket.setContents(of: path, bytes)
    }
  }

  /// Of the files below a folder of the archive, sorted.
  package func paths(below folder: String) -> [String] {
    switch self {
    case .disk(let disk):
      disk.paths(below: "\(SimulatedStore.root)/\(folder)").map {
        String($0.dropFirst(SimulatedStore.root.count + 1))
      }
    case .bucket(let bucket): bucket.paths.filter { $0.hasPrefix("\(folder)/") }
    }
  }

  package static func emptyBucket() -> SimulatedStore { .bucket(MemoryBucket()) }

  package var isBucket: Bool {
    if case .bucket = self { true } else { false }
  }

  /// From now on counts what it is asked to do.
  package func startRecording() {
    switch self {
    case .disk(let disk): disk.record()
    case .bucket(let bucket): bucket.startRecording()
    }
  }

  package var calls: Int {
    switch self {
    case .disk(let disk): disk.operations.count
    case .bucket(let bucket): bucket.calls.count
    }
  }

  /// Whether a call has failed since the last restart.
  package var hasFailed: Bool {
    switch self {
    case .disk(let disk): disk.hasFailed
    case .bucket(let bucket): bucket.hasFailed
    }
  }
}
