package import AuditArchive
package import AuditRecord

/// What an archive knows of each day, from its first to its newest: one entry a day, none left out.
package struct CoverageCalendar: Hashable, Sendable {
  /// The worst that can be said of a day counts.
  package enum State: String, Sendable, CaseIterable {
    /// Files of the day are missing or not as they were sealed.
    case damaged
    /// Some of the day lies in a gap, between what is covered.
    case gap
    /// Nothing of it was fetched yet: the day is newer than all that is covered.
    case pending
    /// Not wholly covered, or within the lookback: it may still change.
    case open
    /// Settled, with events.
    case events
    /// Settled, and nothing happened.
    case empty
  }

  package struct Entry: Hashable, Sendable {
    package let day: Day
    package let state: State
    package let rows: Int
  }

  /// Oldest first; empty when there is nothing to show.
  package let days: [Entry]
  /// How many more days were not fetched than `days` shows.
  package let daysLeftOut: Int

  /// So many days that were not fetched are shown at the end; an archive that nobody feeds any more has no end of them.
  private static let mostPending = 31

  /// `window`: only days that it touches; nil: all. `damaged`: the days that cannot be read as they were sealed.
  package init(_ manifest: Manifest, within window: Window? = nil, damaged: Set<Day> = [], now: Timestamp) {
    let covered = manifest.coverage
    let end = covered.end ?? manifest.start
    let beginnings =
      [Day(containing: manifest.start)]
      + [covered.intervals.first.map { Day(containing: $0.from) }].compactMap(\.self)
      + [manifest.partitions.first?.eventDate].compactMap(\.self)
    let newest = max(
      Window(from: .earliest, to: end).days?.upperBound ?? Day(containing: end),
      manifest.partitions.last?.eventDate ?? Day(containing: manifest.start))
    let today = max(newest, Day(containing: now))
    let shown = min(today, newest.advanced(by: Self.mostPending))
    let asked = window.map { $0.days } ?? Day(containing: .earliest)...Day(containing: .latest)

    let first = max(beginnings.min() ?? newest, asked?.lowerBound ?? newest)
    let last = min(shown, asked?.upperBound ?? newest)
    guard asked != nil, first <= last else {
      (days, daysLeftOut) = ([], 0)
      return
    }
    let gaps = Coverage(manifest.gaps)
    days = (first...last).map { day in
      let partition = manifest.partition(day)
      let state: State
      if damaged.contains(day) {
        state = .damaged
      } else if !gaps.intersection(day.window).isEmpty {
        state = .gap
      } else if let partition {
        state = partition.state == .open ? .open : partition.rows > 0 ? .events : .empty
      } else {
        state = day.start >= end ? .pending : .open
      }
      return Entry(day: day, state: state, rows: partition?.rows ?? 0)
    }
    daysLeftOut = last == shown ? shown.distance(to: min(today, asked?.upperBound ?? today)) : 0
  }

  package func count(_ state: State) -> Int { days.count { $0.state == state } }

  /// The day with the most rows, the first of them; nil when there are none.
  package var busiest: Entry? {
    days.filter { $0.rows > 0 }.max { ($0.rows, $1.day) < ($1.rows, $0.day) }
  }

  /// The days of one month, by their number in it.
  package struct Month: Hashable, Sendable {
    package let year: Int
    /// From 1.
    package let month: Int
    package let days: [Int: Entry]

    package var rows: Int { days.values.reduce(0) { $0 + $1.rows } }
    /// `2024-02`
    package var name: String { "\(padded(year, 4))-\(padded(month, 2))" }
  }

  /// Oldest first.
  package var months: [Month] {
    var months: [Month] = []
    var rest = days[...]
    while let first = rest.first {
      let date = CivilDate(daysSinceEpoch: first.day.number)
      var days: [Int: Entry] = [:]
      while let entry = rest.first {
        let at = CivilDate(daysSinceEpoch: entry.day.number)
        guard at.year == date.year, at.month == date.month else { break }
        days[Int(at.day)] = entry
        rest.removeFirst()
      }
      months.append(Month(year: Int(date.year), month: Int(date.month), days: days))
    }
    return months
  }
}
