import AuditArchive
package import AuditRecord

/// Days whose rows are sealed, and what is claimed of them: what the next commit makes part of the archive.
struct StagedBatch: Sendable {
  /// What sealing made of a day.
  private struct Entry: Sendable {
    var staged: StagedDay?
    var claims: [Window]
    var counters: RunCounters
    var rowsDropped: Int
  }

  private var entries: [Entry] = []
  private(set) var claims = Coverage()
  /// Claims of earlier commits that are to be taken back.
  private(set) var withdrawn = Coverage()
  /// Whether it is committed also when no day has anything to write.
  var isCommittedQuiet = false
  private var names: Set<Day> = []

  var days: [StagedDay] { entries.compactMap(\.staged) }

  /// What sealing counted.
  var counters: RunCounters {
    entries.reduce(into: RunCounters()) { $0.add($1.counters) }
  }

  var rowsDropped: Int { entries.reduce(0) { $0 + $1.rowsDropped } }

  /// Whether nothing waits for a commit.
  var isEmpty: Bool { names.isEmpty && withdrawn.isEmpty && !isCommittedQuiet }

  /// Bytes of rows as text.
  var textBytes: Int { entries.reduce(0) { $0 + ($1.staged?.textBytes ?? 0) } }

  /// Adds a sealed day, which the batch does not have, with what is claimed of it.
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

  /// Adds what came of later days.
  mutating func add(_ later: StagedBatch) {
    entries += later.entries
    names.formUnion(later.names)
    for window in later.claims.intervals { claims.insert(window) }
    for window in later.withdrawn.intervals { withdrawn.insert(window) }
    isCommittedQuiet = isCommittedQuiet || later.isCommittedQuiet
  }

  /// Gives up the day that was sealed last, and what is claimed of it, where there are others. Its files are the caller's to drop.
  mutating func giveUpLast() -> StagedDay? {
    guard names.count > 1, let index = entries.lastIndex(where: { $0.staged != nil }) else { return nil }
    let entry = entries.remove(at: index)
    for window in entry.claims { claims.subtract(window) }
    if let day = entry.staged?.day { names.remove(day) }
    return entry.staged
  }

  /// Takes back what was claimed so far, here and in earlier commits.
  mutating func withdraw(_ windows: [Window]) {
    for window in windows {
      claims.subtract(window)
      withdrawn.insert(window)
    }
  }

  /// Whether the batch knows something of a day: rows of it are sealed against the archive, which lacks that still.
  func touches(_ day: Day) -> Bool {
    names.contains(day) || !claims.intersection(day.window).isEmpty
  }
}

/// Decides when a run commits the days that it has staged.
///
/// Every commit writes the whole manifest anew, so days share one. What a run that is killed loses is bounded all the same: by
/// the time since its last commit, and by the text that has been staged since.
package struct CommitSchedule: Sendable {
  /// Time from one commit to the next, on the clock that only grows.
  package static let interval = TimeSpan.seconds(30)
  /// Bytes of rows as text, staged since the last commit.
  package static let textLimit = 64 << 20

  private let limit: Int
  private var lastCommit: TimeSpan
  private var stagedText = 0

  /// - Parameter elapsed: when the run began.
  package init(at elapsed: TimeSpan, textLimit: Int = CommitSchedule.textLimit) {
    lastCommit = elapsed
    limit = textLimit
  }

  /// Takes note of a day that has been staged.
  package mutating func stage(textBytes: Int) { stagedText += textBytes }

  /// Takes note of a commit.
  package mutating func commit(at elapsed: TimeSpan) {
    lastCommit = elapsed
    stagedText = 0
  }

  /// Whether what is staged is to be committed now.
  package func isDue(at elapsed: TimeSpan) -> Bool {
    stagedText >= limit || elapsed - lastCommit >= CommitSchedule.interval
  }
}

extension RunCounters {
  /// Adds the counters of a later commit of the same run.
  mutating func add(_ later: RunCounters) {
    window = window ?? later.window
    // Of a run that did several, the most particular.
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
