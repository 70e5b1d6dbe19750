import AuditArchive
import AuditRecord

/// The days of a plan that are still being collected, each with the rows it has received so far.
struct PendingDays: Sendable {
  private let wanted: Coverage
  /// What is wanted and not yet known to be received as a whole.
  private var unproven: Coverage
  private var rows: [Day: DayRows] = [:]
  /// Oldest first.
  private var waiting: [Day] = []
  /// Days handed over as complete: what else is received of them, as on pages that are read again, is not kept.
  private var finished: Set<Day> = []

  init(_ plan: ExportPlan) {
    wanted = plan.wanted
    unproven = plan.wanted
    for window in plan.wanted.intervals {
      guard let days = window.days else { continue }
      for day in days where waiting.last != day { waiting.append(day) }
    }
  }

  var isEmpty: Bool { waiting.isEmpty }

  /// Whether every event of the window is known to have been received.
  func isProven(_ window: Window) -> Bool { unproven.intersection(window).intervals.isEmpty }

  /// Adds a row to its day, if the plan still wants it; nil if it does not.
  mutating func add(_ row: Int, of batch: RowBatch) -> DayRows.Addition? {
    let time = batch.time(row)
    let day = Day(containing: time)
    guard wanted.contains(time), !finished.contains(day) else { return nil }
    return rows[day, default: DayRows()].add(row, of: batch)
  }

  /// Takes note that every event of the window has been received, and hands over the days that this completes, newest
  /// first.
  mutating func takeComplete(with proven: Window) -> [(day: Day, rows: DayRows)] {
    guard !isProven(proven) else { return [] }
    unproven.subtract(proven)
    var complete: [(Day, DayRows)] = []
    waiting.removeAll { day in
      guard unproven.intersection(day.window).intervals.isEmpty else { return false }
      complete.append((day, rows.removeValue(forKey: day) ?? DayRows()))
      finished.insert(day)
      return true
    }
    return complete.reversed()
  }

  /// Hands over what there is of the other days.
  mutating func takeIncomplete() -> [(day: Day, rows: DayRows)] {
    defer { rows = [:] }
    return waiting.compactMap { day in rows[day].map { (day, $0) } }
  }
}
