import AuditArchive

extension FaultyFileSystem {
  /// The disk as its processes see it, and its planned faults.
  struct State {
    var disk = FaultyDisk()
    var descriptors: [Int32: Int] = [:]
    /// Indices of locked files, not names: a name may later refer to another file.
    var locked: Set<Int> = []
    var operationsLeft: Int?
    var fault = FaultyFileSystem.Fault.failure
    var hasFailed = false
    var lacksHardLinks = false
    var lacksExclusiveRenames = false
    var lacksFolderSync = false
    var lacksLocks = false
    var lacksStableInodes = false
    var inspections: UInt64 = 0
    var mounts: [String] = []
    var refused: Set<StorageError.Operation> = []
    /// The disk after a change by another process, and how many operations are left before it.
    var change: (left: Int, disk: FaultyDisk)?
    var loss: (path: String, operation: String)?
    var growing: Set<String> = []
    /// The recorded operations; nil if they are not recorded.
    var operations: [String]?
    var entriesListed = 0
    private var lastDescriptor: Int32 = 0

    mutating func nextFault() -> FaultyFileSystem.Fault? {
      guard let left = operationsLeft else { return hasFailed && fault == .death ? fault : nil }
      operationsLeft = left - 1
      guard left <= 1 else { return nil }
      (operationsLeft, hasFailed) = (nil, true)
      return fault
    }

    mutating func letOthersWork() {
      change?.left -= 1
      guard let change, change.left == 0 else { return }
      disk = change.disk
      self.change = nil
    }

    mutating func revive() {
      (descriptors, locked, operationsLeft, hasFailed) = ([:], [], nil, false)
    }

    /// The number of the volume, 0 for the disk itself.
    func volume(of path: String) -> UInt64 {
      let index = mounts.lastIndex { path == $0 || path.hasPrefix($0 + "/") }
      return index.map { UInt64($0) + 1 } ?? 0
    }

    func checkVolumes(
      _ path: String, _ newPath: String, _ operation: StorageError.Operation
    ) throws(StorageError) {
      guard volume(of: path) != volume(of: newPath) else { return }
      throw .simulated(operation, newPath, .otherVolume)
    }

    mutating func open(_ path: DiskPath, _ operation: StorageError.Operation) throws(StorageError) -> OpenFile
    {
      guard let index = disk.file(path.text) else { throw .simulated(operation, path.text, .missing) }
      lastDescriptor += 1
      descriptors[lastDescriptor] = index
      return OpenFile(
        descriptor: lastDescriptor, path: path, status: disk.status(of: index), isLock: operation == .lock)
    }

    func index(of file: OpenFile, _ operation: StorageError.Operation) throws(StorageError) -> Int {
      guard let index = descriptors[file.descriptor] else {
        throw .simulated(operation, file.path.text, .other)
      }
      return index
    }

    mutating func close(_ file: OpenFile) {
      let index = descriptors.removeValue(forKey: file.descriptor)
      if file.isLock, let index { locked.remove(index) }
    }
  }
}
