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
  /// Days handed over as complete.
  private var finished: Set<Day> = []
  /// The batches of the last pages: what they repeat of a finished day is nothing new.
  private var recent: [RowBatch] = []
  /// Of `recent`, once it is needed.
  private var recentUUIDs: Set<UUIDFingerprint>?

  /// Pages that may repeat what stood on the one before.
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

  /// Adds rows of a day that was handed over before, but for those that pages repeat.
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

  /// Whether a day that is being collected has received the row, and as what.
  func compare(_ row: Int, of batch: RowBatch, in day: Day) -> DayRows.Match? {
    rows[day]?.compare(row, of: batch)
  }

  /// Takes rows with these uuids out of the days, where the archive has them under another time; returns those that were there.
  mutating func drop(_ moved: Set<UUIDFingerprint>) -> Set<UUIDFingerprint> {
    guard !moved.isEmpty else { return [] }
    var dropped: Set<UUIDFingerprint> = []
    for day in rows.keys { dropped.formUnion(rows[day]?.drop(moved) ?? []) }
    return dropped
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

  /// Hands over what was received of days after they had been handed over.
  mutating func takeLate() -> [(day: Day, rows: DayRows)] {
    finished.sorted().compactMap { day in rows.removeValue(forKey: day).map { (day, $0) } }
  }

  /// Hands over what there is of the other days.
  mutating func takeIncomplete() -> [(day: Day, rows: DayRows)] {
    waiting.compactMap { day in rows.removeValue(forKey: day).map { (day, $0) } }
  }
}
