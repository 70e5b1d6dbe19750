package import AuditRecord
import Platform

/// Repairs what a killed run left. The caller must hold the lease of the log.
///
/// Deletes files that the intent names and no commit added, and files that the last commits removed. Leaves everything else alone.
struct Recovery {
  /// The state with which a writer begins.
  struct Result {
    var manifest: Manifest?
    /// The versions of the two files after recovery.
    var manifestFile: FileState
    var intentFile: FileState
    /// nil if the archive is no table.
    var table: TableWriter?
    /// Whether the newest commit is the last of a complete run. False if its record could not be read.
    var isNewestComplete: Bool
    var report: RecoveryReport
  }

  private let archiveState: ArchiveState
  private let scratch: Scratch
  private let undeleted: (StorageError) -> Void
  private var storage: any ArchiveStorage { archiveState.storage }
  private var paths: ArchivePaths { archiveState.paths }

  init(_ archiveState: ArchiveState, _ scratch: Scratch, _ undeleted: @escaping (StorageError) -> Void) {
    self.archiveState = archiveState
    self.scratch = scratch
    self.undeleted = undeleted
  }

  /// Throws `.missingCommits` or `.olderState`, and changes nothing, if there are files of commits that are missing.
  ///
  /// Commits a fence first if the previous run may still be writing.
  ///
  /// - Parameter holder: of the lease.
  func run(
    source: ArchiveSource, lease: any Lease, holder: LockHolder, settings: WriterSettings
  ) async throws(ArchiveError) -> Result {
    var state = try await archiveState.committed()
    if let found = state.manifest?.source, found != source { throw .otherSource(found: found, asked: source) }
    // In a bucket this would cost a request. There, `verify` reports it.
    if storage.isLocal, state.manifest != nil { try await archiveState.checkTableIsRecorded() }
    var report = RecoveryReport()
    var intent: CommitIntent?
    do throws(ArchiveError) {
      intent = try await archiveState.intent()
    } catch .damaged(let finding) {
      report.unreadableIntent = finding
    }
    report.rolledForward = state.rolledForward.map(\.commit)
    report.rebuilt = state.rebuilt
    report.interrupted = intent
    if let manifest = state.manifest {
      report.damaged = try await archiveState.damage(in: manifest)
      try await checkAge(of: manifest, report.damaged, intent)
      report.unreportedQuarantine = untold(manifest, intent)
    }
    // A run that was paused here for long must not delete what its successor has put in place.
    func checkLease() async throws(ArchiveError) {
      if try await !stored(await lease.isHeld()) { throw .leaseLost(path: paths.lock) }
    }
    if lease.isTakeover {
      let commit = try await fence(after: state.manifest, source, by: holder, settings)
      state.manifest.apply(commit, sha256: sha256Hex(ArchiveJSON.encode(commit)))
      state.rolledForward.append(commit)
      state.newest = commit
      for path in try await foreignSignatures(of: state.rolledForward, settings.signingKey) {
        try await checkLease()
        try await stored(await storage.delete([path]))
        report.deleted.append(Orphan(path: path, reason: .neverCommitted))
      }
      await lease.noteFence()
    }
    let manifest = state.manifest
    if manifest != nil, storage.isLocal || lease.isTakeover {
      // An archive with logs becomes a table only while none of them is written.
      try await archiveState.fixKind(isTable: false)
    }
    if let manifest, !state.rolledForward.isEmpty || state.rebuilt != nil {
      // Neither the table nor the manifest may have a commit that a power failure can undo.
      try await stored(await storage.secure(paths.commit(manifest.commit)))
    }
    var table = try await table(settings, lease, holder)
    if let manifest { try await table?.catchUp(manifest, since: state.base) }

    report.deleted += scratch.discardAll().map { Orphan(path: $0, reason: .staging) }
    if let manifest, !state.rolledForward.isEmpty || state.rebuilt != nil {
      let bytes = ArchiveJSON.encode(manifest)
      state.manifestFile = try await stored(
        await storage.replace(paths.manifest, bytes, since: state.manifestFile))
    }
    if intent != nil { try await checkLease() }
    if let intent {
      try await finish(
        intent, manifest, state.rolledForward, isTableBehind: table?.obstacle != nil,
        isKeeping: settings.keepSuperseded != nil, &report)
      if let lateSince = table?.lateSince { report.keepLonger(since: lateSince, from: holder.since) }
    }
    // A run may have been killed between signing and committing. The next commit of that number is another one, and may be unsigned.
    let signature = paths.signature((manifest?.commit ?? 0) + 1)
    if try await stored(await storage.entry(signature))?.kind == .file {
      try await checkLease()
      try await stored(await storage.delete([signature]))
      report.deleted.append(Orphan(path: signature, reason: .neverCommitted))
    }
    report.lacksDurableNames = await storage.lacksDurableNames
    return Result(
      manifest: manifest, manifestFile: state.manifestFile,
      intentFile: try await archiveState.fileState(paths.intent), table: table,
      isNewestComplete: state.newest?.run.complete ?? false, report: report)
  }

