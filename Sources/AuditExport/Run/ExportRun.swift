package import AuditArchive
import AuditRecord
package import CloudsmithAPI

/// One run: plan the windows, walk the list, stage each day when it is complete, commit the staged days when `CommitSchedule`
/// says so and when the run ends, however it ends, summarise.
package struct ExportRun: ~Copyable {
  let settings: ExportSettings
  let client: AuditLogClient
  private let pages: PagesAhead
  private let clock: any RunClock
  private let writer: ArchiveWriter
  let observe: @Sendable (ExportEvent) -> Void

  /// When the run began, on the clock that only grows.
  private let began: TimeSpan
  private let standing: ExportPlan.Standing?
  var plan: ExportPlan
  var pending: PendingDays
  var evidence: ClaimEvidence
  /// Page 1, as it was when the run began: every search begins with it.
  private(set) var head: PageView?
  /// The page that was read last and that nothing has made use of yet.
  private var held: PageView?
  private var oldestShown: OldestShown?
  /// What has happened since the last commit.
  var counters = RunCounters()
  /// Events received in all, those of pages that were read again too.
  private(set) var eventsReceived = 0
  /// The days that are being sealed.
  private var closing: (task: Task<Closing.Result, Never>, footprint: Int)?
  /// The days that are sealed.
  private var staged = StagedBatch()
  private var schedule: CommitSchedule
  /// Whether a commit has said what the run reads again.
  private var areRereadsTold = false
  private var counted: ClientCounters
  private var refusal: IncompleteReason?
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
    began = clock.elapsed
    schedule = CommitSchedule(at: began, textLimit: settings.commitTextLimit)
    standing = writer.manifest.map { ExportPlan.Standing($0) }
    counted = ClientCounters(now: clock.now, elapsed: began)
    plan = ExportPlan(settings, standing: standing, now: client.now)
    pending = PendingDays(plan)
    evidence = ClaimEvidence(plan, writer.manifest, now: client.now)
    summary = ExportSummary(plan: plan, outcome: .complete, counters: RunCounters())
  }

  /// Runs to the end, or to what stops it; never throws, because what was done has to be told in both cases.
  package consuming func run() async -> ExportSummary {
    do {
      do {
        try await work()
      } catch {
        throw await keepStaged(after: error)
      }
      if let refusal { summary.outcome = .incomplete(refusal) }
    } catch let error as APIError {
      summary.outcome = .stoppedByAPI(error)
    } catch let error as ArchiveError {
      summary.outcome = .stoppedByArchive(error)
    } catch {
      summary.outcome = .stoppedByAPI(.cancelled)
    }
    countRequests()
    countUncommitted()
    summary.plan = plan
    summary.clockLead = clockLead
    summary.isClockTold = client.counters.clock.isTold
    summary.isNothingVisible = evidence.isNothingVisible
    summary.untoldQuarantined = writer.recovery.untoldQuarantine.reduce(0) { $0 + $1.records }
    summary.manifest = writer.manifest
    let damaged = writer.recovery.damaged.filter { isStillThere($0) }
    summary.isDamaged = !summary.damagedDays.isEmpty || !damaged.isEmpty
    summary.damagedFiles = damaged
    summary.damagedDays = Set(summary.damagedDays + damaged.compactMap(\.day)).sorted()
    return summary
  }

  /// Adds what was received, asked and waited for since the last commit: a run that fails accounts for it all the same.
  private mutating func countUncommitted() {
    let isComplete = summary.counters.complete
    summary.counters.add(counters)
    if case .complete = summary.outcome { summary.counters.complete = isComplete }
  }

  private mutating func work() async throws {
    try await convert()
    if plan.beginsNow {
      try await beginNow()
      observe(.planned(plan))
      return
    }
    try await planByAnswers()
    if let time = settings.request.future(now: client.now) {
      summary.outcome = .requestInFuture(time, now: client.now)
      return
    }
    observe(.planned(plan))
    if let span = plan.span { try await fetchWindows(in: span) }
  }

  /// Writes the days that the archive has in other formats than those asked for in these too, from what it has.
  private mutating func convert() async throws {
    var converted: [StagedDay] = []
    do {
      for day in writer.daysToConvert {
        if Task.isCancelled { throw APIError.cancelled }
        do {
          let staged = try await writer.stageConverted(day)
          converted.append(staged)
          schedule.stage(textBytes: staged.textBytes)
        } catch ArchiveError.damaged(let file) {
          summary.damagedDays.append(day)
          observe(.damaged(day, .damaged(file)))
        }
        if schedule.isDue(at: clock.elapsed) { try await commitConverted(&converted) }
      }
    } catch {
      try await commitConverted(&converted)
      throw error
    }
    try await commitConverted(&converted)
  }

  private mutating func commitConverted(_ converted: inout [StagedDay]) async throws {
    guard !converted.isEmpty else { return }
    var change = Change(committedAt: client.now, lookback: settings.lookback)
    swap(&change.days, &converted)
    let days = change.days.map(\.day)
    var number: Int?
    defer {
      if let number {
        schedule.commit(at: clock.elapsed)
        summary.commits.append(number)
        summary.daysWritten += days
        observe(.converted(days))
      }
    }
    _ = try await writer.commit(change) { number = $0.commit }
  }

  /// Whether what opening found damaged is still part of the state, and not replaced by this run.
  private func isStillThere(_ file: Finding) -> Bool {
    guard let day = file.day else {
      let isQuarantine = ArchivePaths(writer.source.log).quarantineName(file.path) != nil
      return !isQuarantine || writer.manifest?.quarantine.contains { $0.path == file.path } ?? false
    }
    return writer.manifest?.partition(day)?.files.contains { $0.path == file.path } ?? false
  }

  // MARK: - The plan

  /// Lays down where the archive begins. One event is asked for and thrown away, so that a wrong key or name shows now
  /// and not in the first night.
  private mutating func beginNow() async throws {
    _ = try await client.page(1, size: 1, query: settings.query)
    countRequests()
    replan()
    staged.isCommittedQuiet = true
    try await commitStaged(isComplete: true)
  }

  /// Plans with what the first page tells: the time by the API's clock, and, where the plan would claim more than every plan
  /// of Cloudsmith keeps, the oldest event that is shown. What is older than that may be gone.
  private mutating func planByAnswers() async throws {
    guard let first = try await ask(1) else { return }
    replan()
    var others: [Page] = []
    if plan.claimsMoreThanEveryPlanKeeps {
      var ends = ListEnds(PageView(first), kept: client.now - settings.retention)
      while let number = ends.next {
        let page = try await ask(number)
        if let page { others.append(page) }
        ends.receive(page.map { PageView($0) }, number: number)
      }
      if let oldest = ends.oldest { oldestShown = OldestShown(eventAt: oldest, seenAt: client.now) }
      replan(oldestVisible: ends.oldest ?? client.now)
    }
    for page in others { _ = try await collect(page) }
    head = try await collect(first)
    held = head
  }

  private mutating func replan(oldestVisible: Timestamp? = nil) {
    let now = client.counters.clock.now(at: began)
    plan = ExportPlan(settings, standing: standing, now: now, oldestVisible: oldestVisible)
    pending = PendingDays(plan)
    evidence = ClaimEvidence(plan, writer.manifest, now: now)
  }

  // MARK: - Windows

  private mutating func fetchWindows(in span: Window) async throws {
    counters.window = span
    var reason: IncompleteReason?
    do {
      let windows = settings.timeFilter == .walk ? [span] : plan.wanted.intervals.reversed()
      for window in windows where !pending.isProven(window) {
        reason = try await fetch(window) ?? reason
        if evidence.isNothingVisible || evidence.reason != nil { break }
      }
    } catch let error as APIError {
      // Whatever stops the run, what was received is kept.
      try await commitIncomplete()
      throw error
    }
    if let reason = evidence.reason ?? reason {
      try await commitIncomplete()
      summary.outcome = .incomplete(reason)
    }
    try await closeLate()
    try await finishClosing()
    if counters.vanishedEvents > 0 || (writer.manifest == nil && staged.isEmpty) {
      staged.isCommittedQuiet = true
    }
    try await commitStaged(
      isComplete: reason == nil && evidence.reason == nil && (pending.isEmpty || evidence.isNothingVisible))
  }

  /// Fetches a window, and closes its days as they are complete. Where the archive holds rows of it, or they are to be
  /// replaced, all days are closed at the end: what is missing then is known before anything is claimed.
  ///
  /// - Returns: what keeps the rest from being claimed.
  private mutating func fetch(_ window: Window) async throws -> IncompleteReason? {
    let isHeld = plan.replaced != nil || !evidence.rereads.intersection(window).isEmpty
    var proven = Coverage()
    // Where the list was seen to end, what it does not show is not there.
    var seen = Coverage()
    if settings.timeFilter == .filter {
      proven = try await fetchFiltered(window, commits: !isHeld)
    }
    var reason: IncompleteReason?
    for rest in proven.gaps(in: window).reversed() {
      let page = try await seek(rest)
      var walk = try await walk(page, rest, commits: !isHeld)
      if walk.isEmpty { return try await concludeFromEmptyList() }
      // What is dropped must be missing in two complete readings.
      if plan.replaced != nil, walk.reason == nil { walk = try await self.walk(page, rest, commits: false) }
      if let complete = walk.complete { proven.insert(rest.intersection(complete)) }
      if walk.hasSeenEnd { seen.insert(rest) }
      guard let end = walk.reason else { continue }
      if walk.refutes { evidence.refute(rest, because: end) }
      reason = end
      guard settings.timeFilter == .auto, end.isReachable, plan.replaced == nil else { continue }
      for gap in proven.gaps(in: rest) {
        for part in try await fetchFiltered(gap, commits: !isHeld).intervals { proven.insert(part) }
      }
      if proven.contains(rest) { reason = nil }
    }
    guard isHeld else { return reason }
    if plan.replaced == nil {
      for part in proven.intervals { seen.insert(part) }
      try await compare(seen)
      if evidence.areTooManyMissing {
        observe(.rereading(.vanished(missing: evidence.missing.count, of: evidence.expected)))
        _ = try await walk(try await seek(window), window, commits: false)
      }
      evidence.concludeFromMissing()
      counters.vanishedEvents = evidence.missing.count
    }
    guard plan.replaced == nil || proven.contains(window) else { return reason }
    for part in proven.intervals.reversed() { try await commitComplete(part) }
    return reason
  }

  /// Compares what the archive holds of spans that were read again with what was shown.
  private mutating func compare(_ seen: Coverage) async throws {
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
          // A day that cannot be read is told when it is closed.
          guard case .damaged = error else { throw error }
        }
      }
    }
    // An event whose time was corrected is there once, as it was archived.
    let moved = pending.drop(evidence.missing)
    counters.conflictingEvents += moved.count
    evidence.noteMoved(moved)
  }

  /// An empty list is also what an account gets that may not read the log.
  private mutating func concludeFromEmptyList() async throws -> IncompleteReason? {
    // A list that was read a moment ago, and is empty now, is not empty.
    if evidence.oldestShown < .latest { return .shrinkingEnd(from: head?.pagination.count, to: 0) }
    evidence.noteEmptyList()
    defer { countRequests() }
    if evidence.reason == nil {
      if settings.query != nil, case .page(let page) = try await client.page(1, size: 1),
        page.parsed.recordCount > 0
      {
        evidence.noteAccess()
      } else if try await client.mayReadAuditLog() {
        evidence.noteAccess()
      }
    }
    if let reason = evidence.reason { return reason }
    if !evidence.isNothingVisible { try await commitComplete(Window(from: .earliest, to: .latest)) }
    return nil
  }

  /// The page from which a walk sees all of the window.
  private mutating func seek(_ window: Window) async throws -> Int {
    if settings.timeFilter == .walk { return 1 }
    var seek = PageSeek(before: window.to)
    while case .read(let number) = seek.next {
      if number == 1, let head {
        seek.receive(head)
        continue
      }
      switch try await read(number) {
      case .page(let page): seek.receive(page)
      case .pastTheEnd, .refused: seek.receivePastTheEnd()
      }
    }
    guard case .found(let page) = seek.next else { return 1 }
    return page
  }

  // MARK: - The walk

  /// How a page that a walk asks for is answered.
  enum Answer {
    case page(PageView)
    case pastTheEnd
    /// The API will not have it, and answers the first page all the same.
    case refused
  }

  /// Walks through a window, and closes its days as they are complete.
  private mutating func walk(_ first: Int, _ window: Window, commits: Bool) async throws -> PageWalk {
    let oldest = evidence.oldestShown
    var walk =
      first == 1
      ? PageWalk(downTo: window.from, seen: head, oldestSeen: oldest)
      : PageWalk(from: first, before: window.to, downTo: window.from, seen: head, oldestSeen: oldest)
    var reread = 0
    var pagesLeft = 0
    defer { pages.stop() }
    while case .read(let number) = walk.next {
      // What planning or seeking has just read need not be asked for again.
      let answer: Answer =
        if let held, held.number == number { .page(held) } else {
          try await read(number, expecting: pagesLeft)
        }
      held = nil
      counters.timeFilter = walk.firstPage == 1 ? counters.timeFilter ?? "walk" : "seek"
      switch answer {
      case .page(let page):
        walk.receive(page)
        // What is in doubt is read again page by page, each after the answer to the one before.
        pagesLeft = walk.doubt == nil ? page.pagesLeft(downTo: window.from) - 1 : 0
        observe(.page(progress(of: walk, at: page, window)))
      case .pastTheEnd: walk.receivePastTheEnd()
      case .refused: walk.receiveRefusal()
      }
      if let doubt = walk.doubt, walk.pagesReread > reread {
        reread = walk.pagesReread
        observe(.rereading(doubt))
      }
      if commits, let complete = walk.complete, !walk.isEmpty { try await commitComplete(complete) }
    }
    return walk
  }

  /// Reads a page and collects what is on it.
  private mutating func read(_ number: Int, expecting more: Int = 0) async throws -> Answer {
    let page: Page?
    do {
      page = try await ask(number, expecting: more)
    } catch {
      guard number > 1, error.mayMeanTooDeep else { throw error }
      // An API that is down answers its first page no more than any other.
      if case .requestRefused = error { return .refused }
      _ = try await ask(1)
      return .refused
    }
    guard let page else { return .pastTheEnd }
    let view = try await collect(page)
    held = view
    return .page(view)
  }

  private mutating func ask(_ number: Int, expecting more: Int = 0) async throws(APIError) -> Page? {
    if Task.isCancelled { throw APIError.cancelled }
    defer { countRequests() }
    guard case .page(let page) = try await pages.page(number, expecting: more) else { return nil }
    countEvents(of: page)
    return page
  }

  /// Takes note of a page that came, whatever becomes of it.
  mutating func countEvents(of page: Page) {
    summary.pagesReceived += 1
    counters.eventsReceived += page.parsed.recordCount
    eventsReceived += page.parsed.recordCount
  }

  @discardableResult
  mutating func collect(_ page: Page) async throws -> PageView {
    counters.flattening.add(page.parsed.counts)
    try await writer.quarantine(page.parsed.quarantined)
    let view = PageView(page)
    evidence.show(page.parsed.rows)
    if page.pagination.count == nil { evidence.noteUncounted() }
    let known = pending.add(page.parsed.rows)
    counters.duplicates += known.duplicates
    counters.conflictingEvents += known.conflicting
    let quarantined = await writer.quarantineFootprint
    if pending.footprint + (closing?.footprint ?? 0) + quarantined > settings.memoryLimit {
      try await finishClosing()
      let writer = writer
      try await pending.spill(downTo: settings.memoryLimit - quarantined) { rows in
        var rows = rows
        return try await writer.spill { rows.next() }
      }
    }
    if schedule.isDue(at: clock.elapsed) { try await commitDue() }
    return view
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
    // What the API kept while the walk was under way, for the tail may have been cut since it began; and what had
    // happened, by its own clock, when it answered first.
    let answers = client.counters.clock
    let kept = answers.now(at: clock.elapsed) - settings.retention
    let settled = answers.now(at: began) - settings.settle
    try await close(
      complete.map {
        (day: $0.day, rows: $0.rows, claim: evidence.claim($0.day, kept: kept, settled: settled))
      })
  }

  /// By how much this machine's clock is ahead of the API's; zero where the two are as good as one.
  private var clockLead: TimeSpan {
    guard let lead = client.counters.clockLead,
      max(lead, .zero - lead) > ExportSummary.clockTolerance
    else { return .zero }
    return lead
  }

  /// Keeps what has been received of days that are not complete. Without coverage nothing is claimed, and the union by
  /// uuid makes it harmless to receive it again. A replacement takes only whole days.
  private mutating func commitIncomplete() async throws {
    guard plan.replaced == nil else { return }
    try await close(
      pending.takeIncomplete().map { (day: $0.day, rows: $0.rows, claim: []) }, claimsQuiet: false)
  }

  /// Adds what was received of days after they had been committed.
  private mutating func closeLate() async throws {
    let late = pending.takeLate()
    guard !late.isEmpty else { return }
    try await close(late.map { (day: $0.day, rows: $0.rows, claim: []) }, claimsQuiet: false)
  }

  /// Has days sealed beside what comes next, once those before them are.
  private mutating func close(
    _ days: [(day: Day, rows: DayRows, claim: [Window])], claimsQuiet: Bool = true
  ) async throws {
    try await finishClosing()
    staged.withdraw(evidence.takeWithdrawn())
    if days.contains(where: { !$0.rows.isEmpty && needsCommit(before: $0.day) }) { try await commitStaged() }
    let closing = Closing(
      days, replacing: plan.replaced, isCounted: evidence.isCounted,
      allowsMassRemoval: settings.allowsMassRemoval,
      claimsQuiet: claimsQuiet, writer: writer, observe: observe)
    self.closing = (
      Task(executorPreference: BlockingThreads.shared) { await closing.run() }, closing.footprint
    )
  }

  /// Whether rows of a day can be sealed only when the staged days are in the archive: it is asked for what it has of the day
  /// and, where some of it was covered before, of the days around.
  private func needsCommit(before day: Day) -> Bool {
    guard !staged.isEmpty else { return false }
    let covered = writer.manifest?.coverage ?? Coverage()
    return staged.touches(day) || !covered.intersection(day.window).isEmpty
  }

  /// Waits for the days that are being sealed, and stages what became of them; commits where that is due.
  private mutating func finishClosing() async throws {
    guard let closing else { return }
    self.closing = nil
    let result = await closing.task.value
    summary.damagedDays += result.damagedDays
    refusal = result.refusal ?? refusal
    staged.add(result.staged)
    schedule.stage(textBytes: result.staged.textBytes)
    if let failure = result.failure { throw failure }
    if schedule.isDue(at: clock.elapsed) { try await commitStaged() }
  }

  /// Commits what is staged, and what is being sealed.
  private mutating func commitDue() async throws {
    try await finishClosing()
    if !staged.isEmpty, schedule.isDue(at: clock.elapsed) { try await commitStaged() }
  }

  /// Commits what a run that stops has staged. What ended it stays the reason, unless the archive fails now and did not before.
  private mutating func keepStaged(after error: any Error) async -> any Error {
    var reason = error
    for step in 0..<2 {
      do {
        if step == 0 { try await finishClosing() } else { try await commitStaged(isComplete: false) }
      } catch {
        if !(reason is ArchiveError) { reason = error }
      }
      // The last day makes room for what a commit writes beside the days.
      if step == 0, isOfRoom(reason), let day = staged.giveUpLast() { writer.discard(day) }
    }
    return reason
  }

  private mutating func commitStaged() async throws {
    try await commitStaged(isComplete: pending.isEmpty && evidence.reason == nil)
  }

  /// Commits the staged days, bad records and withdrawn claims; nothing where there are none. What was counted for a commit that
  /// is not made belongs to the next one.
  private mutating func commitStaged(isComplete: Bool) async throws {
    staged.withdraw(evidence.takeWithdrawn())
    var change = Change(committedAt: client.now, lookback: settings.lookback)
    let staged = staged
    // Whatever fails from here on, these days cannot be committed any more.
    self.staged = StagedBatch()
    change.quarantine = try await writer.takeQuarantine()
    guard !staged.isEmpty || change.quarantine != nil else { return }
    counters.complete = isComplete && summary.damagedDays.isEmpty && refusal == nil
    change.run = staged.counters
    change.run.add(counters)
    change.days = staged.days
    change.covered = staged.claims.intervals
    change.withdrawn = staged.withdrawn.intervals
    change.readSince = client.counters.clock.now(at: began)
    change.reach = plan.claimable.from
    change.start = plan.start
    if !areRereadsTold { change.rereads = evidence.rereads.intervals }
    change.oldestShown = oldestShown
    if plan.replaced != nil, counters.complete { change.replaced = plan.span }
    var made: Commit?
    defer {
      if let made {
        noteCommit(made)
        summary.rowsDropped += staged.rowsDropped
      }
    }
    _ = try await writer.commit(change) { made = $0 }
  }

  private func isOfRoom(_ error: any Error) -> Bool {
    guard case ArchiveError.storage(let error) = error else { return false }
    return [.full, .quota, .noInodes].contains(error.reason)
  }

  private mutating func noteCommit(_ commit: Commit) {
    schedule.commit(at: clock.elapsed)
    areRereadsTold = true
    summary.counters.add(commit.run)
    summary.commits.append(commit.commit)
    let written = commit.partitionsChanged.filter { $0.changedInCommit == commit.commit && $0.revision > 0 }
      .map { $0.eventDate }
    summary.daysWritten = Set(summary.daysWritten + written).sorted()
    counters = RunCounters()
    counters.window = commit.run.window
    counters.timeFilter = commit.run.timeFilter
    observe(.committed(commit))
  }
}

