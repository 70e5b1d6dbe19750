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
    /// Whether the disk has an intent.
    var isAnnounced: Bool
  }

  let storage: any ArchiveStorage
  let settings: WriterSettings
  private let lock: StorageLock
  private let state: Mutex<State>
  let quarantine: Mutex<Quarantine>

  init(
    source: ArchiveSource, manifest: Manifest?, recovery: RecoveryReport, storage: any ArchiveStorage,
    settings: WriterSettings, lock: StorageLock
  ) {
    self.source = source
    self.recovery = recovery
    self.storage = storage
    self.settings = settings
    self.lock = lock
    let first = recovery.untoldQuarantine.isEmpty ? nil : recovery.interrupted?.firstCommit
    self.state = Mutex(
      State(
        manifest: manifest, firstCommit: first ?? (manifest?.commit ?? 0) + 1,
        undeleted: recovery.undeleted,
        isAnnounced: recovery.interrupted != nil || recovery.unreadableIntent != nil))
    self.quarantine = Mutex(Quarantine(storage: storage))
  }

  /// The present state; nil before the first commit. What a commit changes shows here once the commit is on disk.
  package var manifest: Manifest? { state.withLock { $0.manifest } }

  // MARK: Rows

  /// The rows that the archive has of a day, to be pulled; none for a day that it does not know.
  package func reader(of day: Day) -> DayReader {
    DayReader(manifest?.partition(day), storage: storage)
  }

  /// The rows that the archive has of a day, in order. When this throws, what `each` was given proves nothing.
  package func rows(of day: Day, each: (RowBatch) throws -> Void) throws {
    var reader = reader(of: day)
    while let batch = try reader.next() { try each(batch) }
  }

  /// Writes a day's rows, which `next` hands out in their final order (`event_at`, then the bytes of `uuid`).
  ///
  /// Nothing of it is part of the archive before it is committed. Throws an `ArchiveError`, or what `next` throws; then
  /// nothing is staged.
  package func stage(_ day: Day, next: () throws -> RowSelection?) async throws -> StagedDay {
    var staging = DayStaging(day, storage: storage, settings: settings)
    do {
      while let selection = try next() { try await staging.append(selection) }
      return try await staging.finish()
    } catch {
      staging.abandon()
      throw (error as? StorageError).map(ArchiveError.storage) ?? error
    }
  }

  /// Drops a staged day that is not going to be committed.
  package func discard(_ staged: StagedDay) {
    for part in staged.parts { storage.discard(part.spool) }
  }

  /// The days whose rows the archive has in other formats than those that are written now; oldest first.
  package var daysToConvert: [Day] {
    (manifest?.partitions ?? []).filter { !$0.has(settings.formats) }.map(\.eventDate)
  }

  /// Days that also have files in formats that are not written any more: these stay until the day changes.
  package var daysInOldFormats: [Day] {
    (manifest?.partitions ?? []).filter {
      $0.has(settings.formats) && !$0.formats.isSubset(of: settings.formats)
    }
    .map(\.eventDate)
  }

  /// Whether every file of a day, in each of its formats, is as it was sealed. Rows are read from one format alone: that they
  /// are well says nothing of the others.
  package func isIntact(_ day: Day) throws(ArchiveError) -> Bool {
    for file in manifest?.partition(day)?.files ?? [] where try storage.flaw(of: file) != nil {
      return false
    }
    return true
  }

  /// Stages a day as the archive has it, in the formats that are written now.
  package func stageConverted(_ day: Day) async throws -> StagedDay {
    var reader = reader(of: day)
    return try await stage(day) { try reader.next().map { RowSelection($0) } }
  }

  // MARK: Committing

  /// Makes a change part of the archive, whole or not at all.
  ///
  /// After a failure only opening the archive anew can tell what the disk holds, so a writer whose commit threw
  /// throws the same at every later one. The archive then is, once opened, as before or as after this commit.
  ///
  /// Throws `.lockLost`, and commits nothing, when the lock was taken away.
  ///
  /// `made`: is called once the commit's record is in its place, also when this throws then, such as for want of room for
  /// the new manifest. `manifest` has the commit from that moment on.
  package func commit(
    _ change: Change, made: (Commit) -> Void = { _ in }
  ) throws(ArchiveError) -> Commit {
    try state.withLock { (state: inout State) throws(ArchiveError) -> Commit in
      if let failure = state.failure { throw failure }
      do throws(ArchiveError) {
        return try commit(change, &state, made)
      } catch {
        state.failure = error
        throw error
      }
    }
  }

  private func commit(
    _ change: Change, _ state: inout State, _ made: (Commit) -> Void
  ) throws(ArchiveError) -> Commit {
    precondition(Set(change.days.map(\.day)).count == change.days.count, "a day is staged once for a commit")
    let paths = ArchivePaths(source.log)
    try checkLock(paths)
    var (changed, unchanged): ([StagedDay], [StagedDay]) = ([], [])
    for staged in change.days {
      if try isPresent(staged, in: state.manifest) {
        unchanged.append(staged)
      } else {
        changed.append(staged)
      }
    }
    let opening = Opening(storage: storage, paths: paths)
    let plan = CommitPlan(
      change, days: changed,
      lost: try lostQuarantine(in: change.replaced, state.manifest, opening), after: state.manifest,
      source: source, toolVersion: settings.toolVersion)
    let record = ArchiveJSON.encode(plan.commit)
    let number = plan.commit.commit
    if let violation = opening.rules.violations(of: plan.commit, number: number, after: state.manifest).first
    {
      throw .invalidCommit(violation)
    }
    var manifest = state.manifest
    manifest.apply(plan.commit, sha256: sha256Hex(record))

    // Steps 2 to 6 of the format. Step 1, writing and syncing the parts, was staging.
    if state.manifest == nil { try opening.fixKind() }
    let intent = Intent(
      firstCommit: state.firstCommit, commit: number, files: Set(plan.commit.filesAdded + state.undeleted))
    do throws(StorageError) {
      try storage.replace(paths.intent, ArchiveJSON.encode(intent))
      state.isAnnounced = true
      try storage.put(plan.puts)
    } catch {
      throw .storage(error)
    }
    try checkLock(paths)
    do throws(StorageError) {
      // The signature first, and durable: no crash leaves a commit without the signature that it was to have. One that is
      // left without its commit goes in recovery.
      if let key = settings.signingKey {
        try storage.replace(paths.signature(number), key.signature(of: record))
      }
      do throws(StorageError) {
        try storage.create(paths.commit(number), record)  // this is the commit
      } catch {
        if isThere(record, at: paths.commit(number)) {
          state.manifest = manifest
          made(plan.commit)
        }
        throw error
      }
      state.manifest = manifest
      made(plan.commit)
      if let manifest { try storage.replace(paths.manifest, ArchiveJSON.encode(manifest)) }
    } catch {
      throw .storage(error)
    }
    // Tidying: the archive is complete.
    let lost = try stored(tidyReplaced(plan.commit, &state))
    for staged in unchanged { discard(staged) }
    if let lost { throw .lostAfterCommit(number, lost) }
    return plan.commit
  }

  /// What another run, which could take a new lock, does at the same time must not meet a commit of this one.
  private func checkLock(_ paths: ArchivePaths) throws(ArchiveError) {
    guard try stored(storage.isHeld(lock)) else { throw .lockLost(path: paths.lock) }
  }

  /// Deletes the files that a commit replaced, once those that it put there are seen to stand: until then they are the last
  /// copy of their days. Returns what is not there as it was sealed.
  private func tidyReplaced(_ commit: Commit, _ state: inout State) throws(StorageError) -> Finding? {
    let removed = Set(commit.filesRemoved + state.undeleted)
    state.undeleted = removed.sorted()
    for partition in commit.partitionsChanged where partition.changedInCommit == commit.commit {
      for file in partition.files {
        if let flaw = Flaw(of: try storage.entry(file.path), bytes: file.bytes, rows: file.rows) {
          return Finding(flaw, at: file.path, day: partition.eventDate, commit: commit.commit)
        }
      }
    }
    state.undeleted = removed.subtracting(storage.tidy(removed.sorted())).sorted()
    return nil
  }

  /// The run has come to its end, and tells what it did: its intent goes, but for what could not be deleted.
  ///
  /// After a failed commit the intent stays, and opening the archive anew does what it asks for.
  func end() {
    state.withLock { state in
      guard state.isAnnounced, state.failure == nil else { return }
      let paths = ArchivePaths(source.log)
      guard !state.undeleted.isEmpty else {
        storage.tidy([paths.intent, paths.beginning])
        return
      }
      let next = (state.manifest?.commit ?? 0) + 1
      let intent = Intent(firstCommit: next, commit: next, files: state.undeleted)
      do throws(StorageError) {
        try storage.replace(paths.intent, ArchiveJSON.encode(intent))
      } catch {
        // The one that is there still names what the last commit put there; that commit names what it removed.
      }
    }
  }

  /// Whether a record whose creation failed is in its place all the same, as when only its folder could not be synced.
  private func isThere(_ record: [UInt8], at path: String) -> Bool {
    do throws(StorageError) {
      return try storage.read(path) == record
    } catch {
      return false  // nobody can tell; the failure of the creation is the one to report
    }
  }

  /// The files of quarantine that a replacement of `window` gives up.
  private func lostQuarantine(
    in window: Window?, _ manifest: Manifest?, _ opening: Opening
  ) throws(ArchiveError) -> [QuarantineFile] {
    guard let window else { return [] }
    var lost: [QuarantineFile] = []
    for file in manifest?.quarantine ?? [] where try storage.flaw(of: file) != nil {
      let stored = opening.paths.quarantineName(file.path).flatMap { opening.runWindow($0.commit) }
      if stored.map(window.contains) ?? true { lost.append(file) }
    }
    return lost
  }

  /// Whether the archive has a staged day already: the same content, in all its formats, in files that are as they were
  /// sealed.
  private func isPresent(_ staged: StagedDay, in manifest: Manifest?) throws(ArchiveError) -> Bool {
    guard let present = manifest?.partition(staged.day) else { return staged.rows == 0 }
    guard present.contentSHA256 == staged.contentSHA256, present.has(Set(staged.parts.map(\.format)))
    else { return false }
    for file in present.files where try storage.flaw(of: file) != nil { return false }
    return true
  }
}
