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

  /// Bytes of memory, about.
  var footprint: Int { rows.values.reduce(0) { $0 + $1.footprint } }

  /// Whether every event of the window is known to have been received.
  func isProven(_ window: Window) -> Bool { unproven.intersection(window).intervals.isEmpty }

  /// Adds the rows of a batch to their days, as far as the plan still wants them; what it returns was there already.
  mutating func add(_ batch: RowBatch) -> (duplicates: Int, conflicting: Int) {
    var (duplicates, conflicting) = (0, 0)
    var row = 0
    while row < batch.count {
      let first = row
      row += 1
      let day = Day(containing: batch.time(first))
      guard let window = wanted.interval(containing: batch.time(first)) else { continue }
      let stretch = window.intersection(day.window)
      while row < batch.count, stretch.contains(batch.time(row)) { row += 1 }
      guard !finished.contains(day) else { continue }
      let known = rows[day, default: DayRows()].add(first..<row, of: batch)
      duplicates += known.duplicates
      conflicting += known.conflicting
    }
    return (duplicates, conflicting)
  }

  /// Brings the rows of days to the disk until what is left takes no more than `limit` bytes, or cannot be brought there.
  mutating func spill(
    downTo limit: Int, _ write: (SortedRows) async throws -> SpilledRows
  ) async throws {
    while footprint > limit, let largest = rows.max(by: { $0.value.spillable < $1.value.spillable }),
      largest.value.spillable > 0
    {
      try await rows[largest.key]?.spill(write)
    }
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
