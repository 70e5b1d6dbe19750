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
    /// The newest part of the window may still receive events; it is exported, and left to a later run to cover.
    case notSettled(Window)
    /// The archive is up to date to within the settle time.
    case nothingYet(until: Timestamp)
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

  /// Where an archive stands: what a plan needs to know of it.
  package struct Standing: Sendable {
    package var start: Timestamp
    package var coverage: Coverage

    package init(start: Timestamp, coverage: Coverage) {
      self.start = start
      self.coverage = coverage
    }
  }

  /// - Parameter standing: nil for an archive that has no commit yet.
  package init(_ settings: ExportSettings, standing: Standing?, now: Timestamp) {
    let reach = now - settings.retention
    let settled = now - settings.settle
    switch settings.request {
    case .incremental(let backfillStart):
      self.init(incrementalFrom: backfillStart, settings, standing, now, reach: reach, settled: settled)
    case .window(let window, let replace):
      self.init(window: window, replace: replace, settings, standing, reach: reach, settled: settled)
    }
  }

  private init(
    incrementalFrom asked: Timestamp?, _ settings: ExportSettings, _ standing: Standing?, _ now: Timestamp,
    reach: Timestamp, settled: Timestamp
  ) {
    var notes: [Note] = []
    // The archive cannot begin where the API has nothing left to show.
    let backfillStart = asked.map { max($0, reach) }
    if let asked, asked < reach, standing.map({ reach < $0.start }) ?? true {
      notes.append(.beyondReach(Window(from: asked, to: reach), retention: settings.retention))
    }
    let start: Timestamp
    switch (standing, backfillStart) {
    case (nil, nil):
      self.init(beginningAt: now, settled: settled)
      return
    case (nil, let begin?):
      start = begin
    case (let standing?, nil):
      start = standing.start
    case (let standing?, let begin?):
      start = min(standing.start, begin)
      if begin < standing.start {
        notes.append(.startMovedBack(from: standing.start, to: begin))
      } else if let asked, asked > standing.start {
        notes.append(.laterStartIgnored(asked: asked, start: standing.start))
      }
    }

    let everything = Window(from: start, to: max(start, settled))
    let coverage = standing?.coverage ?? Coverage([])
    var wanted = Coverage(coverage.gaps(in: everything))
    if let newest = coverage.intervals.last?.to {
      wanted.insert(everything.intersection(Window(from: newest - settings.lookback, to: newest)))
    }
    let lost = Window(from: min(start, reach), to: reach)
    for gap in coverage.gaps(in: everything.intersection(lost)) where standing != nil {
      notes.append(.beyondReach(gap, retention: settings.retention))
    }
    wanted.subtract(lost)
    if wanted.intervals.isEmpty { notes.append(.nothingYet(until: start + settings.settle)) }
    self.init(
      wanted: wanted, claimable: Window(from: reach, to: max(reach, settled)), start: start, notes: notes,
      replaced: nil, beginsNow: false)
  }

  private init(
    window: Window, replace: Bool, _ settings: ExportSettings, _ standing: Standing?, reach: Timestamp,
    settled: Timestamp
  ) {
    var notes: [Note] = []
    let lost = window.intersection(Window(from: .earliest, to: reach))
    if !lost.isEmpty { notes.append(.beyondReach(lost, retention: settings.retention)) }
    let unsettled = window.intersection(Window(from: settled, to: .latest))
    if !unsettled.isEmpty { notes.append(.notSettled(unsettled)) }
    self.init(
      wanted: Coverage([window]), claimable: Window(from: reach, to: max(reach, settled)),
      start: standing?.start ?? window.from, notes: notes, replaced: replace ? window : nil, beginsNow: false)
  }

  private init(beginningAt now: Timestamp, settled: Timestamp) {
    self.init(
      wanted: Coverage([]), claimable: Window(from: settled, to: settled), start: now,
      notes: [.beginsNow(now)],
      replaced: nil, beginsNow: true)
  }

  private init(
    wanted: Coverage, claimable: Window, start: Timestamp, notes: [Note], replaced: Window?, beginsNow: Bool
  ) {
    self.wanted = wanted
    self.claimable = claimable
    self.start = start
    self.notes = notes
    self.replaced = replaced
    self.beginsNow = beginsNow
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
