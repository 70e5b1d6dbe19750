import AuditRecord
import DeltaTable

/// Appends the commits of one log to the table's log, which all logs of the archive share.
///
/// A version is created exclusively; a writer that finds its number taken reads that version and tries the next number. The `txn`
/// of a version names the log and its commit, so no commit is written twice, not even by a run that slept and has lost its lease.
struct TableWriter: Sendable {
  private let table: ArchiveTable
  private let storage: any ArchiveStorage
  /// The newest commit of the log in the table; nil if that is not known.
  private(set) var position: TablePosition?
  private var positionFile: FileState
  /// Why checkpoints were not written. The table is complete without them.
  private(set) var missingCheckpoints: [ArchiveError] = []
  /// Why this run appends nothing more; nil if it appends. With an obstacle, files that the table still names must be kept.
  private(set) var obstacle: TableObstacle?
  /// The time of the first commit that was appended late, in a recovery: readers had the parts that it and later ones removed until then.
  /// nil if the table lacked none.
  private(set) var lateSince: Timestamp?

  private var paths: ArchivePaths { storage.paths }
  private var appID: String { ArchiveTable.appID(paths.log) }

  /// Reads `table.json`.
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

  /// Appends a commit that was just made. Does nothing if it changes no Parquet part and the table exists, or if there is an obstacle.
  ///
  /// - Parameters:
  ///   - before: the state before the commit; nil for the first.
  ///   - after: the state after it.
  mutating func append(
    _ commit: Commit, sha256: String, before: Manifest?, after: Manifest
  ) async throws(ArchiveError) {
    guard obstacle == nil else { return }
    do throws(ArchiveError) {
      try await appendVersion(of: commit, sha256: sha256, before: before, after: after)
    } catch .tableObstructed(let found) {
      obstacle = found
    }
  }

  private mutating func appendVersion(
    of commit: Commit, sha256: String, before: Manifest?, after: Manifest
  ) async throws(ArchiveError) {
    guard let position else { return try await complete(after, since: before) }
    guard let version = table.version(of: commit, sha256: sha256, sizes: before?.partSizes ?? [:])
    else { return }
    // The log of the table may have been moved away meanwhile, to rebuild it. A version after a gap would make it unreadable.
    guard try await stored(await storage.size(ArchiveTable.path(.version(position.version)))) != nil else {
      return try await complete(after, since: before)
    }
    try await append(version, of: commit.standing)
  }

  // MARK: Recovery

  /// Brings the table up to a state: creates it, or appends the commits that it lacks. Two requests if it lacks none. Notes the obstacle
  /// if the table cannot be appended to.
  ///
  /// The record of the state's commit must be durable. Throws `.olderState` if the table has a later commit that does not exist.
  ///
  /// - Parameter base: the state that the manifest's file had, before later commits were added to it.
  mutating func catchUp(_ manifest: Manifest, since base: Manifest?) async throws(ArchiveError) {
    do throws(ArchiveError) {
      try await complete(manifest, since: base)
    } catch .tableObstructed(let found) {
      obstacle = found
    }
  }

  private mutating func complete(_ manifest: Manifest, since base: Manifest?) async throws(ArchiveError) {
    if let position, position.commit >= manifest.newestRevision, position.commit <= manifest.commit,
      try await holds(position)
    {
      return
    }
    position = nil
    var found = try await search()
    if found == nil {
      if try await create(manifest) { return }
      found = try await search()
    }
    guard let found else {
      let path = ArchiveTable.path(.version(0))
      throw .tableObstructed(TableObstacle(.unreadable("it was there and is gone"), at: path))
    }
    try await secure(found.newest)
    position = found.own ?? TablePosition(commit: 0, version: found.newest)
    guard let own = found.own else {
      return try await append(table.version(adding: manifest), of: manifest.standing)
    }
    guard own.commit <= manifest.commit else { throw try await tableIsAhead(of: manifest, own) }
    if own.commit < manifest.newestRevision { try await append(from: own.commit + 1, to: manifest, base) }
    // What is left changes no Parquet part.
    try await note(manifest.commit, position?.version ?? own.version)
  }

  /// Appends the commits that the table lacks.
  private mutating func append(
    from first: Int, to manifest: Manifest, _ base: Manifest?
  ) async throws(ArchiveError) {
    var sizes = (base ?? manifest).partSizes
    let archiveState = ArchiveState(storage)
    for number in first...manifest.commit {
      // Without it, the table would keep the files that the commit removed.
      guard let record = try await archiveState.commit(number) else { throw archiveState.absent(number) }
      if let version = table.version(of: record.commit, sha256: record.sha256, sizes: sizes) {
        try await append(version, of: record.commit.standing)
        lateSince = min(lateSince ?? record.commit.committedAt, record.commit.committedAt)
      }
      for partition in record.commit.partitionsChanged {
        for file in partition.files { sizes[file.path] = file.bytes }
      }
    }
  }