  /// The writer of the table; nil if the archive is none and is not to become one, or before its first commit. Makes the archive a
  /// table where the settings say so.
  private func table(
    _ settings: WriterSettings, _ lease: any Lease, _ holder: LockHolder
  ) async throws(ArchiveError) -> TableWriter? {
    var table = try await archiveState.table()
    if table == nil, settings.isTable, try await archiveState.kind() != nil {
      // Otherwise the table would get another id.
      try await archiveState.checkTableIsRecorded()
      table = try await TableConversion(storage, lease).run(as: holder)
    }
    guard let table else {
      guard settings.keepSuperseded == nil || settings.isTable else { throw .keepingNeedsTable }
      return nil
    }
    guard settings.formats?.contains(.parquet) ?? true else { throw .tableNeedsParquet }
    return try await TableWriter(table, storage)
  }

  /// Creates the next commit without changes, so that the previous run fails to create its own commit of that number. Nothing may be
  /// deleted before, because that run could commit it.
  private func fence(
    after present: Manifest?, _ source: ArchiveSource, by holder: LockHolder, _ settings: WriterSettings
  ) async throws(ArchiveError) -> Commit {
    if present == nil {
      try await archiveState.fixKind(isTable: settings.isTable)
    }
    let number = (present?.commit ?? 0) + 1
    var standing =
      present?.standing
      ?? LogState(
        commit: number, committedAt: holder.since, toolVersion: settings.toolVersion, source: source,
        start: holder.since, coverage: Coverage(), lookbackDue: Coverage(), oldestShown: nil)
    standing.commit = number
    standing.committedAt = holder.since
    standing.toolVersion = settings.toolVersion
    var run = RunCounters()
    run.tookOver = true
    let commit = Commit(
      standing: standing, previousCommitSHA256: present?.commitSHA256, partitionsChanged: [],
      partitionsRemoved: [], filesAdded: [], filesRemoved: [], quarantineAdded: [],
      coverageWithdrawn: Coverage(), run: run)
    let signature = try await archiveState.fileState(paths.signature(number))
    try await archiveState.create(
      ArchiveJSON.encode(commit), number, key: settings.signingKey, signature: signature)
    return commit
  }

  /// The signatures of fences that are not of the fences: a killed run signed another commit of the same number, and the fence was made
  /// without a key. Without a key a signature cannot be verified, so a fence that has just been made keeps none.
  private func foreignSignatures(
    of commits: [Commit], _ key: SigningKey?
  ) async throws(ArchiveError) -> [String] {
    var found: [String] = []
    for fence in commits where fence.run.tookOver {
      let path = paths.signature(fence.commit)
      guard let signature = try await stored(await storage.read(path))?.bytes else { continue }
      if let key, let record = try await stored(await storage.read(paths.commit(fence.commit)))?.bytes,
        key.publicKey.accepts(signature, of: record)
      {
        continue
      }
      found.append(path)
    }
    return found
  }

