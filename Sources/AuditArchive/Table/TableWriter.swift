import AuditRecord
import DeltaTable

/// Appends the commits of one log to the table's log, which all logs of the archive share.
///
/// A version is created exclusively; a writer that was too late reads what others have written, and takes the next number. The `txn`
/// of a version names the log and its commit, so no commit is written twice, not even by a run that slept and has lost its lease.
struct TableWriter: Sendable {
  private let table: ArchiveTable
  private let storage: any ArchiveStorage
  /// How far the log is; nil if that is not known.
  private(set) var position: TablePosition?
  private var positionFile: FileState
  /// Why the last checkpoint was not written. The table is complete without it.
  private(set) var checkpointFailure: ArchiveError?

  private var paths: ArchivePaths { storage.paths }
  private var appID: String { ArchiveTable.appID(paths.log) }

  /// Reads how far the log is.
  init(_ table: ArchiveTable, _ storage: any ArchiveStorage) async throws(ArchiveError) {
    self.table = table
    self.storage = storage
    let file = try await stored(await storage.read(storage.paths.table))
    positionFile = file?.state ?? .absent
    position = nil
    guard let bytes = file?.bytes else { return }
    do {
      position = try ArchiveJSON.decode(TablePosition.self, from: bytes, path: storage.paths.table)
    } catch .damaged {
      // It is only a hint.
    }
  }

  // MARK: After a commit

  /// Appends a commit that was just made. Does nothing if it changes no Parquet part and the table exists.
  ///
  /// - Parameters:
  ///   - before: the state before the commit; nil for the first.
  ///   - after: the state after it.
  mutating func append(
    _ commit: Commit, sha256: String, before: Manifest?, after: Manifest
  ) async throws(ArchiveError) {
    guard position != nil else { return try await catchUp(after, since: before) }
    guard let version = table.version(of: commit, sha256: sha256, sizes: before?.partSizes ?? [:])
    else { return }
    try await append(version, of: commit.commit)
  }

  // MARK: Recovery

  /// Brings the table up to a state: creates it, or appends the commits that it lacks. Two requests if it lacks none.
  ///
  /// - Parameter base: the state that the manifest's file had, before later commits were added to it.
  mutating func catchUp(_ manifest: Manifest, since base: Manifest?) async throws(ArchiveError) {
    if let position, position.commit >= manifest.newestRevision, position.commit <= manifest.commit,
      try await exists(position.version)
    {
      return
    }
    position = nil
    if try await !exists(0), try await create(manifest) { return }
    let found = try await search()
    position = TablePosition(commit: found.commit ?? 0, version: found.version)
    guard let commit = found.commit else {
      return try await append(table.version(adding: manifest), of: manifest.commit)
    }
    if commit >= manifest.newestRevision { return try await note(commit, found.version) }
    var sizes = (base ?? manifest).partSizes
    let archiveState = ArchiveState(storage)
    for number in commit + 1...manifest.commit {
      guard let record = try await archiveState.commit(number) else { continue }
      if let version = table.version(of: record.commit, sha256: record.sha256, sizes: sizes) {
        try await append(version, of: number)
      }
      for partition in record.commit.partitionsChanged {
        for file in partition.files { sizes[file.path] = file.bytes }
      }
    }
  }

  /// Creates the table with the parts of all logs. False if another run was faster.
  private mutating func create(_ manifest: Manifest) async throws(ArchiveError) -> Bool {
    var logs = [manifest]
    for log in try await stored(await storage.logs()) where log != paths.log {
      let other = try await ArchiveState(storage.storage(of: log)).committed().manifest
      if let other { logs.append(other) }
    }
    do throws(StorageError) {
      try await storage.create(ArchiveTable.path(.version(0)), table.firstVersion(of: logs, by: manifest).bytes)
    } catch let error where error.reason == .exists {
      return false
    } catch {
      throw .storage(error)
    }
    try await note(manifest.commit, 0)
    return true
  }

  // MARK: Versions

  private func exists(_ version: Int) async throws(ArchiveError) -> Bool {
    try await stored(await storage.size(ArchiveTable.path(.version(version)))) != nil
  }

  /// nil if there is no such version yet.
  private func read(_ number: Int) async throws(ArchiveError) -> TableVersion? {
    let path = ArchiveTable.path(.version(number))
    guard let bytes = try await stored(await storage.read(path))?.bytes else { return nil }
    do throws(TableLogError) {
      return try TableVersion(reading: bytes)
    } catch {
      throw .unreadable(path, "\(error)")
    }
  }

  /// Reads the versions from 0 on for the newest commit of the log.
  ///
  /// - Returns: the commit, nil if no version has one of the log; and the newest version.
  private func search() async throws(ArchiveError) -> (commit: Int?, version: Int) {
    var commit: Int?
    var number = 0
    while let version = try await read(number) {
      commit = version.transactionVersion(of: appID) ?? commit
      number += 1
    }
    return (commit, number - 1)
  }

  /// Appends a version, unless one with this commit of the log or a later one is there.
  private mutating func append(_ version: TableVersion, of commit: Int) async throws(ArchiveError) {
    var number = (position?.version ?? -1) + 1
    let bytes = version.bytes
    while true {
      do throws(StorageError) {
        try await storage.create(ArchiveTable.path(.version(number)), bytes)
        break
      } catch let error where error.reason == .exists {
      } catch {
        throw .storage(error)
      }
      // Others were faster. None of their versions is skipped: one may be of this log.
      while let other = try await read(number) {
        if let known = other.transactionVersion(of: appID), known >= commit {
          return try await note(known, number)
        }
        number += 1
      }
    }
    try await note(commit, number)
  }

  private mutating func note(_ commit: Int, _ version: Int) async throws(ArchiveError) {
    let position = TablePosition(commit: commit, version: version)
    self.position = position
    do throws(StorageError) {
      positionFile = try await storage.replace(
        paths.table, ArchiveJSON.encode(position), since: positionFile)
    } catch let error where error.reason == .outrun {
      // A run that took over keeps its own.
      throw .outrun(commit)
    } catch {
      throw .storage(error)
    }
  }
}
