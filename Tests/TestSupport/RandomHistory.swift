package import AuditArchive
import AuditRecord

/// Random commits like those of an exporter over years. The seed determines them.
///
/// They include days with and without events, late events, repeated and replaced windows, emptied and refilled days, earlier
/// starts, gaps that are filled, and other lookbacks.
package struct RandomHistory {
  /// The identity of a row in these histories.
  private struct Row: Hashable, Comparable {
    var time: Timestamp
    var uuid: String

    static func < (one: Row, other: Row) -> Bool { (one.time, one.uuid) < (other.time, other.uuid) }
  }

  private var random: SeededRandom
  private var rows: [Day: Set<Row>] = [:]
  /// The rows of days before their last change.
  private var earlier: [Day: Set<Row>] = [:]
  /// The days from `first` up to, but excluding, `next` were exported.
  private var first: Day
  private var next: Day
  private var made = 0

  package init(seed: Int) {
    random = SeededRandom(seed: seed)
    first = Day(number: 19_765)  // 2024-02-12
    next = first
  }

  /// Makes the next commit.
  package mutating func commit(to writer: ArchiveWriter) async throws -> Commit {
    var change = Change(
      committedAt: next.end + .minutes(10), lookback: .days(random.once(in: 6) ? 4 : 1))
    var days: Set<Day> = []
    switch made < 3 ? 0 : Int.random(in: 0..<12, using: &random) {
    case 0...4: days = night(&change)
    case 5:
      // Exported again, and nothing is new: perhaps of another day than the newest.
      days = [anyDay()]
    case 6:
      for _ in 0..<3 { days.insert(replaced(anyDay())) }
    case 7:
      let day = anyDay()
      keep(day)
      rows[day] = []
      days = [day]
    case 8:
      let day = anyDay()
      if let before = earlier[day] { rows[day] = before }
      days = [day]
    case 9:
      // The start moves back by two days, of which one is left as a gap: the first day is open again.
      for _ in 0..<2 { first = first.previous }
      change.start = first.start
      change.covered = [first.window]
      days = [fresh(first)]
    case 10:
      change.covered = [Window(from: first.start, to: next.start)]
      days = [first, first.next]
    default: break  // a quiet run
    }
    for day in days { change.days.append(try await stage(day, writer)) }
    made += 1
    return try await writer.commit(change)
  }

  /// Makes a commit that covers every day and three more, so that all days settle.
  package mutating func settle(_ writer: ArchiveWriter) async throws {
    var change = Change(committedAt: next.next.next.end, lookback: .hours(24))
    change.covered = [Window(from: first.start, to: next.next.next.end)]
    _ = try await writer.commit(change)
  }

  // MARK: - What happens

  private mutating func night(_ change: inout Change) -> Set<Day> {
    let day = next
    next = day.next
    // With a day of lookback.
    change.covered = [Window(from: made == 0 ? day.start : day.previous.start, to: day.end)]
    var days: Set<Day> = [random.once(in: 4) ? day : fresh(day)]
    if random.once(in: 2), day != first {  // late events
      keep(day.previous)
      rows[day.previous, default: []].formUnion(someRows(of: day.previous, upTo: 2))
      days.insert(day.previous)
    }
    return days
  }

  private mutating func fresh(_ day: Day) -> Day {
    rows[day] = someRows(of: day, upTo: 40)
    return day
  }

  private mutating func replaced(_ day: Day) -> Day {
    keep(day)
    return fresh(day)
  }

  private mutating func keep(_ day: Day) {
    earlier[day] = rows[day]
  }

  private mutating func anyDay() -> Day {
    var day = first
    for _ in 0..<Int.random(in: 0..<max(1, rows.count), using: &random) where day.next < next {
      day = day.next
    }
    return day
  }

  private mutating func someRows(of day: Day, upTo count: Int) -> Set<Row> {
    var some: Set<Row> = []
    for _ in 0..<Int.random(in: 1...count, using: &random) {
      let time = day.start + .seconds(Double(Int.random(in: 0..<86_400, using: &random)))
      some.insert(Row(time: time, uuid: "uuid-\(random.next())"))
    }
    return some
  }

  // MARK: - Rows for the archive

  private func stage(_ day: Day, _ writer: ArchiveWriter) async throws -> StagedDay {
    var rest: RowSelection? = RowSelection(batch((rows[day] ?? []).sorted()))
    return try await writer.stage(day) {
      defer { rest = nil }
      return rest
    }
  }

  private func batch(_ rows: [Row]) -> RowBatch {
    var batch = RowBatch()
    for row in rows {
      batch.append(
        at: row.time,
        [.uuid: row.uuid, .event: "action.login", .actor: "Ann, \"the\" admin\nof acme", .context: ""])
    }
    return batch
  }
}
