package import AuditRecord

/// The ways into an archive: one for a run that writes, one for whoever wants to know.
package enum Archive {
  /// Holds the archive of a log for the length of `body`: locks it, recovers it, and lets go of it at the end.
  ///
  /// The folder is made when it is not there. Throws `.locked` at once when another run holds the log.
  ///
  /// `untidied`: is told of each leftover that could not be removed. That fails nothing; a later opening tries again.
  package nonisolated(nonsending) static func withWriter<Result>(
    at directory: String, source: ArchiveSource, holder: LockHolder, settings: WriterSettings,
    fileSystem: any FileSystem = PosixFileSystem(),
    untidied: @escaping @Sendable (StorageError) -> Void = { _ in },
    body: nonisolated(nonsending) (ArchiveWriter) async throws -> Result
  ) async throws -> Result {
    let paths = ArchivePaths(source.log)
    let storage = LocalStorage(root: directory, paths: paths, fileSystem: fileSystem, untidied: untidied)
    let opening = Opening(storage: storage, paths: paths)
    try opening.checkKind()
    try opening.checkStateIsThere()
    try stored(WriteTrial(root: directory, paths: paths, files: fileSystem).checkVolumes())
    let lock = try opening.lock(holder)
    defer { opening.close(lock) }
    let (manifest, report) = try Recovery(opening).run(source: source)
    let writer = ArchiveWriter(
      source: source, manifest: manifest, recovery: report, storage: storage, settings: settings,
      lock: lock)
    let result = try await body(writer)
    writer.end()
    return result
  }

  /// The present state of a log, as far as it is committed; nil when there is no archive of it. Writes nothing and
  /// takes no lock.
  package static func read(
    at directory: String, log: LogName, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(ArchiveError) -> Manifest? {
    let opening = Opening(directory, log, fileSystem)
    try opening.checkKind()
    try opening.checkStateIsThere()
    return try opening.state().manifest
  }

  /// What changed since a commit (0: everything) that a loader has loaded; nil when there is no archive of the log.
  ///
  /// All of it is of one state, the newest that is committed. Writes nothing and takes no lock. A run that commits later
  /// deletes files that are named here once it has replaced them: then ask again.
  ///
  /// `settledOnly`: leaves out days that may still change, until they have settled. `sha256`: of the record of that commit; throws
  /// `.otherCommit` where the archive has another of the number.
  package static func changes(
    at directory: String, log: LogName, since commit: Int, sha256: String? = nil, settledOnly: Bool = false,
    fileSystem: any FileSystem = PosixFileSystem()
  ) throws(ArchiveError) -> ChangesSince? {
    let opening = Opening(directory, log, fileSystem)
    try opening.checkKind()
    try opening.checkStateIsThere()
    return try opening.changes(since: commit, sha256: sha256, isSettledOnly: settledOnly)
  }

  /// The present state, and the files it names that are missing or of another size: what opening for writing finds too.
  /// nil when there is no archive. A run may be at work.
  package static func inspect(
    at directory: String, log: LogName, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(ArchiveError) -> (manifest: Manifest, damaged: [Finding])? {
    while let manifest = try read(at: directory, log: log, fileSystem: fileSystem) {
      let damaged = try Opening(directory, log, fileSystem).damage(in: manifest)
      // A commit since the first look has deleted what it replaced: that is no damage, and the next look is another.
      if damaged.isEmpty { return (manifest, []) }
      if try read(at: directory, log: log, fileSystem: fileSystem) == manifest { return (manifest, damaged) }
    }
    return nil
  }

  /// A log's newest commits, newest first.
  package static func recentCommits(
    at directory: String, log: LogName, limit: Int, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(ArchiveError) -> [Commit] {
    let opening = Opening(directory, log, fileSystem)
    try opening.checkKind()
    var commits: [Commit] = []
    for number in try opening.commitNumbers().suffix(max(0, limit)).reversed() {
      if let record = try opening.commit(number) { commits.append(record.commit) }
    }
    return commits
  }
}

extension Opening {
  init(_ directory: String, _ log: LogName, _ fileSystem: any FileSystem) {
    let paths = ArchivePaths(log)
    self.init(storage: LocalStorage(root: directory, paths: paths, fileSystem: fileSystem), paths: paths)
  }
}
