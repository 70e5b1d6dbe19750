package import AuditArchive
package import AuditRecord

/// The windows that a run fetches, and the span that it may claim as covered: wanted window − coverage + lookback.
///
/// No I/O: the plan follows from the settings, the state of the archive and the time.
package struct ExportPlan: Sendable {
  /// A fact about the plan that the user should know.
  package enum Note: Hashable, Sendable {
    /// A fresh archive without a backfill start begins now. No earlier event is fetched.
    case beginsNow(Timestamp)
    /// The archive begins earlier than before.
    case startMovedBack(from: Timestamp, to: Timestamp)
    /// The requested backfill start is later than the start of the archive. Nothing changes.
    case laterStartIgnored(asked: Timestamp, start: Timestamp)
    /// Older than the retention: fetched on request, never claimed as covered.
    case beyondReach(Window, retention: TimeSpan)
    /// The archive covers a window in the future. The window is read again.
    case coverageInFuture(Window)
    /// Older than the oldest event that the API shows: events may be gone, so the window is not claimed as covered.
    case nothingShown(Window)
    /// The newest part of the window may still receive events. It is exported; a later run covers it.
    case notSettled(Window)
    /// The archive is up to date within the settle window.
    case nothingYet(until: Timestamp)
    /// Only whole days are exported, and the window has none.
    case noWholeDay
  }

  /// The windows to fetch.
  package let wanted: Coverage
  /// The span in which the run may claim coverage.
  package let claimable: Window
  /// The start of the archive after this run.
  package let start: Timestamp
  /// What the user should know about the plan, in the order in which it is printed.
  package let notes: [Note]
  /// The window of a replacement: archived rows that the API does not show are dropped. Nil for any other run.
  package let replaced: Window?
  /// Whether the run only records where the archive begins.
  package let beginsNow: Bool
  /// Coverage to withdraw, because a clock that was ahead may have claimed it: the future, and everything back to the
  /// newest archived event, after which it is unknown when coverage was claimed.
  package let doubtfulCoverage: [Window]
  private let now: Timestamp
  private let isInformed: Bool

  /// The part of an archive's state that a plan depends on.
  package struct PlanInput: Sendable {
    /// The start of the archive.
    package var start: Timestamp
    /// The time of which every event is in the archive.
    package var coverage: Coverage
    /// Coverage to read again.
    package var lookbackDue: Coverage
    /// The oldest event that the API showed; nil if no run has looked it up.
    package var oldestShown: OldestShown?
    /// The time of the newest event archived.
    package var newestEvent: Timestamp?

    package init(
      start: Timestamp, coverage: Coverage, lookbackDue: Coverage = Coverage(),
      oldestShown: OldestShown? = nil,
      newestEvent: Timestamp? = nil
    ) {
      self.start = start
      self.coverage = coverage
      self.lookbackDue = lookbackDue
      self.oldestShown = oldestShown
      self.newestEvent = newestEvent
    }

    /// The input from the state of an archive.
    package init(_ manifest: Manifest) {
      self.init(
        start: manifest.start, coverage: manifest.coverage, lookbackDue: manifest.lookbackDue,
        oldestShown: manifest.oldestShown, newestEvent: manifest.partitions.compactMap(\.maxEventAt).max())
    }
  }

  /// The retention of every Cloudsmith plan: the shortest that Cloudsmith documents.
  package static let leastRetention = TimeSpan.days(30)
  /// How long a run relies on what an earlier run saw of the end of the list.
  static let oldestShownHolds = TimeSpan.days(7)

  /// - Parameters:
  ///   - standing: the state of the archive; nil if it has no commit yet.
  ///   - now: the time by the API's clock.
  ///   - oldestVisible: the oldest event that the API shows, if it was looked up. Retention differs between Cloudsmith
  ///     plans and the API does not report it, so an empty list proves nothing about events that are older than both this
  ///     one and `leastRetention`.
  package init(
    _ settings: ExportSettings, standing: PlanInput?, now: Timestamp, oldestVisible: Timestamp? = nil
  ) {
    let kept = now - settings.retention
    let remembered = standing?.oldestShown.flatMap { seen in
      seen.seenAt <= now && now - seen.seenAt < ExportPlan.oldestShownHolds ? seen.eventAt : nil
    }
    let shown = min(oldestVisible ?? remembered ?? .earliest, now - ExportPlan.leastRetention)
    let settled = settings.wholeDays ? Day(containing: now - settings.settle).start : now - settings.settle
    let reach = Reach(kept: kept, shown: shown, retention: settings.retention)
    self.now = now
    isInformed = oldestVisible != nil
    var coverage = standing?.coverage ?? Coverage([])
    var notes: [Note] = []
    // If the API's clock is behind its own events, it does not show what lies in the future.
    let isPlausible = standing?.newestEvent.map { $0 - now < .days(1) } ?? true
    let future = isPlausible ? coverage.intersection(Window(from: now, to: .latest)).intervals : []
    notes += future.map { .coverageInFuture($0) }
    let seen = min(now, standing?.newestEvent ?? .earliest) - settings.settle
    doubtfulCoverage =
      future.isEmpty ? [] : coverage.intersection(Window(from: seen, to: .latest)).intervals
    for window in doubtfulCoverage { coverage.subtract(window) }

    switch settings.request {
    case .incremental(let backfillStart):
      replaced = nil
      guard let start = ExportPlan.start(backfillStart.map { min($0, now) }, standing, reach, &notes) else {
        start = now
        beginsNow = true
        wanted = Coverage([])
        claimable = Window(from: now, to: now)
        self.notes = notes + [.beginsNow(now)]
        return
      }
      let everything = Window(from: start, to: max(start, settled))
      var wanted = Coverage(coverage.gaps(in: everything))
      // The lookback that a stopped run did not finish is still due, even before the start of the archive, where a window
      // was exported by hand.
      let upToSettled = Window(from: .earliest, to: everything.to)
      for due in standing?.lookbackDue.intervals ?? [] { wanted.insert(upToSettled.intersection(due)) }
      // The lookback may be longer than in earlier runs.
      if let end = coverage.end {
        wanted.insert(everything.intersection(Window(from: end - settings.lookback, to: end)))
      }
      for gap in coverage.gaps(in: everything.intersection(reach.beyond)) where standing != nil {
        notes += reach.notes(on: gap)
      }
      wanted.subtract(reach.beyond)
      if wanted.intervals.isEmpty {
        notes.append(
          settings.wholeDays
            ? .noWholeDay : .nothingYet(until: max(start, coverage.end ?? start) + settings.settle))
      }
      self.start = start
      self.wanted = wanted
    case .window(let asked, let replace):
      let over = asked.intersection(Window(from: .earliest, to: settled))
      let window = settings.wholeDays ? over.wholeDays : asked
      if window.isEmpty { notes.append(.noWholeDay) }
      notes += reach.notes(on: window.intersection(reach.beyond))
      let unsettled = window.intersection(Window(from: settled, to: .latest))
      if !unsettled.isEmpty { notes.append(.notSettled(unsettled)) }
      // The archive cannot begin where the API has nothing left to show.
      start = standing?.start ?? min(max(window.from, reach.start), window.to)
      wanted = Coverage([window])
      // A replacement cannot drop events that may only have expired.
      replaced = replace ? window.intersection(Window(from: reach.start, to: .latest)) : nil
    }
    claimable = Window(from: reach.start, to: max(reach.start, settled))
    beginsNow = false
    self.notes = notes
  }

  /// Where the archive begins; nil if it begins now.
  private static func start(
    _ asked: Timestamp?, _ standing: PlanInput?, _ reach: Reach, _ notes: inout [Note]
  ) -> Timestamp? {
    guard let asked else { return standing?.start }
    // The archive cannot begin where the API has nothing left to show.
    let begin = max(asked, reach.start)
    guard let standing else {
      notes += reach.notes(on: Window(from: asked, to: begin))
      return begin
    }
    if begin < standing.start {
      notes += reach.notes(on: Window(from: asked, to: begin))
      notes.append(.startMovedBack(from: standing.start, to: begin))
    } else if asked > standing.start {
      notes.append(.laterStartIgnored(asked: asked, start: standing.start))
    }
    return min(standing.start, begin)
  }

  /// How far back the API's answers can prove anything.
  private struct Reach {
    let kept: Timestamp
    let shown: Timestamp
    let retention: TimeSpan

    var start: Timestamp { max(kept, shown) }
    var beyond: Window { Window(from: .earliest, to: start) }

    /// Why a window beyond the reach is not claimed.
    func notes(on window: Window) -> [Note] {
      let gone = window.intersection(Window(from: .earliest, to: kept))
      let unseen = window.intersection(Window(from: kept, to: max(kept, shown)))
      return (gone.isEmpty ? [] : [.beyondReach(gone, retention: retention)])
        + (unseen.isEmpty ? [] : [.nothingShown(unseen)])
    }
  }

  /// Whether the plan would claim events that a Cloudsmith plan may no longer keep, and the oldest event was not looked up.
  package var claimsMoreThanEveryPlanKeeps: Bool {
    guard !isInformed, let oldest = span?.from else { return false }
    return max(oldest, claimable.from) < now - ExportPlan.leastRetention
  }

  /// From the oldest to the newest wanted instant; nil if nothing is wanted.
  package var span: Window? {
    guard let first = wanted.intervals.first, let last = wanted.intervals.last else { return nil }
    return Window(from: first.from, to: last.to)
  }

  /// The windows that the run may claim once it has every event of `day`.
  package func claim(for day: Day) -> [Window] {
    wanted.intersection(day.window.intersection(claimable)).intervals
  }
}
