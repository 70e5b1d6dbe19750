package import AuditArchive
package import AuditRecord
import ObjectStoreFakes

/// Storage of an archive in a simulation: a disk or a bucket in memory.
package enum SimulatedStore: Sendable {
  case disk(FaultyFileSystem)
  case bucket(MemoryBucket)
  case objects(ObjectBucket)

  /// The folder of the archive on a disk.
  package static let root = "/archive"

  /// A disk with an empty archive folder.
  package static func emptyDisk() -> SimulatedStore { .disk(FaultyFileSystem(folder: root)) }

  /// The archive as a new process opens it.
  package func archive(of log: LogName) -> Archive {
    switch self {
    case .disk(let disk): Archive(at: SimulatedStore.root, log: log, fileSystem: disk)
    case .bucket(let bucket): Archive(in: MemoryStorage(bucket, ArchivePaths(log)))
    case .objects(let bucket): Archive(in: bucket.storage(ArchivePaths(log)))
    }
  }

  /// A copy of the contents, without planned faults.
  package func copy() -> SimulatedStore {
    switch self {
    case .disk(let disk): .disk(FaultyFileSystem(copyOf: disk))
    case .bucket(let bucket): .bucket(MemoryBucket(copyOf: bucket))
    case .objects(let bucket): .objects(ObjectBucket(copyOf: bucket))
    }
  }

  /// The bytes of a file, by its path in the archive; nil if it does not exist.
  package func contents(of path: String) -> [UInt8]? {
    switch self {
    case .disk(let disk): disk.contents(of: "\(SimulatedStore.root)/\(path)")
    case .bucket(let bucket): bucket.contents(of: path)
    case .objects(let bucket): bucket.contents(of: path)
    }
  }

  /// Replaces or creates a file, or removes it if `bytes` is nil.
  package func setContents(of path: String, _ bytes: [UInt8]?) {
    switch self {
    case .disk(let disk): disk.setContents(of: "\(SimulatedStore.root)/\(path)", bytes)
    case .bucket(let bucket): bucket.setContents(of: path, bytes)
    case .objects(let bucket): bucket.setContents(of: path, bytes)
    }
  }

  /// The paths of the files below a folder, relative to the archive, sorted.
  package func paths(below folder: String) -> [String] {
    switch self {
    case .disk(let disk):
      disk.paths(below: "\(SimulatedStore.root)/\(folder)").map {
        String($0.dropFirst(SimulatedStore.root.count + 1))
      }
    case .bucket(let bucket): bucket.paths.filter { $0.hasPrefix("\(folder)/") }
    case .objects(let bucket): bucket.paths.filter { $0.hasPrefix("\(folder)/") }
    }
  }

  /// An empty bucket.
  package static func emptyBucket() -> SimulatedStore { .bucket(MemoryBucket()) }

  package var isBucket: Bool {
    if case .disk = self { false } else { true }
  }

  /// Resets `calls` to 0 and starts counting.
  package func startRecording() {
    switch self {
    case .disk(let disk): disk.record()
    case .bucket(let bucket): bucket.startRecording()
    case .objects(let bucket): bucket.store.startRecording()
    }
  }

  /// The number of operations or calls since `startRecording`.
  package var calls: Int {
    switch self {
    case .disk(let disk): disk.operations.count
    case .bucket(let bucket): bucket.calls.count
    case .objects(let bucket): bucket.store.recorded
    }
  }

  /// Whether a call has failed since the last restart.
  package var hasFailed: Bool {
    switch self {
    case .disk(let disk): disk.hasFailed
    case .bucket(let bucket): bucket.hasFailed
    case .objects(let bucket): bucket.store.hasFailed
    }
  }
}
