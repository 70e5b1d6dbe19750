package import AuditRecord

/// What is counted of an archive's rows, in bounded memory, batch by batch. A value: what a day that turns out to be damaged
/// added is dropped with the copy that it was added to.
package struct EventTally: Sendable {
  /// Only events in it count.
  private let window: Window
  package private(set) var rows = 0
  package private(set) var perDay: [Day: Int] = [:]
  /// By weekday (Monday first) and hour, UTC: `weekday * 24 + hour`.
  package private(set) var hours = [Int](repeating: 0, count: 7 * 24)
  package private(set) var events: TopValues
  package private(set) var actors: TopValues
  package private(set) var countries: TopValues

  package init(window: Window, limit: Int = 1 << 15) {
    self.window = window
    events = TopValues(limit: limit)
    actors = TopValues(limit: limit)
    countries = TopValues(limit: limit)
  }

  /// Rows of one day.
  package mutating func add(_ batch: RowBatch, of day: Day) {
    // 1970-01-01 was a Thursday.
    let weekday = Int((day.number + 3).flooredDivision(by: 7).remainder)
    let start = day.start.microseconds
    var added = 0
    for row in 0..<batch.count {
      let time = batch.eventAt[row]
      guard window.contains(Timestamp(microseconds: time)) else { continue }
      added += 1
      let hour = Int((time - start) / 3_600_000_000)
      if (0..<24).contains(hour) { hours[weekday * 24 + hour] += 1 }
      Self.count(batch, row, .event, in: &events)
      Self.count(batch, row, .actor, in: &actors)
      let country = batch.cell(.actorLocationCountry, row)
      Self.count(
        batch, row, country.isNull ? .actorLocationCountryCode : .actorLocationCountry, in: &countries)
    }
    rows += added
    perDay[day, default: 0] += added
  }

  private static func count(_ batch: RowBatch, _ row: Int, _ column: TextColumn, in values: inout TopValues) {
    let cell = batch.cell(column, row)
    if cell.isNull { values.addAbsent() } else { values.add(batch.bytes, cell.range) }
  }
}
