import AuditArchive
import AuditRecord
import CloudsmithAPI

/// Collects the rows of pages by day, has complete days sealed, and commits them.
///
/// Pages go in (`collect`), then the windows that the run has proven complete (`commitComplete`). Days that this completes
/// are sealed beside the walk. `CommitSchedule` decides when staged days are committed; the end of the run commits the
/// rest.
struct DayCommitter: ~Copyable {
  /// The outcome of all commits so far.
  struct Result: Sendable {
    /// The counters of all commits, added up.
    var counters = RunCounters()
    /// Numbers of the commits, oldest first.
    var commits: [Int] = []
    /// Days with a new revision, oldest first.
    var daysWritten: [Day] = []
    /// Rows that a replacement dropped.
    var rowsDropped = 0
    /// Days whose archived rows cannot be read.
    var damagedDays: [Day] = []
    /// Why a replacement was refused.
    var refusal: IncompleteReason?
    /// The end of the coverage that the run proved but did not record; nil if it recorded all.
    var unrecordedEnd: Timestamp?
  }

  let settings: ExportSettings
  let writer: ArchiveWriter
  let time: RunTime
  let observe: @Sendable (ExportEvent) -> Void

  private(set) var plan: ExportPlan
  private(set) var pending: PendingDays
  var evidence: ClaimEvidence
  /// The oldest event that the list shows, where the run has looked.
  var oldestShown: OldestShown?
  /// Counters since the last commit.
  var counters = RunCounters()
  var result = Result()

  private var redactor: Redactor?
  var schedule: CommitSchedule
  /// The days that are being sealed.
  private var sealing: (task: Task<SealingBatch.Result, Never>, footprint: Int)?
  /// The days that are sealed and wait for a commit.
  private var staged = StagedBatch()
  /// The commit that is made beside the walk.
  private var committing: RunningCommit?
  /// Whether a commit has recorded what the run reads again.
  private var areRereadsTold = false

  init(
    _ settings: ExportSettings, _ plan: ExportPlan, now: Timestamp, writer: ArchiveWriter, time: RunTime,
    observe: @escaping @Sendable (ExportEvent) -> Void
  ) {
    self.settings = settings
    self.writer = writer
    self.time = time
    self.observe = observe
    self.plan = plan
    pending = PendingDays(plan)
    evidence = ClaimEvidence(plan, writer.manifest, now: now)
    redactor = settings.redaction.map { Redactor($0) }
    schedule = CommitSchedule(at: time.began, textLimit: settings.commitTextLimit)
  }

  /// Starts over with another plan. Nothing may have been collected yet.
  mutating func follow(_ plan: ExportPlan, now: Timestamp) {
    self.plan = plan
    pending = PendingDays(plan)
    evidence = ClaimEvidence(plan, writer.manifest, now: now)
  }

  // MARK: - Rows

  /// Adds the rows of a page to their days, and its bad records to quarantine. Rows beyond `memoryLimit` go to the disk.
  ///
  /// What it keeps is redacted first. The walk sees the page as it was received.
  @discardableResult
  mutating func collect(_ page: Page) async throws -> PageView {
    let parsed = redactor?.redact(page.parsed) ?? page.parsed
    counters.flattening.add(parsed.counts)
    try await writer.quarantine(parsed.quarantined)
    let view = PageView(page)
    evidence.show(parsed.rows)
    if page.pagination.count == nil { evidence.noteUncounted() }
    let known = pending.add(parsed.rows)
    counters.duplicates += known.duplicates
    counters.conflictingEvents += known.conflicting
    let quarantined = await writer.quarantineFootprint
    if pending.footprint + (sealing?.footprint ?? 0) + quarantined > settings.memoryLimit {
      try await finishSealing()
      let writer = writer
      try await pending.spill(downTo: settings.memoryLimit - quarantined) { rows in
        var rows = rows
        return try await writer.spill { rows.next() }
      }
    }
    if committing?.isOver ?? false { try await finishCommit() }
    if schedule.isDue(at: time.elapsed) { try await commitDue() }
    return view
  }

