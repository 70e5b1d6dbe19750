package import AuditRecord
import Synchronization

/// Writes the archive of one log. `Archive.withWriter` makes it; it is valid only within that call's body.
package final class ArchiveWriter: Sendable {
  package let source: ArchiveSource
  /// What recovery found and did.
  package let recovery: RecoveryReport

  private struct State {
    var manifest: Manifest?
    var failure: ArchiveError?
    /// The first commit of this run, or of earlier runs that did not report to their end.
    var firstCommit: Int
    /// Files that commits have removed and that could not be deleted, or that the table still names.
    var undeleted: [String] = []
    /// Files that commits have removed and that stay for readers of the table; with the first announcement of a commit also those
    /// that it removes.
    var kept: [SupersededFile]
    /// Whether the storage has an intent.
    var isAnnounced: Bool
    /// The versions of the two files that this run last read or wrote.
    var manifestFile: FileState
    var intentFile: FileState
    /// nil if the archive is no table, and before the first commit of one.
    var table: TableWriter?
    /// Whether the log had no day when the run began.
    var isNew: Bool
    /// Whether the newest commit is the last of a complete run.
    var isNewestComplete: Bool
  }

  let storage: any ArchiveStorage
  let scratch: Scratch
  let settings: WriterSettings
  /// The formats of new parts.
  private let formats: Set<PartFormat>
  private let lease: any Lease
  private let undeleted: @Sendable (StorageError) -> Void
  private let state: Mutex<State>
  let quarantine: Quarantine

  private var paths: ArchivePaths { storage.paths }

  init(
    source: ArchiveSource, recovered: Recovery.Result, storage: any ArchiveStorage, scratch: Scratch,
    settings: WriterSettings, lease: any Lease, undeleted: @escaping @Sendable (StorageError) -> Void
  ) {
    self.source = source
    self.recovery = recovered.report
    self.storage = storage
    self.scratch = scratch
    self.settings = settings
    self.lease = lease
    self.undeleted = undeleted
    let (manifest, report) = (recovered.manifest, recovered.report)
    let newest = manifest?.partitions.newestFormats ?? []
    let isTable = settings.isTable || recovered.table != nil
    formats = settings.formats ?? (isTable ? newest.union([.parquet]) : newest.isEmpty ? [.csv] : newest)
    let first = report.unreportedQuarantine.isEmpty ? nil : report.interrupted?.firstCommit
    self.state = Mutex(
      State(
        manifest: manifest, firstCommit: first ?? (manifest?.commit ?? 0) + 1,
        undeleted: report.undeleted, kept: report.kept,
        isAnnounced: report.interrupted != nil || report.unreadableIntent != nil,
        manifestFile: recovered.manifestFile, intentFile: recovered.intentFile, table: recovered.table,
        isNew: manifest?.partitions.isEmpty ?? true, isNewestComplete: recovered.isNewestComplete))
    self.quarantine = Quarantine(storage: storage, scratch: scratch)
  }

  /// The present state; nil before the first commit. Includes a commit as soon as its record is durable.
  package var manifest: Manifest? { state.withLock { $0.manifest } }

  /// Why checkpoints of the table were not written. It is complete without them.
  package var missingCheckpoints: [ArchiveError] { state.withLock { $0.table?.missingCheckpoints ?? [] } }

  /// Why commits are not appended to the table; nil if they are, and if the archive is no table.
  package var tableObstacle: TableObstacle? { state.withLock { $0.table?.obstacle } }

  // MARK: Rows

  /// Reads the archived rows of a day; none if the archive does not have the day.
  package func reader(of day: Day) -> DayReader {
    DayReader(manifest?.partition(day), storage: storage)
  }

  /// The archived rows of a day, in order. If this throws, discard everything made from the rows before.
  package func rows(of day: Day, each: (RowBatch) throws -> Void) async throws {
    var reader = reader(of: day)
    while let batch = try await reader.next() { try each(batch) }
  }

  /// Writes the rows of a day to staged parts, for a commit. `next` returns the rows sorted by `event_at` and the bytes of `uuid`.
  ///
  /// Throws an `ArchiveError` or what `next` throws, and then stages nothing.
  package func stage(_ day: Day, next: () async throws -> RowSelection?) async throws -> StagedDay {
    try await stage(day, settings, next: next)
  }

  private func stage(
    _ day: Day, _ settings: WriterSettings, next: () async throws -> RowSelection?
  ) async throws -> StagedDay {
    var staging = DayStaging(day, formats, scratch: scratch, settings: settings)
    do {
      while let selection = try await next() { try await staging.append(selection) }
      return try await staging.finish()
    } catch {
      staging.abandon()
      throw (error as? StorageError).map(ArchiveError.storage) ?? error
    }
  }

  /// Discards a staged day that will not be committed.
  package func discard(_ staged: StagedDay) {
    for part in staged.parts { scratch.discard(part.file) }
  }

  /// The days that lack one of the formats of new parts, oldest first.
  package var daysToConvert: [Day] {
    (manifest?.partitions ?? []).filter { !$0.has(formats) }.map(\.eventDate)
  }

  /// Formats of the archive's newest day that are not written any more. Readers of these files get no new days.
  package var formatsLeftOut: Set<PartFormat> {
    (manifest?.partitions.newestFormats ?? []).subtracting(formats)
  }

  /// Days that also have files in formats that are not written any more. These files stay until the day changes.
  package var daysInOldFormats: [Day] {
    (manifest?.partitions ?? []).filter { $0.has(formats) && !$0.formats.isSubset(of: formats) }
      .map(\.eventDate)
  }

  /// Whether every file of a day is as it was sealed, in each format. Reading the rows checks only one of the formats.
  package func isIntact(_ day: Day) async throws(ArchiveError) -> Bool {
    for file in manifest?.partition(day)?.files ?? [] where try await storage.problem(of: file) != nil {
      return false
    }
    return true
  }

  /// Stages an archived day in the formats of new parts.
  ///
  /// - Parameter share: how many days are staged at a time. They share the parallel compression.
  package func stageConverted(_ day: Day, share: Int = 1) async throws -> StagedDay {
    var settings = settings
    settings.compressionWidth = (settings.compressionWidth + share - 1) / share
    var reader = reader(of: day)
    return try await stage(day, settings) { try await reader.next().map { RowSelection($0) } }
  }

  /// The error of a run whose lease is known to be lost, which cancels its task; otherwise nil.
  package var leaseLoss: ArchiveError? {
    get async { await lease.standing == .lost ? .leaseLost(path: paths.lock) : nil }
  }

  // MARK: Committing

  /// Commits a change: all of it or nothing.
  ///
  /// After a failure, only recovery can find out whether the commit was made. So a writer whose commit has thrown throws the same error
  /// from every later one. Throws `.leaseLost`, and commits nothing, if the lease was lost. Calls must not overlap.
  ///
  /// - Parameter made: called once the commit's record is in place, even if this throws afterwards, for example because there is no
  ///   space for the manifest. `manifest` has the commit from then on.
  package func commit(
    _ change: Change, made: (Commit) -> Void = { _ in }
  ) async throws(ArchiveError) -> Commit {
    guard let commit = try await commitUnlessQuiet(change, within: .zero, made: made) else {
      preconditionFailure("no commit is younger than zero")
    }
    return commit
  }

  /// Like `commit`, with one exception: if the commit would only record that time has passed, and the newest commit is
  /// younger than `interval`, makes no commit and returns nil. A later run covers the same time.
  package func commitUnlessQuiet(
    _ change: Change, within interval: TimeSpan, made: (Commit) -> Void = { _ in }
  ) async throws(ArchiveError) -> Commit? {
    // On a copy of the state: no I/O inside the lock.
    var state = state.withLock(\.self)
    if let failure = state.failure { throw failure }
    do throws(ArchiveError) {
      let commit = try await commit(change, within: interval, &state) { commit, state in
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
    _ change: Change, within interval: TimeSpan, _ state: inout State, _ made: (Commit, State) -> Void
  ) async throws(ArchiveError) -> Commit? {
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
      lost: try await archiveState.lostQuarantine(in: change.replaced, state.manifest),
      after: state.manifest,
      source: source, toolVersion: settings.toolVersion)
    let number = plan.commit.commit
    let rules = await archiveState.rules(for: plan.commit)
    if let violation = rules.violations(of: plan.commit, number: number, after: state.manifest).first {
      throw .invalidCommit(violation)
    }
    if plan.isQuiet(within: interval, after: state.manifest, isNewestComplete: state.isNewestComplete),
      try await !beginsSigning(after: number - 1)
    {
      for staged in unchanged { discard(staged) }
      return nil
    }

    // Steps 2 to 6 of the format (Format.md). Staging was step 1.
    if state.manifest == nil { try await begin(archiveState, &state) }
    let files = Set(plan.commit.filesAdded + state.undeleted)
    if settings.keepSuperseded != nil { state.kept += plan.commit.supersededParts(paths) }
    // An intent that is there has to name the files of this commit, and no others. A commit that only removes files needs one, too:
    // recovery finds what is left to delete by it.
    if state.isAnnounced || !files.isEmpty || !state.kept.isEmpty || !plan.commit.filesRemoved.isEmpty {
      let intent = CommitIntent(
        firstCommit: state.firstCommit, commit: number, files: files, superseded: state.kept)
      try await announce(intent, &state)
    }
    try await stored(await storage.put(plan.puts))
    try await checkLease()
    let record = ArchiveJSON.encode(plan.commit)
    do throws(ArchiveError) {
      try await archiveState.create(record, number, key: settings.signingKey)  // this is the commit
    } catch {
      guard await exists(record, at: paths.commit(number)) else { throw error }
      state.manifest.apply(plan.commit, sha256: sha256Hex(record))
      made(plan.commit, state)
      throw error
    }
    let before = state.manifest
    let sha256 = sha256Hex(record)
    state.manifest.apply(plan.commit, sha256: sha256)
    state.isNewestComplete = plan.commit.run.complete
    made(plan.commit, state)
    if let manifest = state.manifest {
      if state.isNew, state.table == nil { state.table = try await newTable() }
      try await state.table?.append(plan.commit, sha256: sha256, before: before, after: manifest)
      let bytes = ArchiveJSON.encode(manifest)
      state.manifestFile = try await replace(paths.manifest, bytes, since: state.manifestFile, number)
    }
    // The archive is complete; the rest is tidying.
    let lost = try await tidyReplaced(plan.commit, &state)
    for staged in unchanged { discard(staged) }
    if let lost { throw .lostAfterCommit(number, lost) }
    return plan.commit
  }

  /// Fixes the kind of the archive before the first commit. Another log's run may have done so meanwhile.
  private func begin(_ archiveState: ArchiveState, _ state: inout State) async throws(ArchiveError) {
    try await archiveState.fixKind(isTable: settings.isTable)
    if state.table == nil, let table = try await archiveState.table() {
      guard formats.contains(.parquet) else { throw .tableNeedsParquet }
      state.table = try await TableWriter(table, storage)
    }
    guard state.table != nil || settings.keepSuperseded == nil else { throw .keepingNeedsTable }
  }

  /// The table that the archive has become during the first run of this log: a conversion waits only for logs with commits. It makes
  /// the archive a table and then reads the commits, this run makes a commit and then looks: one of the two sees the other.
  private func newTable() async throws(ArchiveError) -> TableWriter? {
    // The storage of this run may remember that there was no table.
    guard let table = try await ArchiveState(storage.storage(of: paths.log)).table() else { return nil }
    return try await TableWriter(table, storage)
  }

  /// Another run may have taken a new lease; the two must not both commit.
  private func checkLease() async throws(ArchiveError) {
    guard try await stored(await lease.isHeld()) else { throw .leaseLost(path: paths.lock) }
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

  /// Deletes the files that a commit replaced, and kept ones that are due, after a check that the new ones are in place: until then
  /// they are the last copy of their days. Returns a finding, and deletes nothing, if one is not.
  private func tidyReplaced(_ commit: Commit, _ state: inout State) async throws(ArchiveError) -> Finding? {
    let due = due(state, at: commit.committedAt)
    state.kept.removeAll { due.contains($0.path) }
    let removed = Set(commit.filesRemoved + state.undeleted).union(due).subtracting(state.kept.map(\.path))
    state.undeleted = removed.sorted()
    // Looking at each new file of a bucket takes a request, and nothing depends on them.
    if removed.isEmpty, commit.filesRemoved.isEmpty, !storage.isLocal { return nil }
    for partition in commit.partitionsChanged where partition.changedInCommit == commit.commit {
      for file in partition.files {
        let entry = try await stored(await storage.entry(file.path))
        if let problem = Finding.Problem(of: entry, bytes: file.bytes, rows: file.rows) {
          return Finding(problem, at: file.path, day: partition.eventDate, commit: commit.commit)
        }
      }
    }
    // After a loss that is the other run's to do.
    guard await lease.standing != .lost else { return nil }
    // The table still names these.
    let kept = state.table?.obstacle == nil ? [] : removed.filter { paths.isParquetPart($0) }
    let deleted = await storage.tidy(removed.subtracting(kept).sorted(), undeleted: undeleted)
    state.undeleted = removed.subtracting(deleted).sorted()
    return nil
  }

  /// The kept files whose time is over at a commit. Without those of damaged days, because they may be the last copy. None while the
  /// table cannot be appended to: it may still name them.
  private func due(_ state: State, at time: Timestamp) -> Set<String> {
    guard let span = settings.keepSuperseded, state.table?.obstacle == nil else { return [] }
    let over = Set(state.kept.filter { $0.since + span <= time }.map(\.path))
    guard !over.isEmpty else { return [] }
    let (named, damaged) = (state.manifest?.paths ?? [], recovery.damagedDays)
    return over.filter { path in
      !named.contains(path) && !(paths.partName(path).map { damaged.contains($0.day) } ?? true)
    }
  }

  /// Ends the run: deletes its intent, or reduces it to the files that are kept or could not be deleted.
  ///
  /// Keeps the intent after a failed commit, for the next run's recovery, and after a lost lease, because it may be another run's.
  func end() async {
    var state = state.withLock(\.self)
    guard state.isAnnounced || !state.undeleted.isEmpty, state.failure == nil,
      await lease.standing == .held
    else { return }
    guard !state.undeleted.isEmpty || !state.kept.isEmpty else {
      let intents = storage.isLocal ? [paths.intent, paths.beginning] : [paths.intent]
      _ = await storage.tidy(intents, undeleted: undeleted)
      return
    }
    let next = (state.manifest?.commit ?? 0) + 1
    do throws(ArchiveError) {
      let intent = CommitIntent(
        firstCommit: next, commit: next, files: state.undeleted, superseded: state.kept)
      try await announce(intent, &state)
    } catch {
      // The present intent still names what the last commit added, and that commit names what it removed.
    }
  }

  /// Whether a record is in place although its creation failed, for example because its folder could not be synced.
  private func exists(_ record: [UInt8], at path: String) async -> Bool {
    do throws(StorageError) {
      return try await storage.read(path)?.bytes == record
    } catch {
      return false  // unknown; the failure of the creation is reported
    }
  }

  /// Whether this run signs and the newest commit is not signed: somebody who begins to sign wants to see a signature.
  private func beginsSigning(after newest: Int) async throws(ArchiveError) -> Bool {
    guard settings.signingKey != nil else { return false }
    return try await stored(await storage.entry(paths.signature(newest))) == nil
  }

  /// Whether the archive already has a staged day: the same content in all its formats, in intact files.
  private func isPresent(_ staged: StagedDay, in manifest: Manifest?) async throws(ArchiveError) -> Bool {
    guard let present = manifest?.partition(staged.day) else { return staged.rows == 0 }
    guard present.contentSHA256 == staged.contentSHA256, present.has(Set(staged.parts.map(\.format)))
    else { return false }
    return try await isIntact(staged.day)
  }
}
