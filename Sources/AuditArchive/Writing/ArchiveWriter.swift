package import AuditRecord
import Synchronization

/// The archive of one log, held for writing. Made by `Archive.withWriter`, and of no use after its body.
package final class ArchiveWriter: Sendable {
  package let source: ArchiveSource
  /// What opening found and did.
  package let recovery: RecoveryReport

  private struct State {
    var manifest: Manifest?
    var failure: ArchiveError?
    /// The first commit of the runs that nobody has been told of to their end.
    var firstCommit: Int
    /// What commits have removed, and could not be deleted.
    var undeleted: [String] = []
    /// Whether the store has an intent.
    var isAnnounced: Bool
    /// The two files as this run last read or wrote them.
    var manifestFile: FileState
    var intentFile: FileState
  }

  let storage: any ArchiveStorage
  let scratch: Scratch
  let settings: WriterSettings
  /// The formats that a day is written in.
  private let formats: Set<PartFormat>
  private let lease: any Lease
  private let untidied: @Sendable (StorageError) -> Void
  private let state: Mutex<State>
  let quarantine: Quarantine

  private var paths: ArchivePaths { storage.paths }

  init(
    source: ArchiveSource, recovered: Recovery.Result, storage: any ArchiveStorage, scratch: Scratch,
    settings: WriterSettings, lease: any Lease, untidied: @escaping @Sendable (StorageError) -> Void
  ) {
    self.source = source
    self.recovery = recovered.report
    self.storage = storage
    self.scratch = scratch
    self.settings = settings
    self.lease = lease
    self.untidied = untidied
    let (manifest, report) = (recovered.manifest, recovered.report)
    let newest = manifest?.partitions.newestFormats ?? []
    formats = settings.formats ?? (newest.isEmpty ? [.csv] : newest)
    let first = report.untoldQuarantine.isEmpty ? nil : report.interrupted?.firstCommit
    self.state = Mutex(
      State(
        manifest: manifest, firstCommit: first ?? (manifest?.commit ?? 0) + 1,
        undeleted: report.undeleted,
        isAnnounced: report.interrupted != nil || report.unreadableIntent != nil,
        manifestFile: recovered.manifestFile, intentFile: recovered.intentFile))
    self.quarantine = Quarantine(storage: storage, scratch: scratch)
  }

  /// The present state; nil before the first commit. What a commit changes shows here once the commit is on disk.
  package var manifest: Manifest? { state.withLock { $0.manifest } }

  // MARK: Rows

  /// The rows that the archive has of a day, to be pulled; none for a day that it does not know.
  package func reader(of day: Day) -> DayReader {
    DayReader(manifest?.partition(day), storage: storage)
  }

  /// The rows that the archive has of a day, in order. When this throws, what `each` was given proves nothing.
  package func rows(of day: Day, each: (RowBatch) throws -> Void) async throws {
    var reader = reader(of: day)
    while let batch = try await reader.next() { try each(batch) }
  }

  /// Writes a day's rows, which `next` hands out in their final order (`event_at`, then the bytes of `uuid`).
  ///
  /// Nothing of it is part of the archive before it is committed. Throws an `ArchiveError`, or what `next` throws; then
  /// nothing is staged.
  package func stage(_ day: Day, next: () async throws -> RowSelection?) async throws -> StagedDay {
    var staging = DayStaging(day, formats, scratch: scratch, settings: settings)
    do {
      while let selection = try await next() { try await staging.append(selection) }
      return try await staging.finish()
    } catch {
      staging.abandon()
      throw (error as? StorageError).map(ArchiveError.storage) ?? error
    }
  }

  /// Drops a staged day that is not going to be committed.
  package func discard(_ staged: StagedDay) {
    for part in staged.parts { scratch.discard(part.file) }
  }

  /// The days whose rows the archive has in other formats than those that are written now; oldest first.
  package var daysToConvert: [Day] {
    (manifest?.partitions ?? []).filter { !$0.has(formats) }.map(\.eventDate)
  }

  /// Formats of the archive's newest days that are not written any more: whoever reads these files gets no new days.
  package var formatsLeftOut: Set<PartFormat> {
    (manifest?.partitions.newestFormats ?? []).subtracting(formats)
  }

  /// Days that also have files in formats that are not written any more: these stay until the day changes.
  package var daysInOldFormats: [Day] {
    (manifest?.partitions ?? []).filter {
      $0.has(formats) && !$0.formats.isSubset(of: formats)
    }
    .map(\.eventDate)
  }

  /// Whether every file of a day, in each of its formats, is as it was sealed. Rows are read from one format alone: that they
  /// are well says nothing of the others.
  package func isIntact(_ day: Day) async throws(ArchiveError) -> Bool {
    for file in manifest?.partition(day)?.files ?? [] {
      if try await storage.problem(of: file) != nil { return false }
    }
    return true
  }

  /// Stages a day as the archive has it, in the formats that are written now.
  package func stageConverted(_ day: Day) async throws -> StagedDay {
    var reader = reader(of: day)
    return try await stage(day) { try await reader.next().map { RowSelection($0) } }
  }

  // MARK: Committing

  /// Makes a change part of the archive, whole or not at all.
  ///
  /// After a failure only opening the archive anew can tell what the disk holds, so a writer whose commit threw
  /// throws the same at every later one. The archive then is, once opened, as before or as after this commit.
  ///
  /// Throws `.leaseLost`, and commits nothing, when the lock was taken away.
  ///
  /// `made`: is called once the commit's record is in its place, also when this throws then, such as for want of room for
  /// the new manifest. `manifest` has the commit from that moment on.
  package func commit(
    _ change: Change, made: (Commit) -> Void = { _ in }
  ) async throws(ArchiveError) -> Commit {
    // Commits come one after the other; a copy of the state, because nothing waits for the store inside the lock.
    var state = state.withLock(\.self)
    if let failure = state.failure { throw failure }
    do throws(ArchiveError) {
      let commit = try await commit(change, &state) { commit, state in
        self.state.withLock { $0 = state }
        made(commit)
      }
      self.state.withLock { [state] in $0 = state }
      return commit
    } catch {
      state.failure = error
      self.state.withLock { [state] in $0 = state }
      throw error
    }
  }

  private func commit(
    _ change: Change, _ state: inout State, _ made: (Commit, State) -> Void
  ) async throws(ArchiveError) -> Commit {
    precondition(Set(change.days.map(\.day)).count == change.days.count, "a day is staged once for a commit")
    try await checkLease()
    var (changed, unchanged): ([StagedDay], [StagedDay]) = ([], [])
    for staged in change.days {
      if try await isPresent(staged, in: state.manifest) {
        unchanged.append(staged)
      } else {
        changed.append(staged)
      }
    }
    let archiveState = ArchiveState(storage)
    let plan = CommitPlan(
      change, days: changed,
      lost: try await lostQuarantine(in: change.replaced, state.manifest, archiveState),
      after: state.manifest,
      source: source, toolVersion: settings.toolVersion)
    let number = plan.commit.commit
    let rules = await archiveState.rules(for: plan.commit)
    if let violation = rules.violations(of: plan.commit, number: number, after: state.manifest).first {
      throw .invalidCommit(violation)
    }

    // Steps 2 to 6 of the format. Step 1, writing and syncing the parts, was staging.
    if state.manifest == nil { try await archiveState.fixKind() }
    let intent = CommitIntent(
      firstCommit: state.firstCommit, commit: number, files: Set(plan.commit.filesAdded + state.undeleted))
    try await announce(intent, &state)
    try await stored(await storage.put(plan.puts))
    try await checkLease()
    let record = ArchiveJSON.encode(plan.commit)
    do throws(ArchiveError) {
      try await archiveState.create(record, number, key: settings.signingKey)  // this is the commit
    } catch {
      if await isThere(record, at: paths.commit(number)) {
        state.manifest.apply(plan.commit, sha256: sha256Hex(record))
        made(plan.commit, state)
      }
      throw error
    }
    state.manifest.apply(plan.commit, sha256: sha256Hex(record))
    made(plan.commit, state)
    if let manifest = state.manifest {
      let bytes = ArchiveJSON.encode(manifest)
      state.manifestFile = try await replace(paths.manifest, bytes, since: state.manifestFile, number)
    }
    // Tidying: the archive is complete.
    let lost = try await tidyReplaced(plan.commit, &state)
    for staged in unchanged { discard(staged) }
    if let lost { throw .lostAfterCommit(number, lost) }
    return plan.commit
  }

  /// What another run, which could take a new lease, does at the same time must not meet a commit of this one.
  private func checkLease() async throws(ArchiveError) {
    guard try await stored(await lease.isHeld()) else { throw .leaseLost(path: paths.lock) }
  }

  private var isLeaseHeld: Bool {
    get async {
      do {
        return try await lease.isHeld()
      } catch {
        return false  // nobody can say
      }
    }
  }

  private func announce(_ intent: CommitIntent, _ state: inout State) async throws(ArchiveError) {
    let bytes = ArchiveJSON.encode(intent)
    state.isAnnounced = true
    state.intentFile = try await replace(paths.intent, bytes, since: state.intentFile, intent.commit)
  }

  private func replace(
    _ path: String, _ bytes: [UInt8], since seen: FileState, _ commit: Int
  ) async throws(ArchiveError) -> FileState {
    do {
      return try await storage.replace(path, bytes, since: seen)
    } catch let error where error.reason == .outrun {
      throw .outrun(commit)
    } catch {
      throw .storage(error)
    }
  }

  /// Deletes the files that a commit replaced, once those that it put there are seen to stand: until then they are the last
  /// copy of their days. Returns what is not there as it was sealed.
  private func tidyReplaced(_ commit: Commit, _ state: inout State) async throws(ArchiveError) -> Finding? {
    let removed = Set(commit.filesRemoved + state.undeleted)
    state.undeleted = removed.sorted()
    for partition in commit.partitionsChanged where partition.changedInCommit == commit.commit {
      for file in partition.files {
        let entry = try await stored(await storage.entry(file.path))
        if let problem = Finding.Problem(of: entry, bytes: file.bytes, rows: file.rows) {
          return Finding(problem, at: file.path, day: partition.eventDate, commit: commit.commit)
        }
      }
    }
    let gone = await storage.tidy(removed.sorted(), untidied: untidied)
    state.undeleted = removed.subtracting(gone).sorted()
    return nil
  }

  /// The run has come to its end, and tells what it did: its intent goes, but for what could not be deleted.
  ///
  /// After a failed commit the intent stays, and the next run does what it asks for. So it does after the lease was lost: then the
  /// intent may be another run's.
  func end() async {
    var state = state.withLock(\.self)
    guard state.isAnnounced, state.failure == nil, await isLeaseHeld else { return }
    guard !state.undeleted.isEmpty else {
      _ = await storage.tidy([paths.intent, paths.beginning], untidied: untidied)
      return
    }
    let next = (state.manifest?.commit ?? 0) + 1
    do throws(ArchiveError) {
      try await announce(CommitIntent(firstCommit: next, commit: next, files: state.undeleted), &state)
    } catch {
      // The one that is there still names what the last commit put there; that commit names what it removed.
    }
  }

  /// Whether a record whose creation failed is in its place all the same, as when only its folder could not be synced.
  private func isThere(_ record: [UInt8], at path: String) async -> Bool {
    do throws(StorageError) {
      return try await storage.read(path)?.bytes == record
    } catch {
      return false  // nobody can tell; the failure of the creation is the one to report
    }
  }

  /// The files of quarantine that a replacement of `window` gives up.
  private func lostQuarantine(
    in window: Window?, _ manifest: Manifest?, _ archiveState: ArchiveState
  ) async throws(ArchiveError) -> [QuarantineFile] {
    guard let window else { return [] }
    var lost: [QuarantineFile] = []
    for file in manifest?.quarantine ?? [] {
      guard try await storage.problem(of: file) != nil else { continue }
      var stored: Window?
      if let name = paths.quarantineName(file.path) { stored = await archiveState.runWindow(name.commit) }
      if stored.map(window.contains) ?? true { lost.append(file) }
    }
    return lost
  }

  /// Whether the archive has a staged day already: the same content, in all its formats, in files that are as they were
  /// sealed.
  private func isPresent(_ staged: StagedDay, in manifest: Manifest?) async throws(ArchiveError) -> Bool {
    guard let present = manifest?.partition(staged.day) else { return staged.rows == 0 }
    guard present.contentSHA256 == staged.contentSHA256, present.has(Set(staged.parts.map(\.format)))
    else { return false }
    return try await isIntact(staged.day)
  }
}