  /// Compares the archived rows of the parts of `seen` that were read again with the rows received.
  mutating func compareArchive(in seen: Coverage) async throws {
    // A commit deletes what it replaces.
    try await finishCommit()
    for span in evidence.rereads.intersection(seen).intervals {
      for day in span.days.map(Array.init) ?? [] {
        do throws(ArchiveError) {
          var reader = writer.reader(of: day)
          while let batch = try await reader.next() {
            for row in 0..<batch.count
            where span.contains(batch.time(row)) && evidence.mustBeShown(batch.time(row)) {
              evidence.expect(
                batch.fingerprint(row), isShown: pending.compare(row, of: batch, in: day) != nil)
            }
          }
        } catch {
          // A day that cannot be read is reported when it is sealed.
          guard case .damaged = error else { throw error }
        }
      }
    }
    // An event whose time was corrected is kept once, as it was archived.
    let moved = pending.drop(evidence.missing)
    counters.conflictingEvents += moved.count
    evidence.noteMoved(moved)
  }

  // MARK: - Days

  /// Has the days sealed that `proven` completes: a window of which every event has been received.
  mutating func commitComplete(_ proven: Window) async throws {
    let complete = pending.takeComplete(with: proven)
    guard !complete.isEmpty else { return }
    // The end of the list may have been cut during the walk, so retention counts from now. The settle window counts from
    // the first answer.
    let answers = time.answers
    let kept = answers.now(at: time.elapsed) - settings.retention
    let settled = answers.now(at: time.began) - settings.settle
    try await seal(
      complete.map {
        (day: $0.day, rows: $0.rows, claim: evidence.claim($0.day, kept: kept, settled: settled))
      })
  }

  /// Has the rows of incomplete days sealed, without a claim: a later run may receive them again, and the union by uuid
  /// makes that harmless. A replacement takes whole days only.
  mutating func commitIncomplete() async throws {
    guard plan.replaced == nil else { return }
    try await seal(
      pending.takeIncomplete().map { (day: $0.day, rows: $0.rows, claim: []) }, claimsQuiet: false)
  }

  /// Commits all that is left, and what the run as a whole has found.
  ///
  /// - Parameter isWhole: whether every window of the plan has been shown to be complete.
  mutating func finish(isWhole: Bool) async throws {
    let late = pending.takeLate()
    if !late.isEmpty {
      try await seal(late.map { (day: $0.day, rows: $0.rows, claim: []) }, claimsQuiet: false)
    }
    try await finishSealing()
    try await finishCommit()
    if counters.vanishedEvents > 0 || (writer.manifest == nil && staged.isEmpty) {
      staged.isCommittedQuiet = true
    }
    try await commitStaged(
      isComplete: isWhole && evidence.reason == nil && (pending.isEmpty || evidence.isNothingVisible))
    try await finishCommit()
  }

  /// Commits where the archive begins, without any day.
  mutating func commitStart() async throws {
    staged.isCommittedQuiet = true
    try await commitStaged(isComplete: true)
    try await finishCommit()
  }

  /// Commits what a run that stops has staged.
  ///
  /// - Returns: why the run stops: `error`, unless the archive fails now and did not before.
  mutating func keepStaged(after error: any Error) async -> any Error {
    var reason = error
    for step in 0..<2 {
      do {
        if step == 0 {
          try await finishSealing()
        } else {
          try await commitStaged(isComplete: false)
          try await finishCommit()
        }
      } catch {
        if !(reason is ArchiveError) { reason = error }
      }
      // The last day makes room for what a commit writes beside the days.
      if step == 0, isLackOfSpace(reason), let day = staged.giveUpLast() { writer.discard(day) }
    }
    return reason
  }

  private func isLackOfSpace(_ error: any Error) -> Bool {
    guard case ArchiveError.storage(let error) = error else { return false }
    return [.full, .quota, .noInodes].contains(error.reason)
  }

  // MARK: - Sealing

  /// Has days sealed beside what comes next, once the days before them are.
  private mutating func seal(
    _ days: [SealingBatch.CompleteDay], claimsQuiet: Bool = true
  ) async throws {
    try await finishSealing()
    staged.withdraw(evidence.takeWithdrawn())
    let read = days.filter { !$0.rows.isEmpty }.map(\.day)
    if read.contains(where: { needs(staged, before: $0) }) { try await commitStaged() }
    if let committing, read.contains(where: { needs(committing.batch, before: $0) }) {
      try await finishCommit()
    }
    let batch = SealingBatch(
      days, replacing: plan.replaced, isCounted: evidence.isCounted,
      allowsMassRemoval: settings.allowsMassRemoval, claimsQuiet: claimsQuiet, writer: writer,
      reportDamage: { [observe] in observe(.damaged($0, $1)) })
    sealing = (Task(executorPreference: BlockingThreads.shared) { await batch.run() }, batch.footprint)
  }

