package import AuditArchive
package import AuditRecord

/// What a run is going to fetch, and what it may claim afterwards: wanted window − coverage + lookback.
package struct ExportPlan: Sendable {
  /// Something about the plan that a person should be told.
  package enum Note: Hashable, Sendable {
    /// A fresh archive without a backfill start: it begins now, and nothing past is fetched.
    case beginsNow(Timestamp)
    /// The archive now begins earlier than before.
    case startMovedBack(from: Timestamp, to: Timestamp)
    /// The backfill start asked for lies after the start that the archive has; nothing changes.
    case laterStartIgnored(asked: Timestamp, start: Timestamp)
    /// Older than what the API keeps: fetched where asked for, never claimed as covered.
    case beyondReach(Window, retention: TimeSpan)
    /// The archive says that it covers what has not happened yet; it is read again.
    case coverageInFuture(Window)
    /// Older than the oldest event that the API shows: it may be gone, and is not claimed as covered.
    case nothingShown(Window)
    /// The newest part of the window may still receive events; it is exported, and left to a later run to cover.
    case notSettled(Window)
    /// The archive is up to date to within the settle time.
    case nothingYet(until: Timestamp)
    /// Only days that are over were asked for, and the window has none.
    case noWholeDay
  }

  /// The windows to fetch.
  package let wanted: Coverage
  /// The span in which coverage may be claimed.
  package let claimable: Window
  /// Where the archive begins after this run.
  package let start: Timestamp
  package let notes: [Note]
  /// The window whose content is taken from the API as it is, dropping what it does not show.
  package let replaced: Window?
  /// Whether the run only lays down where the archive begins.
  package let beginsNow: Bool
  /// Coverage that a clock that was ahead may have claimed, to be withdrawn: of what has not happened yet, and back to the newest
  /// archived event, after which nobody knows when it was claimed.
  package let doubtfulCoverage: [Window]
  private let now: Timestamp
  private let isInformed: Bool

  /// Where an archive stands: what a plan needs to know of it.
  package struct Standing: Sendable {
    package var start: Timestamp
    package var coverage: Coverage
    package var lookbackDue: Coverage
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

    package init(_ manifest: Manifest) {
      self.init(
        start: manifest.start, coverage: manifest.coverage, lookbackDue: manifest.lookbackDue,
        oldestShown: manifest.oldestShown, newestEvent: manifest.partitions.compactMap(\.maxEventAt).max())
    }
  }

  /// What every plan of Cloudsmith keeps: the shortest retention that it documents.
  package static let leastRetention = TimeSpan.days(30)
  /// For how long a run relies on what an earlier one saw of the end of the list.
  static let oldestShownHolds = TimeSpan.days(7)

  /// - Parameters:
  ///   - now: by the API's clock.
  ///   - standing: nil for an archive that has no commit yet.
  ///   - oldestVisible: the oldest event that the API shows, where it has been looked up. Plans of Cloudsmith keep less
  ///     than others and do not say so: what is older than this event and than `leastRetention` proves nothing.
  package init(
    _ settings: ExportSettings, standing: Standing?, now: Timestamp, oldestVisible: Timestamp? = nil
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
    // An API whose clock is behind its own events tells nothing about what has happened yet.
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
      // What a run that stopped half way did not get to look at once more is due still, wherever it lies: before the start too,
      // where a window was exported by hand.
      let upToSettled = Window(from: .earliest, to: everything.to)
      for due in standing?.lookbackDue.intervals ?? [] { wanted.insert(upToSettled.intersection(due)) }
      // And by today's lookback, which may be longer than it was.
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
      // What the API may no longer keep it cannot take back.
      replaced = replace ? window.intersection(Window(from: reach.start, to: .latest)) : nil
    }
    claimable = Window(from: reach.start, to: max(reach.start, settled))
    beginsNow = false
    self.notes = notes
  }

  /// Where the archive begins; nil for one that is to begin now.
  private static func start(
    _ asked: Timestamp?, _ standing: Standing?, _ reach: Reach, _ notes: inout [Note]
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

  /// How far back the API can prove anything.
  private struct Reach {
    let kept: Timestamp
    let shown: Timestamp
    let retention: TimeSpan

    var start: Timestamp { max(kept, shown) }
    var beyond: Window { Window(from: .earliest, to: start) }

    /// Why a window beyond it is not claimed.
    func notes(on window: Window) -> [Note] {
      let gone = window.intersection(Window(from: .earliest, to: kept))
      let unseen = window.intersection(Window(from: kept, to: max(kept, shown)))
      return (gone.isEmpty ? [] : [.beyondReach(gone, retention: retention)])
        + (unseen.isEmpty ? [] : [.nothingShown(unseen)])
    }
  }

  /// Whether the plan would claim what a plan of Cloudsmith may no longer keep, without having looked.
  package var claimsMoreThanEveryPlanKeeps: Bool {
    guard !isInformed, let oldest = span?.from else { return false }
    return max(oldest, claimable.from) < now - ExportPlan.leastRetention
  }

  /// From the oldest to the newest instant wanted; nil when nothing is.
  package var span: Window? {
    guard let first = wanted.intervals.first, let last = wanted.intervals.last else { return nil }
    return Window(from: first.from, to: last.to)
  }

  /// What the run may add to coverage when it has all events of `day`.
  package func claim(for day: Day) -> [Window] {
    wanted.intersection(day.window.intersection(claimable)).intervals
  }
}
