import AuditArchive
import AuditRecord

/// The days of a plan that are still being collected, with the rows received so far. No I/O of its own.
struct PendingDays: Sendable {
  private let wanted: Coverage
  /// The parts of `wanted` that are not yet known to be complete.
  private var unproven: Coverage
  private var rows: [Day: DayRows] = [:]
  /// Days that are not complete yet, oldest first.
  private var waiting: [Day] = []
  /// Days that were handed over as complete.
  private var finished: Set<Day> = []
  /// The batches of the last pages. Rows of a finished day that they repeat are not late.
  private var recent: [RowBatch] = []
  /// The uuids of `recent`, made when they are needed.
  private var recentUUIDs: Set<UUIDFingerprint>?

  /// How many pages back a page may repeat rows.
  private static let recentPages = 4

  init(_ plan: ExportPlan) {
    wanted = plan.wanted
    unproven = plan.wanted
    for window in plan.wanted.intervals {
      guard let days = window.days else { continue }
      for day in days where waiting.last != day { waiting.append(day) }
    }
  }

  var isEmpty: Bool { waiting.isEmpty }

  /// Approximate bytes of memory.
  var footprint: Int { rows.values.reduce(0) { $0 + $1.footprint } }

  /// Whether every event of the window is known to have been received.
  func isProven(_ window: Window) -> Bool { unproven.intersection(window).intervals.isEmpty }

  /// Adds the rows of a batch to their days, if the plan includes these days. Rows that are already there are counted.
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
      let known =
        finished.contains(day)
        ? addLate(first..<row, of: batch, to: day) : rows[day, default: DayRows()].add(first..<row, of: batch)
      duplicates += known.duplicates
      conflicting += known.conflicting
    }
    if recent.count == PendingDays.recentPages { recent.removeFirst() }
    recent.append(batch)
    recentUUIDs = nil
    return (duplicates, conflicting)
  }

  /// Adds rows of a day that was handed over before, except those that the last pages repeat.
  private mutating func addLate(
    _ range: Range<Int>, of batch: RowBatch, to day: Day
  ) -> (duplicates: Int, conflicting: Int) {
    let known =
      recentUUIDs
      ?? recent.reduce(into: Set()) { known, batch in
        for row in 0..<batch.count { known.insert(batch.fingerprint(row)) }
      }
    recentUUIDs = known
    var (duplicates, conflicting) = (0, 0)
    for row in range {
      if known.contains(batch.fingerprint(row)) {
        duplicates += 1
        continue
      }
      let found = rows[day, default: DayRows()].add(row..<(row + 1), of: batch)
      duplicates += found.duplicates
      conflicting += found.conflicting
    }
    return (duplicates, conflicting)
  }

  /// Spills the largest days to the disk until the rest takes at most `limit` bytes, or nothing is left to spill.
  mutating func spill(
    downTo limit: Int, _ write: (SortedRows) async throws -> SpilledRows
  ) async throws {
    while footprint > limit, let largest = rows.max(by: { $0.value.spillable < $1.value.spillable }),
      largest.value.spillable > 0
    {
      try await rows[largest.key]?.spill(write)
    }
  }

  /// How a row of a day that is being collected compares to the given row; nil if the day has not received it.
  func compare(_ row: Int, of batch: RowBatch, in day: Day) -> DayRows.Match? {
    rows[day]?.compare(row, of: batch)
  }

  /// Removes the rows with these uuids, which the archive has under another time. Returns the uuids that were found.
  mutating func drop(_ moved: Set<UUIDFingerprint>) -> Set<UUIDFingerprint> {
    guard !moved.isEmpty else { return [] }
    var dropped: Set<UUIDFingerprint> = []
    for day in rows.keys { dropped.formUnion(rows[day]?.drop(moved) ?? []) }
    return dropped
  }

  /// Records that every event of the window has been received, and hands over the days that this completes, newest first.
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

  /// Hands over the rows that arrived after their day had been handed over.
  mutating func takeLate() -> [(day: Day, rows: DayRows)] {
    finished.sorted().compactMap { day in rows.removeValue(forKey: day).map { (day, $0) } }
  }

  /// Hands over the rows of days that are not complete.
  mutating func takeIncomplete() -> [(day: Day, rows: DayRows)] {
    waiting.compactMap { day in rows.removeValue(forKey: day).map { (day, $0) } }
  }
}
