package import AuditRecord

/// Puts right what a killed run left. The log's lock is held.
///
/// Deletes what an intent names and no commit took, and what the last commits removed. Everything else is left alone.
struct Recovery {
  /// The state that a writer begins with.
  struct Result {
    var manifest: Manifest?
    /// The two files as recovery left them.
    var manifestFile: FileState
    var intentFile: FileState
    var report: RecoveryReport
  }

  private let archiveState: ArchiveState
  private let scratch: Scratch
  private let untidied: (StorageError) -> Void
  private var storage: any ArchiveStorage { archiveState.storage }
  private var paths: ArchivePaths { archiveState.paths }

  init(_ archiveState: ArchiveState, _ scratch: Scratch, _ untidied: @escaping (StorageError) -> Void) {
    self.archiveState = archiveState
    self.scratch = scratch
    self.untidied = untidied
  }

  /// Throws `.missingCommits` or `.olderState`, before anything is changed, where the files are of commits that are not there.
  ///
  /// - Parameter fence: who took the log over, and how it writes, when the run before may still be at work; nil otherwise.
  func run(
    source: ArchiveSource, fence: (holder: LockHolder, settings: WriterSettings)? = nil
  ) async throws(ArchiveError) -> Result {
    var state = try await archiveState.committed()
    if let found = state.manifest?.source, found != source { throw .otherSource(found: found, asked: source) }
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
      report.untoldQuarantine = untold(manifest, intent)
    }
    if let fence {
      let commit = try await self.fence(after: state.manifest, source, by: fence.holder, fence.settings)
      state.manifest.apply(commit, sha256: sha256Hex(ArchiveJSON.encode(commit)))
      state.rolledForward.append(commit)
    }
    let manifest = state.manifest

    report.deleted = scratch.discardAll().map { Orphan(path: $0, reason: .staging) }
    if let manifest, !state.rolledForward.isEmpty || state.rebuilt != nil {
      try await stored(await storage.secure(paths.commit(manifest.commit)))
      let bytes = ArchiveJSON.encode(manifest)
      state.manifestFile = try await stored(
        await storage.replace(paths.manifest, bytes, since: state.manifestFile))
    }
    if let intent { try await finish(intent, manifest, state.rolledForward, &report) }
    // Of a run that died after it had signed and before it could commit. The next commit of that number is another, and may be
    // unsigned.
    let signature = paths.signature((manifest?.commit ?? 0) + 1)
    if try await stored(await storage.entry(signature))?.kind == .file {
      try await stored(await storage.delete([signature]))
      report.deleted.append(Orphan(path: signature, reason: .neverCommitted))
    }
    if manifest != nil { try await archiveState.fixKind() }
    report.lacksDurableNames = await storage.lacksDurableNames
    return Result(
      manifest: manifest, manifestFile: state.manifestFile,
      intentFile: try await archiveState.fileState(paths.intent), report: report)
  }

  /// Creates the next commit, which changes nothing: the run that was taken over then fails at its own commit of that number. Nothing
  /// may be deleted before, because that run could commit it.
  private func fence(
    after present: Manifest?, _ source: ArchiveSource, by holder: LockHolder, _ settings: WriterSettings
  ) async throws(ArchiveError) -> Commit {
    if present == nil { try await archiveState.fixKind() }
    let number = (present?.commit ?? 0) + 1
    var standing =
      present?.standing
      ?? Standing(
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

  /// Whether files of later commits than the state's are there: then the state is an older copy, and a run would put other files in
  /// their places.
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

  /// What the run that was killed stored in quarantine, and may not have told anybody.
  private func untold(_ manifest: Manifest, _ intent: CommitIntent?) -> [QuarantineFile] {
    guard let intent else { return [] }
    return manifest.quarantine.filter { file in
      (paths.quarantineName(file.path)?.commit ?? 0) >= intent.firstCommit
    }
  }

  /// Deletes what the intent names and the state does not, and what the commits since have removed.
  private func finish(
    _ intent: CommitIntent, _ manifest: Manifest?, _ rolledForward: [Commit], _ report: inout RecoveryReport
  ) async throws(ArchiveError) {
    let damagedDays = report.damagedDays
    var removed = rolledForward
    // The intent's own commit can stand before a fence, and before the manifest that was written.
    if let manifest, intent.commit <= manifest.commit - rolledForward.count {
      for number in max(1, intent.commit)...(manifest.commit - rolledForward.count) {
        if let record = try await archiveState.commit(number) { removed.append(record.commit) }
      }
    }
    let named = manifest?.paths ?? []
    let files = Set(intent.files + removed.flatMap(\.filesRemoved)).subtracting(named)
    var neverCommitted: [String] = []
    var superseded: [String] = []
    // Replaced parts of a day whose new ones are not there as they were sealed: the last copy that there may be.
    var needed: [String] = []
    for path in files.sorted() where try await stored(await storage.entry(path))?.kind == .file {
      if let name = paths.partName(path) {
        let revision = manifest?.partition(name.day)?.revision ?? 0
        if name.revision > revision {
          neverCommitted.append(path)
        } else if damagedDays.contains(name.day) {
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
    // A revision that was never committed gives its number to the next one, so it has to go. One that was replaced is known as such
    // for as long as the intent stands: it can wait.
    try await stored(await storage.delete(neverCommitted))
    let tidied = await storage.tidy(superseded, untidied: untidied)
    report.undeleted = Set(superseded + needed).subtracting(tidied).sorted()
    report.deleted +=
      (neverCommitted.map { Orphan(path: $0, reason: .neverCommitted) }
      + tidied.map { Orphan(path: $0, reason: .superseded) }).sorted { $0.path < $1.path }
  }
}

extension ArchiveState {
  // MARK: For a writer

  /// Makes a commit: its signature first, and durable, so that no crash leaves a commit without the signature that it was to have.
  /// One that is left without its commit goes in recovery.
  ///
  /// - Parameter signature: the signature's file as it was seen before.
  /// - Throws: `.outrun` when another run has made the commit of that number.
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

  /// The first commit fixes the kind. Another log's may have done so since this one was opened, or at this moment, and
  /// differently.
  func fixKind() async throws(ArchiveError) {
    guard try await read(ArchivePaths.kind) == nil else { return try await checkKind() }
    do {
      let record = ArchiveKindRecord(logs: ArchiveKind(of: paths.log))
      try await storage.create(ArchivePaths.kind, ArchiveJSON.encode(record))
    } catch let error where error.reason == .exists {
      try await checkKind()
    } catch {
      throw .storage(error)
    }
  }
}

/// What opening an archive for writing found and did.
package struct RecoveryReport: Hashable, Sendable {
  /// Commits that the manifest did not have yet.
  package var rolledForward: [Int] = []
  /// What was wrong with the manifest, where it was rebuilt from the commits.
  package var rebuilt: Finding?
  package var deleted: [Orphan] = []
  package var damaged: [Finding] = []
  /// What a run that was killed stored in quarantine, and may not have told anybody.
  package var untoldQuarantine: [QuarantineFile] = []
  /// Whether the file system has no fsync of folders: a power failure may take back the names of the last files.
  package var lacksDurableNames = false
  /// What is wrong with a killed run's intent: nobody knows what it put in its place, and `verify` reports it.
  package var unreadableIntent: Finding?
  /// Of a run that did not end in order.
  var interrupted: CommitIntent?
  /// What commits have removed, and could not be deleted.
  var undeleted: [String] = []

  package init() {}

  /// The days that cannot be merged into.
  package var damagedDays: Set<Day> { Set(damaged.compactMap(\.day)) }
}