extension PageWalk {
  /// Why it could not show the window to be complete; nil where it could, or goes on.
  fileprivate var reason: IncompleteReason? {
    if case .finished(.unproven(let reason)) = next { reason } else { nil }
  }

  /// Whether it came to where the list ends, or says that it does.
  fileprivate var hasSeenEnd: Bool {
    switch next {
    case .finished(.endOfList), .finished(.unproven(.shrinkingEnd)), .finished(.unproven(.unconfirmedEnd)),
      .finished(.unproven(.roundCount)), .finished(.unproven(.unreconciled)):
      true
    case .read, .finished: false
    }
  }
}

extension IncompleteReason {
  /// Whether another way may still reach what lies below.
  fileprivate var isReachable: Bool {
    switch self {
    case .endedEarly, .refused, .roundCount, .short, .unconfirmedEnd: true
    case .overlap, .uncounted, .headDiffers, .shrinkingEnd, .listShrank, .outrun, .pageSizeChanged,
      .unreconciled, .filterFailed, .vanished, .replacementTooLarge, .replacementUncounted:
      false
    }
  }
}

extension APIError {
  /// Whether an API that answers the first page may mean by it that a page lies too far down.
  fileprivate var mayMeanTooDeep: Bool {
    switch self {
    case .requestRefused, .unavailable(.status, _), .unavailable(.transport(.timedOut), _): true
    case .keyRefused, .notFound, .planWithoutAuditLog, .unavailable, .waitTooLong, .unsafe, .cancelled: false
    }
  }
}
