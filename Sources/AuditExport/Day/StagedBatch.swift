import AuditArchive
package import AuditRecord

/// The sealed days and claims that the next commit makes part of the archive.
struct StagedBatch: Sendable {
  /// The result of sealing one day.
  private struct Entry: Sendable {
    var staged: StagedDay?
    var claims: [Window]
    var counters: RunCounters
    var rowsDropped: Int
  }

  private var entries: [Entry] = []
  private(set) var claims = Coverage()
  /// Claims of earlier commits that the next commit withdraws.
  private(set) var withdrawn = Coverage()
  /// Whether the batch is committed even if no day has anything to write.
  var isCommittedQuiet = false
  private var names: Set<Day> = []

  var days: [StagedDay] { entries.compactMap(\.staged) }

  /// The counters of sealing.
  var counters: RunCounters {
    entries.reduce(into: RunCounters()) { $0.add($1.counters) }
  }

  var rowsDropped: Int { entries.reduce(0) { $0 + $1.rowsDropped } }

  /// Whether nothing waits for a commit.
  var isEmpty: Bool { names.isEmpty && withdrawn.isEmpty && !isCommittedQuiet }

  /// Bytes of the staged rows as text.
  var textBytes: Int { entries.reduce(0) { $0 + ($1.staged?.textBytes ?? 0) } }

  /// Adds a sealed day, which must be new to the batch, and the claims on it.
  mutating func add(_ sealed: DaySealer.Result, claims: [Window]) {
    var counters = RunCounters()
    counters.rowsAdded = sealed.rowsAdded
    counters.duplicates = sealed.duplicates
    counters.conflictingEvents = sealed.conflicting
    counters.lateEvents = sealed.lateEvents
    entries.append(
      Entry(staged: sealed.staged, claims: claims, counters: counters, rowsDropped: sealed.rowsDropped))
    if let day = sealed.staged { names.insert(day.day) }
    for window in claims { self.claims.insert(window) }
  }

  /// Adds a batch of later days.
  mutating func add(_ later: StagedBatch) {
    entries += later.entries
    names.formUnion(later.names)
    for window in later.claims.intervals { claims.insert(window) }
    for window in later.withdrawn.intervals { withdrawn.insert(window) }
    isCommittedQuiet = isCommittedQuiet || later.isCommittedQuiet
  }

  /// Removes the day that was sealed last and its claims, and returns it; nil if the batch has no other day. The caller
  /// discards its files.
  mutating func giveUpLast() -> StagedDay? {
    guard names.count > 1, let index = entries.lastIndex(where: { $0.staged != nil }) else { return nil }
    let entry = entries.remove(at: index)
    for window in entry.claims { claims.subtract(window) }
    if let day = entry.staged?.day { names.remove(day) }
    return entry.staged
  }

  /// Withdraws claims of this batch and of earlier commits.
  mutating func withdraw(_ windows: [Window]) {
    for window in windows {
      claims.subtract(window)
      withdrawn.insert(window)
    }
  }

  /// Whether the batch has rows or claims of a day. They are not in the archive yet, so nothing may be sealed against it.
  func touches(_ day: Day) -> Bool {
    names.contains(day) || !claims.intersection(day.window).isEmpty
  }
}

/// Decides when a run commits the days that it has staged.
///
/// Every commit writes the whole manifest, so days share one. Two limits bound what a killed run loses: the time since its
/// last commit, and the text staged since. No I/O; the caller passes the time.
package struct CommitSchedule: Sendable {
  /// The time from one commit to the next, on the clock that only grows.
  package static let interval = TimeSpan.seconds(30)

  private let limit: Int
  private var lastCommit: TimeSpan
  private var stagedText = 0

  /// - Parameters:
  ///   - elapsed: when the run began.
  ///   - textLimit: bytes of rows as text that may be staged since the last commit.
  package init(at elapsed: TimeSpan, textLimit: Int = ExportSettings.Default.commitTextLimit) {
    lastCommit = elapsed
    limit = textLimit
  }

  /// Records that days with this many bytes of text were staged.
  package mutating func stage(textBytes: Int) { stagedText += textBytes }

  /// Records a commit.
  package mutating func commit(at elapsed: TimeSpan) {
    lastCommit = elapsed
    stagedText = 0
  }

  /// Whether the staged days should be committed now.
  package func isDue(at elapsed: TimeSpan) -> Bool {
    stagedText >= limit || elapsed - lastCommit >= CommitSchedule.interval
  }
}

extension RunCounters {
  /// Adds the counters of a later commit of the same run.
  mutating func add(_ later: RunCounters) {
    window = window ?? later.window
    // A run that reached windows in several ways records the most specific one.
    timeFilter = ["filter", "seek"].first { $0 == timeFilter || $0 == later.timeFilter } ?? later.timeFilter
    filterVerdict = later.filterVerdict ?? filterVerdict
    requests += later.requests
    retries += later.retries
    secondsWaited += later.secondsWaited
    eventsReceived += later.eventsReceived
    rowsAdded += later.rowsAdded
    duplicates += later.duplicates
    lateEvents += later.lateEvents
    conflictingEvents += later.conflictingEvents
    vanishedEvents = max(vanishedEvents, later.vanishedEvents)
    quarantined += later.quarantined
    flattening.add(later.flattening)
    complete = later.complete
  }
}
