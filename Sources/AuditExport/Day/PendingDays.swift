import AuditArchive
import AuditRecord

/// The days of a plan that are still being collected, each with the rows it has received so far.
struct PendingDays: Sendable {
  private let wanted: Coverage
  private var rows: [Day: DayRows] = [:]
  /// Oldest first, with the oldest instant wanted of each.
  private var waiting: [(day: Day, from: Timestamp)] = []

  init(_ plan: ExportPlan) {
    wanted = plan.wanted
    for window in plan.wanted.intervals {
      guard let days = window.days else { continue }
      for day in days where waiting.last?.day != day {
        waiting.append((day, max(day.start, window.from)))
      }
    }
  }

  var isEmpty: Bool { waiting.isEmpty }
  /// The day the walk is in: the newest that is not complete.
  var current: Day? { waiting.last?.day }
  var days: [Day] { waiting.map(\.day) }

  /// Adds a row to its day, if the plan wants it; nil if it does not.
  mutating func add(_ row: Int, of batch: RowBatch) -> DayRows.Addition? {
    let time = batch.time(row)
    guard wanted.contains(time) else { return nil }
    return rows[Day(containing: time), default: DayRows()].add(row, of: batch)
  }

  /// Hands over the days of which every event has been received, newest first.
  mutating func takeComplete(from instant: Timestamp) -> [(day: Day, rows: DayRows)] {
    var complete: [(Day, DayRows)] = []
    while let last = waiting.last, instant <= last.from {
      complete.append((last.day, rows.removeValue(forKey: last.day) ?? DayRows()))
      waiting.removeLast()
    }
    return complete
  }

  /// Hands over what there is of the other days.
  mutating func takeIncomplete() -> [(day: Day, rows: DayRows)] {
    defer { rows = [:] }
    return waiting.compactMap { waiting in rows[waiting.day].map { (waiting.day, $0) } }
  }
}