  /// Whether a batch must be committed before rows of `day` can be sealed: sealing reads the archived rows of the day and,
  /// where some of it is covered, of the days around it.
  private func needs(_ batch: StagedBatch, before day: Day) -> Bool {
    guard !batch.isEmpty else { return false }
    let covered = writer.manifest?.coverage ?? Coverage()
    return batch.touches(day) || !covered.intersection(day.window).isEmpty
  }

  /// Waits for the days that are being sealed and stages them. Commits if a commit is due.
  private mutating func finishSealing() async throws {
    guard let sealing else { return }
    self.sealing = nil
    let sealed = await sealing.task.value
    result.damagedDays += sealed.damagedDays
    result.refusal = sealed.refusal ?? result.refusal
    staged.add(sealed.staged)
    schedule.stage(textBytes: sealed.staged.textBytes)
    if let failure = sealed.failure { throw failure }
    if schedule.isDue(at: time.elapsed) { try await commitStaged() }
  }

  // MARK: - Commits

  /// Commits the staged days and those being sealed.
  private mutating func commitDue() async throws {
    try await finishSealing()
    if !staged.isEmpty, schedule.isDue(at: time.elapsed) { try await commitStaged() }
  }

  private mutating func commitStaged() async throws {
    try await commitStaged(isComplete: pending.isEmpty && evidence.reason == nil)
  }

  /// Begins the commit of the staged days, bad records and withdrawn claims, if there are any, once the commit before it is made.
  private mutating func commitStaged(isComplete: Bool) async throws {
    try await finishCommit()
    staged.withdraw(evidence.takeWithdrawn())
    var change = Change(committedAt: time.now, lookback: settings.lookback)
    let staged = staged
    // Whatever fails from here on, these days cannot be committed any more.
    self.staged = StagedBatch()
    change.quarantine = try await writer.takeQuarantine()
    guard !staged.isEmpty || change.quarantine != nil else { return }
    counters.complete = isComplete && result.damagedDays.isEmpty && result.refusal == nil
    change.run = staged.counters
    change.run.add(counters)
    change.days = staged.days
    change.covered = staged.claims.intervals
    change.withdrawn = staged.withdrawn.intervals
    change.readSince = time.start
    change.reach = plan.claimable.from
    change.start = plan.start
    if !areRereadsTold { change.rereads = evidence.rereads.intervals }
    change.oldestShown = oldestShown
    if plan.replaced != nil, counters.complete { change.replaced = plan.span }
    var interval = TimeSpan.zero
    if case .incremental = settings.request { interval = settings.quietCommitInterval }
    committing = RunningCommit(change, of: staged, counters, unlessQuietWithin: interval, writer: writer) {
      [observe] in
      observe(.committed($0))
    }
    let recorded = counters
    counters = RunCounters()
    counters.window = recorded.window
    counters.timeFilter = recorded.timeFilter
    areRereadsTold = true
    schedule.commit(at: time.elapsed)
  }

  /// Waits for the commit that is being made. Counters of a commit that is not made go to the next one.
  private mutating func finishCommit() async throws {
    guard let committing else { return }
    self.committing = nil
    let done = await committing.result
    if let commit = done.made {
      note(commit)
      result.rowsDropped += committing.batch.rowsDropped
    } else if done.failure == nil {
      let shown = max(committing.batch.claims.end ?? .earliest, result.unrecordedEnd ?? .earliest)
      result.unrecordedEnd = shown > writer.manifest?.coverage.end ?? .earliest ? shown : nil
      result.counters.add(committing.batch.counters)
      result.counters.add(committing.counters)
    } else {
      var recorded = committing.counters
      recorded.add(counters)
      counters = recorded
    }
    if let failure = done.failure { throw failure }
  }

  private mutating func note(_ commit: Commit) {
    result.counters.add(commit.run)
    result.commits.append(commit.commit)
    let written = commit.partitionsChanged.filter { $0.changedInCommit == commit.commit && $0.revision > 0 }
      .map { $0.eventDate }
    result.daysWritten = Set(result.daysWritten + written).sorted()
  }
}