  /// Creates the table with the parts of all logs. False if another run was faster.
  private mutating func create(_ manifest: Manifest) async throws(ArchiveError) -> Bool {
    let first = ArchiveTable.path(.version(0))
    let listed = try await stored(await storage.list("\(ArchiveTable.root)/\(TableLogFile.folder)"))
    guard listed.isEmpty || listed.contains(where: { $0.path == first }) else {
      let why = "it is missing, and \(listed[0].path) is there"
      throw .tableObstructed(TableObstacle(.unreadable(why), at: first))
    }
    // The run that made the archive a table may have died before that was durable.
    try await stored(await storage.secure(ArchivePaths.kind))
    var logs = [manifest]
    for log in try await stored(await storage.logs()) where log != paths.log {
      let other = storage.storage(of: log)
      guard let state = try await ArchiveState(other).committed().manifest else { continue }
      // Its run may have died before the name of the record was durable.
      try await stored(await other.secure(other.paths.commit(state.commit)))
      logs.append(state)
    }
    let bytes = table.firstVersion(of: logs, by: manifest).bytes
    guard try await TableLogReader(storage).create(0, bytes) else { return false }
    // Readers may still use the log that was there before.
    lateSince = .earliest
    try await note(manifest.commit, 0)
    return true
  }

  /// Another run has made a commit since, or the state is an older copy.
  private func tableIsAhead(
    of manifest: Manifest, _ own: TablePosition
  ) async throws(ArchiveError) -> ArchiveError {
    // This run may remember that there was no such commit.
    let present = ArchiveState(storage.storage(of: paths.log))
    if try await present.read(paths.commit(own.commit)) != nil { return .outrun(own.commit) }
    return .olderState(commit: manifest.commit, later: [ArchiveTable.path(.version(own.version))])
  }

  // MARK: Versions

  /// Whether the position fits the table: the version exists and has a transaction of the log that is not later. The position is a hint,
  /// which can be older or newer than the table, or belong to one that was moved away.
  private func holds(_ position: TablePosition) async throws(ArchiveError) -> Bool {
    guard let version = try await TableLogReader(storage).version(position.version) else { return false }
    var commit = version.transactionVersion(of: appID)
    // A position that was found in a checkpoint has the checkpoint's version, which can be of another log.
    if commit == nil, position.version.isMultiple(of: TableCheckpoints.interval) {
      commit =
        try await TableCheckpoints(storage).snapshot(position.version)?.transactions[appID]?.version
    }
    return commit.map { $0 <= position.commit } ?? false
  }

  /// Reads the newest checkpoint and the versions since for the newest commit of the log.
  ///
  /// - Returns: the commit with a version that has it (nil if the table has no commit of the log), and the newest version; nil if there is
  ///   no table.
  private func search() async throws(ArchiveError) -> (own: TablePosition?, newest: Int)? {
    let snapshot = try await TableCheckpoints(storage).newest()
    var newest = snapshot.version
    var own = snapshot.transactions[appID].map { TablePosition(commit: $0.version, version: newest) }
    while let version = try await TableLogReader(storage).appendable(newest + 1) {
      newest += 1
      if let commit = version.transactionVersion(of: appID) {
        own = TablePosition(commit: commit, version: newest)
      }
    }
    return newest < 0 ? nil : (own, newest)
  }

  /// The run that wrote a version may have died before its name was durable, and what the version removes is deleted next.
  private func secure(_ version: Int) async throws(ArchiveError) {
    try await stored(await storage.secure(ArchiveTable.path(.version(version))))
  }

  /// Appends the version of a commit, unless one with this commit of the log or a later one is there.
  ///
  /// No foreign change comes before a checkpoint that this program can read: such a checkpoint is its own, and it appends
  /// nothing after a foreign change.
  private mutating func append(_ version: TableVersion, of state: LogState) async throws(ArchiveError) {
    var number = (position?.version ?? -1) + 1
    let bytes = version.bytes
    let log = TableLogReader(storage)
    while try await !log.create(number, bytes) {
      // Others were faster. Each of their versions may be of this log, so none is skipped except for a checkpoint.
      let first = number
      while let other = try await log.appendable(number) {
        if let known = other.transactionVersion(of: appID), known >= state.commit {
          return try await adopt(known, number)
        }
        number += 1
        guard number == first + TableWriter.versionsBeforeCheckpoint,
          let snapshot = try await TableCheckpoints(storage).newest(from: number)
        else { continue }
        if let known = snapshot.transactions[appID]?.version, known >= state.commit {
          return try await adopt(known, snapshot.version)
        }
        number = snapshot.version + 1
      }
    }
    try await note(state.commit, number)
    await checkpoint(state)
  }

  /// How many versions of others are read before the newest checkpoint is looked for, which takes two requests.
  private static let versionsBeforeCheckpoint = 8

  /// Notes the version in which another process appended this commit.
  private mutating func adopt(_ commit: Int, _ version: Int) async throws(ArchiveError) {
    try await secure(version)
    try await note(commit, version)
  }

  /// Writes the checkpoint of the version that was just appended, if one is due.
  private mutating func checkpoint(_ state: LogState) async {
    guard let version = position?.version, version > 0, version % TableCheckpoints.interval == 0 else {
      return
    }
    do throws(ArchiveError) {
      try await TableCheckpoints(storage).write(
        version, at: state.committedAt, toolVersion: state.toolVersion)
    } catch {
      missingCheckpoints.append(error)
    }
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