  /// Throws if there are files of later commits: then the state is an older copy, and a run would put other files in their places.
  private func checkAge(
    of manifest: Manifest, _ damaged: [Finding], _ intent: CommitIntent?
  ) async throws(ArchiveError) {
    if damaged.contains(where: { $0.problem == .brokenChain(.absent(upTo: manifest.commit)) }) {
      let newest = try await archiveState.commitNumbers().last ?? 0
      throw .missingCommits(from: newest + 1, to: manifest.commit)
    }
    let intended = Set(intent?.files ?? [])
    var later: [String] = []
    for day in Set(damaged.lazy.filter(\.problem.isMissing).compactMap(\.day)).sorted() {
      let revision = manifest.partition(day)?.revision ?? 0
      for format in PartFormat.allCases {
        for file in try await stored(await storage.list(paths.day(day, format)))
        where !intended.contains(file.path) {
          if let name = paths.partName(file.path), name.revision > revision { later.append(file.path) }
        }
      }
    }
    guard later.isEmpty else { throw .olderState(commit: manifest.commit, later: later.sorted()) }
  }

  /// The quarantine files of a killed run, which it may not have reported.
  private func untold(_ manifest: Manifest, _ intent: CommitIntent?) -> [QuarantineFile] {
    guard let intent else { return [] }
    return manifest.quarantine.filter { file in
      (paths.quarantineName(file.path)?.commit ?? 0) >= intent.firstCommit
    }
  }

  /// Deletes files that the intent names and the state does not, and files that commits since then removed.
  ///
  /// - Parameter isKeeping: whether to leave superseded files to the commits of this run, which know whose time is over.
  private func finish(
    _ intent: CommitIntent, _ manifest: Manifest?, _ rolledForward: [Commit], isTableBehind: Bool,
    isKeeping: Bool,
    _ report: inout RecoveryReport
  ) async throws(ArchiveError) {
    let damagedDays = report.damagedDays
    var removed = rolledForward
    // The intent's own commit can be older than the manifest, or than a fence.
    if let manifest, intent.commit <= manifest.commit - rolledForward.count {
      for number in max(1, intent.commit)...(manifest.commit - rolledForward.count) {
        if let record = try await archiveState.commit(number) { removed.append(record.commit) }
      }
    }
    let named = manifest?.paths ?? []
    let parts = intent.superseded(in: manifest, paths) + removed.flatMap { $0.supersededParts(paths) }
    if isKeeping {
      // Commit records take precedence over the intent: another run may have made the commit of that number.
      let kept = Dictionary(parts.map { ($0.path, $0) }, uniquingKeysWith: { $1 }).values
      report.kept = kept.filter { !named.contains($0.path) }.sorted { $0.path < $1.path }
    }
    let files = Set(intent.files + parts.map(\.path) + removed.flatMap(\.filesRemoved))
      .subtracting(named).subtracting(report.kept.map(\.path))
    var neverCommitted: [String] = []
    var superseded: [String] = []
    // Replaced parts of a day whose new parts are damaged (perhaps the last copy), or that the table still names.
    var needed: [String] = []
    // A killed run may have deleted files without making that durable; then they would be back after a power failure, unnamed.
    var gone: [String] = []
    do throws(StorageError) { try await storage.dropUploads(of: intent.files) } catch { undeleted(error) }
    for path in files.sorted() {
      let kind = try await stored(await storage.entry(path))?.kind
      if kind == nil, storage.isLocal { gone.append(path) }
      guard kind == .file else { continue }
      if let name = paths.partName(path) {
        let revision = manifest?.partition(name.day)?.revision ?? 0
        if name.revision > revision {
          neverCommitted.append(path)
        } else if damagedDays.contains(name.day) || (isTableBehind && name.format == .parquet) {
          needed.append(path)
        } else {
          superseded.append(path)
        }
      } else if let name = paths.quarantineName(path) {
        if name.commit > manifest?.commit ?? 0 {
          neverCommitted.append(path)
        } else {
          superseded.append(path)
        }
      }
    }
    // The next revision reuses the number of one that was never committed, so that must be deleted. A replaced one can wait: the intent
    // still names it.
    try await stored(await storage.delete(neverCommitted + gone))
    let tidied = await storage.tidy(superseded, undeleted: undeleted)
    report.undeleted = Set(superseded + needed).subtracting(tidied).sorted()
    report.deleted +=
      (neverCommitted.map { Orphan(path: $0, reason: .neverCommitted) }
      + tidied.map { Orphan(path: $0, reason: .superseded) }).sorted { $0.path < $1.path }
  }
}

