import AuditRecord
import DeltaTable

/// Writes checkpoints, so that readers need not read every version of the table.
struct TableCheckpoints {
  /// A checkpoint is due at every version that is a multiple of this.
  static let interval = 100

  private let storage: any ArchiveStorage

  init(_ storage: any ArchiveStorage) { self.storage = storage }

  /// Writes the checkpoint of a version that exists. Reads the checkpoint before it and the versions since.
  ///
  /// - Parameter time: of the version's commit.
  func write(_ version: Int, at time: Timestamp, toolVersion: String) async throws(ArchiveError) {
    let hint = try await stored(await storage.read(TableCheckpoints.hint))
    let present = hint.flatMap { LastCheckpoint(reading: $0.bytes) }
    // Another run has written this one or a later one.
    if let present, present.version >= version { return }
    var snapshot = try await newest(present)
    let log = TableLogReader(storage)
    while snapshot.version < version {
      guard let next = try await log.version(snapshot.version + 1) else { return }
      try log.apply(next, to: &snapshot)
    }
    let checkpoint: TableCheckpoint
    do {
      checkpoint = try TableCheckpoint(
        snapshot, at: time.milliseconds, createdBy: "\(ArchiveJSON.name) version \(toolVersion)")
    } catch {
      throw .unreadable(ArchiveTable.path(.checkpoint(version)), "\(error)")
    }
    do throws(StorageError) {
      try await storage.createShared(ArchiveTable.path(.checkpoint(version)), checkpoint.bytes)
      try await storage.replace(TableCheckpoints.hint, checkpoint.hint.bytes, since: hint?.state ?? .absent)
    } catch let error where error.reason == .exists || error.reason == .outrun {
      // Another run has written a checkpoint.
    } catch {
      throw .storage(error)
    }
  }

  private static let hint = ArchiveTable.path(.lastCheckpoint)

  /// The snapshot of the newest checkpoint; the empty one if there is none that this version can read.
  func newest() async throws(ArchiveError) -> TableSnapshot {
    try await newest(try await lastCheckpoint())
  }

  /// The snapshot of the newest checkpoint; nil if it is not of this version or a later one, or cannot be read.
  func newest(from first: Int) async throws(ArchiveError) -> TableSnapshot? {
    guard let hint = try await lastCheckpoint(), hint.version >= first else { return nil }
    return try await snapshot(hint.version)
  }

  private func lastCheckpoint() async throws(ArchiveError) -> LastCheckpoint? {
    try await readable(TableCheckpoints.hint).flatMap { LastCheckpoint(reading: $0) }
  }

  /// nil if there is no such file, or none that this program can have written. The versions have the same information.
  private func readable(_ path: String) async throws(ArchiveError) -> [UInt8]? {
    do throws(StorageError) {
      return try await storage.read(path)?.bytes
    } catch let error where error.isForeignContent {
      return nil
    } catch {
      throw .storage(error)
    }
  }

  private func newest(_ hint: LastCheckpoint?) async throws(ArchiveError) -> TableSnapshot {
    guard let hint else { return TableSnapshot() }
    // The versions have the same content.
    return try await snapshot(hint.version) ?? TableSnapshot()
  }

  /// The snapshot of the checkpoint of a version; nil if there is none, or only one of another program.
  func snapshot(_ version: Int) async throws(ArchiveError) -> TableSnapshot? {
    let path = ArchiveTable.path(.checkpoint(version))
    guard let bytes = try await readable(path) else { return nil }
    do {
      return try TableSnapshot(checkpoint: bytes, version: version)
    } catch {
      return nil
    }
  }
}

/// Reads the versions of the table.
struct TableLogReader {
  private let storage: any ArchiveStorage

  init(_ storage: any ArchiveStorage) { self.storage = storage }

  /// nil if there is no such version yet. Throws `.tableObstructed` if it cannot be read.
  func version(_ number: Int) async throws(ArchiveError) -> TableVersion? {
    let path = ArchiveTable.path(.version(number))
    let bytes: [UInt8]?
    do throws(StorageError) {
      bytes = try await storage.read(path)?.bytes
    } catch let error where error.isForeignContent {
      throw .tableObstructed(TableObstacle(.unreadable(error.detail), at: path))
    } catch {
      throw .storage(error)
    }
    do throws(TableLogError) {
      return try bytes.map { (bytes) throws(TableLogError) in try TableVersion(reading: bytes) }
    } catch {
      throw .tableObstructed(TableObstacle(.unreadable("\(error)"), at: path))
    }
  }

  /// A version after which this program may append; nil if there is none yet. Throws `.tableObstructed` also if another
  /// program added or removed files with this version.
  func appendable(_ number: Int) async throws(ArchiveError) -> TableVersion? {
    guard let version = try await version(number) else { return nil }
    guard !ArchiveTable.isForeignChange(version) else {
      let info = version.commitInfo
      let reason = TableObstacle.Reason.foreignFiles(engine: info?.engineInfo, operation: info?.operation)
      throw .tableObstructed(TableObstacle(reason, at: ArchiveTable.path(.version(number))))
    }
    return version
  }

  /// Creates a version. False if the number is taken.
  func create(_ number: Int, _ bytes: [UInt8]) async throws(ArchiveError) -> Bool {
    let path = ArchiveTable.path(.version(number))
    do throws(StorageError) {
      try await storage.createShared(path, bytes)
      return true
    } catch let error where error.reason == .exists {
      return false
    } catch let error where error.reason == .unsupported {
      throw .tableObstructed(TableObstacle(.unsupported(error), at: path))
    } catch {
      throw .storage(error)
    }
  }

  /// Applies the next version.
  func apply(_ version: TableVersion, to snapshot: inout TableSnapshot) throws(ArchiveError) {
    let number = snapshot.version + 1
    do throws(TableLogError) {
      try snapshot.apply(version, number: number)
    } catch {
      throw .unreadable(ArchiveTable.path(.version(number)), "\(error)")
    }
  }
}

extension StorageError {
  /// Whether the storage works, but there is something else in place of a file of this program.
  fileprivate var isForeignContent: Bool {
    switch reason {
    case .oversized, .notAFile, .symbolicLink: true
    default: false
    }
  }
}
