package import AuditArchive
import AuditRecord
package import CloudsmithAPI

/// One run: plan the windows, walk the list, commit each day when it is complete, summarise.
package struct ExportRun: ~Copyable {
  let settings: ExportSettings
  let client: AuditLogClient
  private let pages: PagesAhead
  private let clock: any RunClock
  private let writer: ArchiveWriter
  let observe: @Sendable (ExportEvent) -> Void

  /// When the run began: all windows are reckoned from this instant.
  private let now: Timestamp
  private let standing: ExportPlan.Standing?
  var plan: ExportPlan
  var pending: PendingDays
  /// The page that was read last.
  var held: PageView?
  /// Page 1, as the choice of a way to an old window saw it.
  var head: PageView?
  /// nil until it is measured.
  var filterVerdict: FilterVerdict?
  /// What has happened since the last days were closed.
  var counters = RunCounters()
  /// Events received in all, those of pages that were read again too.
  private(set) var eventsReceived = 0
  /// The days that are being sealed and committed.
  private var closing: (task: Task<Result<Closing.Result, any Error>, Never>, footprint: Int)?
  private var quarantine: [QuarantinedRecord] = []
  private var counted = ClientCounters()
  var summary: ExportSummary

  package init(
    _ settings: ExportSettings, client: AuditLogClient, clock: any RunClock, writer: ArchiveWriter,
    observe: @escaping @Sendable (ExportEvent) -> Void
  ) {
    self.settings = settings
    self.client = client
    pages = PagesAhead(
      client, size: settings.pageSize, query: settings.query, limit: settings.maxConcurrentRequests)
    self.clock = clock
    self.writer = writer
    self.observe = observe
    now = clock.now
    standing = writer.manifest.map { ExportPlan.Standing($0) }
    plan = ExportPlan(settings, standing: standing, now: now)
    pending = PendingDays(plan)
    summary = ExportSummary(plan: plan, outcome: .complete, counters: RunCounters())
  }

  /// Runs to the end, or to what stops it; never throws, because what was done has to be told in both cases.
  package consuming func run() async -> ExportSummary {
    do {
      do {
        try await work()
      } catch {
        try await finishClosing()
        throw error
      }
      try await finishClosing()
    } catch let error as APIError {
      summary.outcome = .stoppedByAPI(error)
    } catch let error as ArchiveError {
      summary.outcome = .stoppedByArchive(error)
    } catch {
      summary.outcome = .stoppedByAPI(.cancelled)
    }
    summary.plan = plan
    summary.clockLead = clockLead
    summary.manifest = writer.manifest
    let damaged = writer.recovery.damaged.filter { isStillThere($0) }
    summary.isDamaged = !summary.damagedDays.isEmpty || !damaged.isEmpty
    summary.damagedFiles = damaged
    summary.damagedDays = Set(summary.damagedDays + damaged.compactMap(\.day)).sorted()
    return summary
  }

  private mutating func work() async throws {
    try await convert()
    try await consultList()
    if plan.beginsNow {
      try await beginNow()
      observe(.planned(plan))
    } else {
      observe(.planned(plan))
    }
    if let span = plan.span { try await fetch(span) }
  }

  /// Writes the days that the archive has in other formats than those asked for in these too, from what it has: each in a
  /// commit of its own, so that little is done again after a crash.
  private mutating func convert() async throws {
    for day in writer.daysToConvert {
      if Task.isCancelled { throw APIError.cancelled }
      do {
        var change = Change(committedAt: clock.now, lookback: settings.lookback)
        change.days = [try await writer.stageConverted(day)]
        let commit = try writer.commit(change)
        summary.commits.append(commit.commit)
        summary.daysWritten.append(day)
        observe(.converted(day))
      } catch let error as ArchiveError {
        guard case .damaged = error else { throw error }
        summary.damagedDays.append(day)
        observe(.damaged(day, error))
      }
    }
  }

  /// Whether what opening found damaged is still part of the state, and not replaced by this run.
  private func isStillThere(_ file: DamagedFile) -> Bool {
    guard let day = file.day else {
      let isQuarantine = ArchivePaths(writer.source.log).quarantineName(file.path) != nil
      return !isQuarantine || writer.manifest?.quarantine.contains { $0.path == file.path } ?? false
    }
    return writer.manifest?.partition(day)?.files.contains { $0.path == file.path } ?? false
  }

  /// Plans anew with the oldest event that the API shows, where the plan would claim more than every plan of Cloudsmith
  /// keeps: what is older than that event may be gone.
  private mutating func consultList() async throws {
    guard plan.claimsMoreThanEveryPlanKeeps, let first = try await read(1) else { return }
    head = first
    var ends = ListEnds(first)
    while let number = ends.next {
      ends.receive(try await read(number), number: number)
    }
    plan = ExportPlan(settings, standing: standing, now: now, oldestVisible: ends.oldest ?? now)
    pending = PendingDays(plan)
    held = nil
  }

  /// Lays down where the archive begins. One event is asked for and thrown away, so that a wrong key or name shows now
  /// and not in the first night.
  private mutating func beginNow() async throws {
    _ = try await client.page(1, size: 1, query: settings.query)
    countRequests()
    plan = ExportPlan(settings, standing: standing, now: now - clockLead)
    try await close([], isComplete: true)
    try await finishClosing()
  }

  // MARK: - The walk

  private mutating func fetch(_ span: Window) async throws {
    counters.window = span
    var doubt: PageWalk.Doubt?
    do {
      if settings.timeFilter == .walk {
        doubt = try await walk(PageWalk(downTo: span.from), span)
      } else {
        for window in plan.wanted.intervals.reversed() where !pending.isProven(window) {
          guard let rest = try await fetchFiltered(window) else { continue }
          let page = try await seek(rest)
          doubt = try await walk(PageWalk(from: page, before: rest.to, downTo: rest.from), rest) ?? doubt
        }
      }
    } catch APIError.waitTooLong(let refusal) {
      try await commitIncomplete()
      throw APIError.waitTooLong(refusal)
    }
    if let doubt {
      try await commitIncomplete()
      summary.outcome = .incomplete(doubt)
    } else if !quarantine.isEmpty {
      try await close([], isComplete: false)
    }
  }

  /// The page from which a walk sees all of the window.
  private mutating func seek(_ window: Window) async throws -> Int {
    var seek = PageSeek(before: window.to)
    while case .read(let number) = seek.next {
      // The choice of the way has just read page 1.
      let page = if let held, held.number == number { held } else { try await read(number) }
      if let page { seek.receive(page) } else { seek.receivePastTheEnd() }
    }
    guard case .found(let page) = seek.next else { return 1 }
    return page
  }

  /// Walks through a window and commits its days as they are complete; what it returns keeps the rest from being claimed.
  private mutating func walk(_ start: PageWalk, _ window: Window) async throws -> PageWalk.Doubt? {
    var walk = start
    var reread = 0
    var pagesLeft = 0
    defer { pages.stop() }
    while case .read(let number) = walk.next {
      // What seeking has just read need not be asked for again.
      let page =
        if let held, held.number == number { held } else { try await read(number, expecting: pagesLeft) }
      held = nil
      counters.timeFilter = walk.firstPage == 1 ? counters.timeFilter ?? "walk" : "seek"
      if let page {
        walk.receive(page)
        // What is in doubt is read again page by page, each after the answer to the one before.
        pagesLeft = walk.doubt == nil ? page.pagesLeft(downTo: window.from) - 1 : 0
        observe(.page(progress(of: walk, at: page, window)))
      } else {
        walk.receivePastTheEnd()
      }
      if let doubt = walk.doubt, walk.pagesReread > reread {
        reread = walk.pagesReread
        observe(.rereading(doubt))
      }
      if let from = walk.completeFrom {
        try await commitComplete(Window(from: from, to: walk.firstPage == 1 ? .latest : window.to))
      }
    }
    if case .finished(.unproven(let doubt)) = walk.next { return doubt }
    return nil
  }

  /// Reads a page and collects what is on it; nil past the end of the list.
  mutating func read(_ number: Int, expecting more: Int = 0) async throws -> PageView? {
    if Task.isCancelled { throw APIError.cancelled }
    defer { countRequests() }
    guard case .page(let page) = try await pages.page(number, expecting: more) else { return nil }
    try await collect(page)
    held = PageView(page)
    return held
  }

  mutating func collect(_ page: Page) async throws {
    counters.eventsReceived += page.parsed.recordCount
    eventsReceived += page.parsed.recordCount
    counters.flattening.add(page.parsed.counts)
    quarantine += page.parsed.quarantined
    let known = pending.add(page.parsed.rows)
    counters.duplicates += known.duplicates
    counters.conflictingEvents += known.conflicting
    if pending.footprint + (closing?.footprint ?? 0) > settings.memoryLimit {
      try await finishClosing()
      let writer = writer
      try await pending.spill(downTo: settings.memoryLimit) { rows in
        var rows = rows
        return try await writer.spill { rows.next() }
      }
    }
  }

  mutating func countRequests() {
    let now = client.counters
    counters.requests += now.requests - counted.requests
    counters.retries += now.retries - counted.retries
    counters.secondsWaited += now.waited.seconds - counted.waited.seconds
    counted = now
  }

  private func progress(of walk: PageWalk, at page: PageView, _ span: Window) -> ExportEvent.Progress {
    ExportEvent.Progress(
      page: page.number, pagesInList: page.pagination.pageTotal,
      events: eventsReceived, reached: walk.completeFrom,
      span: span)
  }

  // MARK: - Commits

  /// Takes note that a window was received as a whole, and closes the days that this completes.
  mutating func commitComplete(_ proven: Window) async throws {
    let complete = pending.takeComplete(with: proven)
    guard !complete.isEmpty else { return }
    try await close(
      complete.map { (day: $0.day, rows: $0.rows, claim: claim(for: $0.day)) }, isComplete: pending.isEmpty)
  }

  /// By how much this machine's clock is ahead of the API's; zero where the two are as good as one.
  private var clockLead: TimeSpan {
    guard let lead = client.counters.clockLead, lead > ExportSummary.clockTolerance else { return .zero }
    return lead
  }

  /// What the API kept while the walk was under way, for the tail may have been cut since it began, and what had
  /// happened by its own clock.
  private func claim(for day: Day) -> [Window] {
    let settled = now - clockLead - settings.settle
    let kept = Window(from: clock.now - settings.retention, to: clockLead == .zero ? .latest : settled)
    return plan.claim(for: day).map { $0.intersection(kept) }.filter { !$0.isEmpty }
  }

  /// Keeps what has been received of days that are not complete. Without coverage nothing is claimed, and the union by
  /// uuid makes it harmless to receive it again. A replacement takes only whole days.
  private mutating func commitIncomplete() async throws {
    guard plan.replaced == nil else { return }
    try await close(
      pending.takeIncomplete().map { (day: $0.day, rows: $0.rows, claim: []) }, isComplete: false,
      claimsQuiet: false)
  }

  /// Has days sealed and committed beside what comes next, once those before them are.
  private mutating func close(
    _ days: [(day: Day, rows: DayRows, claim: [Window])], isComplete: Bool, claimsQuiet: Bool = true
  ) async throws {
    var change = Change(committedAt: clock.now, lookback: settings.lookback)
    try await finishClosing()
    counters.complete = isComplete && summary.damagedDays.isEmpty
    change.run = counters
    change.readSince = now - clockLead
    change.reach = plan.claimable.from
    change.start = plan.start
    change.quarantine = quarantine
    if plan.replaced != nil { change.replaced = plan.span }
    let closing = Closing(
      days, replacing: plan.replaced, change, claimsQuiet: claimsQuiet, writer: writer, observe: observe)
    self.closing = (
      Task {
        do { return .success(try await closing.run()) } catch { return .failure(error) }
      }, closing.footprint
    )
    counters = RunCounters()
    counters.window = change.run.window
    counters.timeFilter = change.run.timeFilter
    counters.filterVerdict = change.run.filterVerdict
    quarantine = []
  }

  /// Waits for the days that are being closed, and takes note of what became of them.
  private mutating func finishClosing() async throws {
    guard let task = closing?.task else { return }
    closing = nil
    let result = try await task.value.get()
    summary.rowsDropped += result.rowsDropped
    summary.damagedDays += result.damagedDays
    guard let commit = result.commit else { return }
    summary.counters.add(commit.run)
    summary.commits.append(commit.commit)
    let written = commit.partitionsChanged.filter { $0.changedInCommit == commit.commit && $0.revision > 0 }
      .map { $0.eventDate }
    summary.daysWritten = Set(summary.daysWritten + written).sorted()
  }
}
