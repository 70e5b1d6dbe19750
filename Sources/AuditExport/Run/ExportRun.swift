package import AuditArchive
import AuditRecord
package import CloudsmithAPI
package import HTTP

/// One run: plan the windows, walk the list, commit the days, and report.
///
/// `PageFetcher` asks for pages, `DayCommitter` takes their rows to the archive, and `PageWalk`, `PageSeek` and
/// `FilteredWalk` decide what to read next. The run is the script that connects them.
package struct ExportRun: ~Copyable {
  let settings: ExportSettings
  let time: RunTime
  let writer: ArchiveWriter
  let observe: @Sendable (ExportEvent) -> Void
  private let standing: ExportPlan.PlanInput?

  var fetcher: PageFetcher
  var committer: DayCommitter
  /// Page 1 as it was when the run began. Every search begins with it.
  private(set) var head: PageView?
  /// The page that was read last, until a walk uses it.
  var held: PageView?
  var outcome = ExportSummary.Outcome.complete

  /// The redaction of the settings must be that of the writer's source. Otherwise, values would be stored that must not be.
  ///
  /// - Parameters:
  ///   - client: of the log that `writer` was opened for.
  ///   - clock: the clock that `client` uses too.
  ///   - writer: must stay open until `run` returns.
  ///   - observe: called for each event of the run, from the run's task and from sealing tasks; it should return quickly.
  package init(
    _ settings: ExportSettings, client: AuditLogClient, clock: any RunClock, writer: ArchiveWriter,
    observe: @escaping @Sendable (ExportEvent) -> Void
  ) {
    precondition(
      writer.source.redaction == settings.redaction?.policy, "a run stores what its archive records")
    self.settings = settings
    self.writer = writer
    self.observe = observe
    time = RunTime(client, clock)
    standing = writer.manifest.map { ExportPlan.PlanInput($0) }
    fetcher = PageFetcher(settings, time)
    let now = client.now
    committer = DayCommitter(
      settings, ExportPlan(settings, standing: standing, now: now), now: now, writer: writer, time: time,
      observe: observe)
  }

  /// Runs until the plan is archived or something stops the run. Commits what was received in both cases.
  ///
  /// Never throws: the summary carries the failure. Cancelling the task stops the run after the request in flight; the loss of the
  /// lease does that, too, and is then the failure.
  package consuming func run() async -> ExportSummary {
    do {
      do {
        try await work()
      } catch {
        throw await committer.keepStaged(after: error)
      }
      if let refusal = committer.result.refusal { outcome = .incomplete(refusal) }
    } catch let error as APIError {
      outcome = .stoppedByAPI(error)
    } catch let error as ArchiveError {
      outcome = .stoppedByArchive(error)
    } catch {
      outcome = .stoppedByAPI(.cancelled)
    }
    if case .stoppedByAPI(.cancelled) = outcome, let loss = await writer.leaseLoss {
      outcome = .stoppedByArchive(loss)
    }
    fetcher.countRequests(&committer.counters)
    return summary()
  }

  private mutating func work() async throws {
    try await committer.convert()
    if committer.plan.beginsNow {
      try await beginNow()
      observe(.planned(committer.plan))
      return
    }
    try await planByAnswers()
    if let instant = settings.request.future(now: time.now) {
      outcome = .requestInFuture(instant, now: time.now)
      return
    }
    observe(.planned(committer.plan))
    if let span = committer.plan.span { try await fetchWindows(in: span) }
  }

  // MARK: - The plan

  /// Records where the archive begins. A wrong key or name fails now, not in the first night.
  private mutating func beginNow() async throws {
    try await fetcher.probe()
    fetcher.countRequests(&committer.counters)
    replan()
    try await committer.commitStart()
  }

  /// Plans with the API's clock from the first page. Where the plan would claim more than every
  /// Cloudsmith plan keeps, looks up the oldest event that the list shows; older events may be gone.
  private mutating func planByAnswers() async throws {
    guard let first = try await fetcher.page(1, counting: &committer.counters) else { return }
    replan()
    var others: [Page] = []
    if committer.plan.claimsMoreThanEveryPlanKeeps {
      var ends = ListEnds(PageView(first), kept: time.now - settings.retention)
      while let number = ends.next {
        let page = try await fetcher.page(number, counting: &committer.counters)
        if let page { others.append(page) }
        ends.receive(page.map { PageView($0) }, number: number)
      }
      if let oldest = ends.oldest {
        committer.oldestShown = OldestShown(eventAt: oldest, seenAt: time.now)
      }
      replan(oldestVisible: ends.oldest ?? time.now)
    }
    for page in others { try await committer.collect(page) }
    head = try await committer.collect(first)
    held = head
  }

  private mutating func replan(oldestVisible: Timestamp? = nil) {
    let now = time.start
    committer.follow(
      ExportPlan(settings, standing: standing, now: now, oldestVisible: oldestVisible), now: now)
  }

  // MARK: - The summary

  private func summary() -> ExportSummary {
    let committed = committer.result
    var summary = ExportSummary(plan: committer.plan, outcome: outcome, counters: committed.counters)
    // A run that fails accounts for what it received, asked and waited for since its last commit, too.
    summary.counters.add(committer.counters)
    if case .complete = outcome { summary.counters.complete = committed.counters.complete }
    summary.pagesReceived = fetcher.pagesReceived
    summary.commits = committed.commits
    summary.daysWritten = committed.daysWritten
    summary.rowsDropped = committed.rowsDropped
    summary.unrecordedEnd = committed.unrecordedEnd
    summary.clockLead = clockLead
    summary.isClockTold = time.answers.isTold
    summary.isNothingVisible = committer.evidence.isNothingVisible
    summary.unreportedQuarantined = writer.recovery.unreportedQuarantine.reduce(0) { $0 + $1.records }
    summary.manifest = writer.manifest
    let damaged = writer.recovery.damaged.filter { isStillThere($0) }
    summary.isDamaged = !committed.damagedDays.isEmpty || !damaged.isEmpty
    summary.damagedFiles = damaged
    summary.tableObstacle = writer.tableObstacle
    summary.damagedDays = Set(committed.damagedDays + damaged.compactMap(\.day)).sorted()
    return summary
  }

  /// Whether a file that was damaged when the archive was opened is still part of it: this run has not replaced it.
  private func isStillThere(_ file: Finding) -> Bool {
    guard let day = file.day else {
      let isQuarantine = ArchivePaths(writer.source.log).quarantineName(file.path) != nil
      return !isQuarantine || writer.manifest?.quarantine.contains { $0.path == file.path } ?? false
    }
    return writer.manifest?.partition(day)?.files.contains { $0.path == file.path } ?? false
  }

  /// By how much this machine's clock is ahead of the API's; zero within the tolerance.
  private var clockLead: TimeSpan {
    guard let lead = time.client.counters.clockLead,
      max(lead, .zero - lead) > ExportSummary.clockTolerance
    else { return .zero }
    return lead
  }
}
