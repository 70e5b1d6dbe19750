import AuditArchive
import AuditRecord

/// Days whose rows are sealed, and what is claimed of them: what the next commit makes part of the archive.
struct StagedBatch: Sendable {
  private(set) var days: [StagedDay] = []
  private(set) var claims = Coverage()
  /// Claims of earlier commits that are to be taken back.
  private(set) var withdrawn = Coverage()
  /// What sealing counted.
  private(set) var counters = RunCounters()
  private(set) var rowsDropped = 0
  /// Whether it is committed also when no day has anything to write.
  var isCommittedQuiet = false
  private var names: Set<Day> = []

  /// Whether nothing waits for a commit.
  var isEmpty: Bool { days.isEmpty && withdrawn.isEmpty && !isCommittedQuiet }

  /// Bytes of rows as text.
  var textBytes: Int { days.reduce(0) { $0 + $1.textBytes } }

  /// Adds a sealed day, which the batch does not have, with what is claimed of it.
  mutating func add(_ sealed: DaySealer.Result, claims: [Window]) {
    counters.rowsAdded += sealed.rowsAdded
    counters.duplicates += sealed.duplicates
    counters.conflictingEvents += sealed.conflicting
    counters.lateEvents += sealed.lateEvents
    rowsDropped += sealed.rowsDropped
    if let day = sealed.staged {
      days.append(day)
      names.insert(day.day)
    }
    for window in claims { self.claims.insert(window) }
  }

  /// Adds what came of later days.
  mutating func add(_ later: StagedBatch) {
    days += later.days
    names.formUnion(later.names)
    for window in later.claims.intervals { claims.insert(window) }
    for window in later.withdrawn.intervals { withdrawn.insert(window) }
    counters.add(later.counters)
    rowsDropped += later.rowsDropped
    isCommittedQuiet = isCommittedQuiet || later.isCommittedQuiet
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
