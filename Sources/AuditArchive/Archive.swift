package import AuditRecord

// Folders of this target, from the bottom; each names types of those before it only:
//
//     State         what the records say: paths, coverage, commits, the manifest; no I/O
//     Findings      errors, findings, and the rules that records keep
//     Files         calls of a local disk
//     Storage       the storage of one log: a folder; leases; local work files
//     Reading       the committed state, and the rows of a day
//     Table         the parts as a Delta Lake table
//     Writing       recovery, staging, commits, quarantine
//     Changes       what changed since a commit
//     Verification  checks of everything
//     Archive       this file: the entry points

/// The archive of one log.
///
/// `withWriter` writes. All other methods take no lease and write nothing, and can run while a run is writing.
package struct Archive: Sendable {
  let storage: any ArchiveStorage
  var state: ArchiveState { ArchiveState(storage) }

  /// The archive of a log at a location. Reads and creates nothing.
  package init(_ location: ArchiveLocation, log: LogName) {
    self.init(in: location.storage(of: log))
  }

  /// The archive in a storage. Reads and creates nothing.
  package init(in storage: any ArchiveStorage) {
    self.storage = storage
  }

  // MARK: Writing

  /// Takes the lease of the log, recovers the archive, and runs `body` with a writer. Releases the lease at the end.
  ///
  /// Makes the folder if it is missing. Throws `.locked` at once if another run holds the lease. `body` runs in a child task, which is
  /// cancelled if the lease is lost; the current task goes on. Throws `.leaseLost` if `body` then throws a `CancellationError`.
  ///
  /// - Parameters:
  ///   - waiting: called before it waits for the lease of a run that did not release it.
  ///   - undeleted: called for each file that should be deleted but cannot be. That is no failure; a later run tries again.
  package nonisolated(nonsending) func withWriter<Result>(
    source: ArchiveSource, holder: LockHolder, settings: WriterSettings,
    waiting: @escaping @Sendable (ExpiredLease) -> Void = { _ in },
    undeleted: @escaping @Sendable (StorageError) -> Void = { _ in },
    body: nonisolated(nonsending) (ArchiveWriter) async throws -> Result
  ) async throws -> Result {
    // A lease makes files, which a refused archive must not get; in a bucket, the looks before it cost more than the object.
    if storage.isLocal { _ = try await exists() }
    try await stored(await storage.checkWriting())
    return try await storage.withLease(holder, waiting: waiting, undeleted: undeleted) { lease in
      let scratch = try await stored(await storage.makeScratch(undeleted: undeleted))
      do {
        if !storage.isLocal { _ = try await exists() }
        let recovered = try await Recovery(state, scratch, undeleted).run(
          source: source, lease: lease, holder: holder, settings: settings)
        let writer = ArchiveWriter(
          source: source, recovered: recovered, storage: storage, scratch: scratch, settings: settings,
          lease: lease, undeleted: undeleted)
        let result = try await body(writer)
        await writer.end()
        scratch.end(isLeaseHeld: await lease.standing == .held)
        return result
      } catch {
        scratch.end(isLeaseHeld: await lease.standing == .held)
        throw error
      }
    }
  }

  // MARK: Reading

  /// The committed state of the log; nil if there is no archive of it.
  package func read() async throws(ArchiveError) -> Manifest? {
    _ = try await exists()
    return try await state.committed().manifest
  }

  /// Whether there is an archive of the log. Looks at names only; reads neither the manifest nor a commit record.
  package func exists() async throws(ArchiveError) -> Bool {
    // The kind of an archive is fixed before its first commit.
    if !storage.isLocal, try await state.hasState() { return true }
    try await state.checkKind()
    return try await state.checkStateIsThere()
  }

  /// Whether a run holds the lease of a log that may have no archive yet, and who holds it; nil if none does.
  ///
  /// Unlike `leaseState`, it writes nothing where no run has ever been: it then only looks for the lease's file.
  package func runAtWork() async throws(StorageError) -> LeaseState? {
    guard try await storage.entry(storage.paths.lock) != nil else { return nil }
    let state = try await leaseState()
    if case .held = state { return state }
    return nil
  }

  /// The logs that have an archive in this folder, in the order of their names; none in a bucket, where a listing shows no folders.
  /// Lists `_manifest` and the folders in it, and reads nothing.
  package func logsInFolder() async throws(StorageError) -> [LogName] {
    storage.isLocal ? try await storage.logs() : []
  }

  /// The committed state, and the files of it that are missing or have another size; nil if there is no archive.
  package func inspect() async throws(ArchiveError) -> (manifest: Manifest, damaged: [Finding])? {
    while let manifest = try await read() {
      let damaged = try await state.damage(in: manifest)
      // A commit since then may have deleted what it replaced. That is no damage; look again.
      if damaged.isEmpty { return (manifest, []) }
      if try await read() == manifest { return (manifest, damaged) }
    }
    return nil
  }

  /// How far the archive's table is with the log; nil if the archive is no table.
  ///
  /// Reads one record of an archive that is no table, and otherwise one more and a listing of the newest versions.
  ///
  /// - Parameter manifest: the state with which the table is compared.
  package func table(of manifest: Manifest) async throws(ArchiveError) -> TableState? {
    try await state.tableState(of: manifest)
  }

  /// The rows of a day of a manifest.
  ///
  /// A commit deletes what it replaces. The reader then throws `.damaged`, and a newer manifest has the revision to read.
  package func reader(of partition: Partition) -> DayReader {
    DayReader(partition, storage: storage)
  }

  // MARK: Commits

  /// The newest commits, newest first. Reads at most `limit` records.
  ///
  /// - Parameters:
  ///   - newest: the newest commit number; nil reads the manifest for it.
  ///   - isEnough: called after each record; true ends the reading.
  package func recentCommits(
    limit: Int, newest: Int? = nil, isEnough: ([Commit]) -> Bool = { _ in false }
  ) async throws(ArchiveError) -> [Commit] {
    var commits: [Commit] = []
    for number in try await newestNumbers(newest, limit: limit) {
      guard let record = try await state.commit(number) else { continue }
      commits.append(record.commit)
      if isEnough(commits) { break }
    }
    return commits
  }

  /// The newest commit of a complete run; nil if no commit is, or if there is no archive.
  ///
  /// Reads at most `limit` records, newest first. If none of them is complete and there are older ones, returns the oldest of them as
  /// `.before`. The default limit is about 40 days of hourly runs.
  ///
  /// - Parameter newest: the newest commit number; nil reads the manifest for it.
  package func lastComplete(
    newest: Int? = nil, limit: Int = 1_000
  ) async throws(ArchiveError) -> LastComplete? {
    let commits = try await recentCommits(limit: limit, newest: newest) { $0.last?.run.complete ?? false }
    guard let last = commits.last else { return nil }
    if last.run.complete { return .commit(last) }
    return last.commit > 1 ? .before(last) : nil
  }

  /// The numbers of the newest commits, newest first.
  private func newestNumbers(_ newest: Int?, limit: Int) async throws(ArchiveError) -> [Int] {
    try await state.checkKind()
    var newest = newest
    if newest == nil { newest = try await state.committed().manifest?.commit }
    guard let newest, newest > 0, limit > 0 else { return [] }
    return (max(1, newest - limit + 1)...newest).reversed()
  }

  /// What changed since a commit that a loader has loaded (0: everything); nil if there is no archive of the log.
  ///
  /// Everything is of one state, the newest. A later commit deletes files that it replaces; then ask again.
  ///
  /// - Parameters:
  ///   - sha256: the SHA-256 of that commit's record. Throws `.otherCommit` if the archive has another record of the number.
  ///   - settledOnly: leave out open days until they are settled.
  package func changes(
    since commit: Int, sha256: String? = nil, settledOnly: Bool = false
  ) async throws(ArchiveError) -> ChangesSince? {
    _ = try await exists()
    return try await state.changes(since: commit, sha256: sha256, isSettledOnly: settledOnly)
  }

  /// Like `changes`, and puts the files in a folder of their own under the same paths, where no run deletes them.
  ///
  /// If a run replaces a file before it is there, starts over with the newest state, so that all files are of one state. Returns nil,
  /// and makes no folder, if there is no archive of the log. Throws `ArchiveError`, `CancellationError` or what `select` throws, and
  /// then leaves nothing behind.
  ///
  /// - Parameters:
  ///   - place: a missing or empty folder.
  ///   - temporary: the folder to fill, on the volume of `place`. What is there is removed.
  ///   - select: chooses the files of the changes.
  package nonisolated(nonsending) func changes(
    since commit: Int, sha256: String? = nil, settledOnly: Bool = false, linkedTo place: String,
    temporary: String, fileSystem: any FileSystem = PosixFileSystem(),
    select: (ChangesSince) async throws -> [PartFile]
  ) async throws -> ChangesSince? {
    var linked = LinkedFiles(archive: storage, temporary: temporary, files: fileSystem)
    do {
      while let changes = try await changes(since: commit, sha256: sha256, settledOnly: settledOnly) {
        let wanted = try await select(changes)
        if !linked.isBegun { try onDisk(linked.begin()) }
        guard let gone = try await linked.add(wanted) else {
          try onDisk(linked.finish(wanted, at: place))
          return changes
        }
        // A run deletes a file only after a commit has replaced it.
        let present = try await read()?.partitions ?? []
        if let day = present.first(where: { $0.files.contains { $0.path == gone.path } }) {
          throw ArchiveError.damaged(Finding(.missing(rows: gone.rows), at: gone.path, day: day.eventDate))
        }
      }
    } catch {
      linked.abandon()
      throw error
    }
    linked.abandon()
    return nil
  }

  // MARK: Checking

  /// Verifies the archive, and returns all findings; nil if there is no archive of the log.
  ///
  /// Checks the archive as it is at one instant. Changes that a run makes meanwhile are not reported as damage. Throws only if it
  /// cannot begin (no access, or a newer format), if a remote storage cannot be reached, or if the task is cancelled (`.interrupted`).
  ///
  /// - Parameters:
  ///   - patience: called before it looks again at a file that a run may be about to commit.
  ///   - observe: called with the progress, by the calling task.
  package func verify(
    _ settings: VerificationSettings = VerificationSettings(), patience: () -> Void = {},
    observe: (VerificationProgress) -> Void = { _ in }
  ) async throws(ArchiveError) -> VerificationReport? {
    var verification = Verification(storage: storage, settings: settings)
    return try await verification.run(patience: patience, observe: observe)
  }

  /// Tries the operations of a run in each folder that a run writes to, and removes what it made.
  ///
  /// If it is killed, the next run deletes its file in the staging folder; `verify` reports one elsewhere.
  package func probeWriting() async throws(StorageError) -> WriteProbeResult {
    try await storage.probeWriting()
  }

  /// Whether a run could take the lease now, or after a wait, and who holds it.
  package func leaseState() async throws(StorageError) -> LeaseState { try await storage.leaseState() }

  /// The free space at the archive; nil if there is no limit.
  package func space() async throws(StorageError) -> DiskSpace? { try await storage.space() }
}

