package import AuditRecord

/// The archive of one log: the ways in for a run that writes, and for whoever wants to know.
package struct Archive: Sendable {
  let storage: any ArchiveStorage
  var paths: ArchivePaths { storage.paths }
  var archiveState: ArchiveState { ArchiveState(storage) }

  package init(_ location: ArchiveLocation, log: LogName) {
    self.init(in: location.storage(of: log))
  }

  package init(in storage: any ArchiveStorage) {
    self.storage = storage
  }

  /// Holds the archive for the length of `body`: takes its lease, recovers it, and lets go of it at the end.
  ///
  /// The folder is made when it is not there. Throws `.locked` at once when another run holds the log. The task is cancelled when
  /// the lease is lost.
  ///
  /// `untidied`: is told of each leftover that could not be removed. That fails nothing; a later opening tries again.
  package nonisolated(nonsending) func withWriter<Result>(
    source: ArchiveSource, holder: LockHolder, settings: WriterSettings,
    untidied: @escaping @Sendable (StorageError) -> Void = { _ in },
    body: nonisolated(nonsending) (ArchiveWriter) async throws -> Result
  ) async throws -> Result {
    try await archiveState.checkKind()
    try await archiveState.checkStateIsThere()
    try await stored(await storage.checkWriting())
    let scratch = await storage.makeScratch(untidied: untidied)
    return try await storage.withLease(holder, untidied: untidied) { lease in
      do {
        let recovered = try await Recovery(archiveState, scratch, untidied).run(
          source: source, fence: lease.isTakeover ? (holder, settings) : nil)
        let writer = ArchiveWriter(
          source: source, recovered: recovered, storage: storage, scratch: scratch, settings: settings,
          lease: lease, untidied: untidied)
        let result = try await body(writer)
        await writer.end()
        await close(scratch, lease)
        return result
      } catch {
        await close(scratch, lease)
        throw error
      }
    }
  }

  /// Drops what is still staged. Where the lease was lost, another run may be staging beside this one.
  private func close(_ scratch: Scratch, _ lease: any Lease) async {
    var isHeld = false
    do {
      isHeld = try await lease.isHeld()
    } catch {}  // nobody can tell, and the next run drops what stays
    if isHeld { _ = scratch.discardAll() } else { scratch.discardOwn() }
  }

  /// The present state of the log, as far as it is committed; nil when there is no archive of it. Writes nothing and
  /// takes no lease.
  package func read() async throws(ArchiveError) -> Manifest? {
    try await archiveState.checkKind()
    try await archiveState.checkStateIsThere()
    return try await archiveState.committed().manifest
  }

  /// Whether there is an archive of the log. Looks at names alone: it reads neither the manifest nor a commit record.
  package func isThere() async throws(ArchiveError) -> Bool {
    try await archiveState.checkKind()
    return try await archiveState.checkStateIsThere()
  }

  /// What changed since a commit (0: everything) that a loader has loaded; nil when there is no archive of the log.
  ///
  /// All of it is of one state, the newest that is committed. Writes nothing and takes no lease. A run that commits later
  /// deletes files that are named here once it has replaced them: then ask again.
  ///
  /// `settledOnly`: leaves out days that may still change, until they have settled. `sha256`: of the record of that commit; throws
  /// `.otherCommit` where the archive has another of the number.
  package func changes(
    since commit: Int, sha256: String? = nil, settledOnly: Bool = false
  ) async throws(ArchiveError) -> ChangesSince? {
    try await archiveState.checkKind()
    try await archiveState.checkStateIsThere()
    return try await archiveState.changes(since: commit, sha256: sha256, isSettledOnly: settledOnly)
  }

  /// The present state, and the files it names that are missing or of another size: what opening for writing finds too.
  /// nil when there is no archive. A run may be at work.
  package func inspect() async throws(ArchiveError) -> (manifest: Manifest, damaged: [Finding])? {
    while let manifest = try await read() {
      let damaged = try await archiveState.damage(in: manifest)
      // A commit since the first look has deleted what it replaced: that is no damage, and the next look is another.
      if damaged.isEmpty { return (manifest, []) }
      if try await read() == manifest { return (manifest, damaged) }
    }
    return nil
  }

  /// The newest commits, newest first: at most `limit` records are read, from the newest down by number.
  ///
  /// - Parameters:
  ///   - newest: the number to begin with, where it is known; else the manifest is read for it.
  ///   - isEnough: is asked after each record; true ends the reading.
  package func recentCommits(
    limit: Int, newest: Int? = nil, isEnough: ([Commit]) -> Bool = { _ in false }
  ) async throws(ArchiveError) -> [Commit] {
    var commits: [Commit] = []
    for number in try await archiveState.newestNumbers(newest, limit: limit) {
      guard let record = try await archiveState.commit(number) else { continue }
      commits.append(record.commit)
      if isEnough(commits) { break }
    }
    return commits
  }

  /// The rows of a day as a manifest names them. Takes no lease and writes nothing.
  ///
  /// A run that commits meanwhile deletes what it has replaced: then the reader throws `.damaged`, a newer manifest has
  /// another revision of the day, and that is the one to read.
  package func reader(of partition: Partition) -> DayReader {
    DayReader(partition, storage: storage)
  }

  // MARK: What a run will need

  /// Tries what a run does in each place where it writes, and leaves nothing behind.
  ///
  /// In a folder it makes and removes a file where a run stages its work, and a folder where it puts what is finished; puts a file
  /// there by a link and a rename; and makes the folder's names durable. What is not there yet is tried in the folder that it
  /// would be made in. A file that a trial that died has left in the staging folder is deleted by the next run; `verify` tells
  /// one elsewhere.
  package func tryWriting() async throws(StorageError) -> WriteProbeResult { try await storage.tryWriting() }

  /// Whether a run could take the lease of the log now, and who holds it.
  package func leaseState() async throws(StorageError) -> LeaseState { try await storage.leaseState() }

  /// What is left where the archive is, or will be; nil where there is no end to it.
  package func space() async throws(StorageError) -> DiskSpace? { try await storage.space() }
}

/// Where an archive is: the value of `--archive`.
package struct ArchiveLocation: Hashable, Sendable {
  /// The path of a folder, absolute or from the working directory.
  package let text: String

  package init(folder: String) { text = folder }

  /// The storage of a log there. Reads and creates nothing.
  package func storage(of log: LogName) -> any ArchiveStorage {
    LocalStorage(root: text, paths: ArchivePaths(log))
  }

  private static let schemes: Set = [
    "s3", "s3a", "s3n", "gs", "gcs", "az", "azure", "abfs", "abfss", "wasb", "wasbs", "r2", "oss", "minio",
    "file", "http", "https", "ftp", "ftps", "sftp", "ssh", "hdfs", "webdav", "dav", "smb", "nfs",
  ]

  /// `s3` of `s3://bucket/audit`, and of `s3:/bucket/audit`, where a slash was lost; nil: the text is a path.
  package static func scheme(of text: String) -> String? {
    guard let match = text.prefixMatch(of: #/([A-Za-z][A-Za-z0-9+.\-]*):(//)?/#) else { return nil }
    let scheme = String(match.output.1)
    return match.output.2 != nil || schemes.contains(scheme.lowercased()) ? scheme : nil
  }
}

extension ArchiveLocation: CustomStringConvertible {
  package var description: String { text }
}