extension ArchiveState {
  // MARK: For a writer

  /// Creates a commit record, after its signature, so that no crash leaves a record without its signature. Recovery deletes a signature
  /// without a record. Throws `.outrun` if another run has made the commit of that number.
  ///
  /// - Parameter signature: the present version of the signature's file.
  func create(
    _ record: [UInt8], _ number: Int, key: SigningKey?, signature: FileState = .absent
  ) async throws(ArchiveError) {
    do throws(StorageError) {
      if let key {
        let bytes = key.signature(of: record)
        try await storage.replace(paths.signature(number), bytes, since: signature)
      }
      try await storage.create(paths.commit(number), record)
    } catch let error where error.reason == .exists || error.reason == .outrun {
      throw .outrun(number)
    } catch {
      throw .storage(error)
    }
  }

  /// Throws `.keepingNeedsTable` if superseded files are to be kept in an archive that neither is a table nor is to become one.
  func checkKeeping(_ settings: WriterSettings) async throws(ArchiveError) {
    guard settings.keepSuperseded != nil, !settings.isTable, try await table() == nil else { return }
    throw .keepingNeedsTable
  }

  /// Fixes the kind of the archive, before the first commit. Another log's run may do so at the same time, and differently.
  func fixKind(isTable: Bool) async throws(ArchiveError) {
    guard try await read(ArchivePaths.kind) == nil else { return try await checkKind() }
    do {
      let table = isTable ? ArchiveKindRecord.Table(id: UUID().uuidString.lowercased()) : nil
      let record = ArchiveKindRecord(logs: ArchiveKind(of: paths.log), table: table)
      let bytes = ArchiveJSON.encode(record)
      if isTable {
        // The run of another log must not replace the table's id.
        try await storage.createShared(ArchivePaths.kind, bytes)
      } else {
        try await storage.create(ArchivePaths.kind, bytes)
      }
    } catch let error where error.reason == .exists {
      try await checkKind()
    } catch {
      throw .storage(error)
    }
  }
}

/// What recovery found and did.
package struct RecoveryReport: Hashable, Sendable {
  /// Commits that the manifest did not have.
  package var rolledForward: [Int] = []
  /// Why the manifest was rebuilt from the commits; nil if it was not.
  package var rebuilt: Finding?
  package var deleted: [Orphan] = []
  package var damaged: [Finding] = []
  /// Quarantine files of a killed run, which it may not have reported.
  package var unreportedQuarantine: [QuarantineFile] = []
  /// Whether the file system has no fsync of folders: a power failure can undo the last file names.
  package var lacksDurableNames = false
  /// Why the intent of a killed run cannot be read. Its files are then unknown; `verify` reports them.
  package var unreadableIntent: Finding?
  /// The intent of a run that did not end in order.
  var interrupted: CommitIntent?
  /// Files that commits have removed and that could not be deleted, or that the table still names.
  var undeleted: [String] = []
  /// Files that commits have removed and that stay for readers of the table.
  var kept: [SupersededFile] = []

  package init() {}

  /// Counts the time of kept files anew that commits since `time` removed: the table has lost them only at `now`.
  fileprivate mutating func keepLonger(since time: Timestamp, from now: Timestamp) {
    for index in kept.indices where kept[index].since >= time {
      kept[index].since = max(kept[index].since, now)
    }
  }

  /// The days that have damage, into which no rows can be merged.
  package var damagedDays: Set<Day> { Set(damaged.compactMap(\.day)) }
}