/// The place of an archive: the value of `--archive`. Equal texts are the same place.
package struct ArchiveLocation: Sendable, CustomStringConvertible {
  /// The path of a folder, absolute or relative to the working directory, or the URL of a bucket.
  package let text: String
  /// Whether it is a folder of this machine.
  package let isFolder: Bool
  private let make: @Sendable (ArchivePaths) -> any ArchiveStorage

  /// - Parameter folder: absolute, or relative to the working directory. It need not exist.
  package init(folder: String) {
    text = folder
    isFolder = true
    make = { LocalStorage(root: folder, paths: $0) }
  }

  /// - Parameters:
  ///   - url: in one spelling, without a slash at its end: equal URLs are one archive.
  ///   - storage: makes the storage of a log; reads and creates nothing.
  package init(url: String, storage: @escaping @Sendable (ArchivePaths) -> any ArchiveStorage) {
    text = url
    isFolder = false
    make = storage
  }

  package var description: String { text }

  /// The storage of a log. Reads and creates nothing.
  package func storage(of log: LogName) -> any ArchiveStorage { make(ArchivePaths(log)) }

  private static let schemes: Set = [
    "s3", "s3a", "s3n", "gs", "gcs", "az", "azure", "abfs", "abfss", "wasb", "wasbs", "r2", "oss", "minio",
    "file", "http", "https", "ftp", "ftps", "sftp", "ssh", "hdfs", "webdav", "dav", "smb", "nfs",
  ]

  /// The scheme of a URL: `s3` of `s3://bucket/audit`, and of `s3:/bucket/audit`, which lost a slash; nil for a path.
  package static func scheme(of text: String) -> String? {
    guard let match = text.prefixMatch(of: #/([A-Za-z][A-Za-z0-9+.\-]*):(//)?/#) else { return nil }
    let scheme = String(match.output.1)
    return match.output.2 != nil || schemes.contains(scheme.lowercased()) ? scheme : nil
  }
}

extension ArchiveLocation: Hashable {
  package static func == (one: ArchiveLocation, other: ArchiveLocation) -> Bool {
    one.text.utf8.elementsEqual(other.text.utf8)
  }
  package func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
}
