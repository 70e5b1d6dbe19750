package import AuditArchive
package import AuditRecord

/// The state of each day of an archive, from its first to its newest, without omissions.
package struct CoverageCalendar: Hashable, Sendable {
  /// The state of a day. If several apply, the worst one counts.
  package enum State: String, Sendable, CaseIterable {
    /// Files of the day are missing or altered.
    case damaged
    /// Part of the day is in a gap between covered ranges.
    case gap
    /// Not fetched yet: the day is newer than all coverage.
    case pending
    /// Not completely covered, or within the lookback. The day may still change.
    case open
    /// Settled, with events.
    case events
    /// Settled, without events.
    case empty
  }

  /// One day.
  package struct Entry: Hashable, Sendable {
    package let day: Day
    package let state: State
    /// Archived rows; 0 without an entry in the manifest.
    package let rows: Int
  }

  /// Oldest first. Empty if there is nothing to show.
  package let days: [Entry]
  /// How many newer days, none of them fetched, `days` leaves out.
  package let daysLeftOut: Int

  /// The most unfetched days to show at the end. An archive that is no longer updated has ever more of them.
  private static let mostPending = 31

  /// - Parameters:
  ///   - window: Only days that overlap it are included. nil for all.
  ///   - damaged: Days with missing or altered files.
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

  /// The number of days in a state.
  package func count(_ state: State) -> Int { days.count { $0.state == state } }

  /// The first of the days with the most rows. nil if no day has rows.
  package var busiest: Entry? {
    days.filter { $0.rows > 0 }.max { ($0.rows, $1.day) < ($1.rows, $0.day) }
  }

  /// The days of one month, by day of the month.
  package struct Month: Hashable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// By day of the month, from 1. Days outside the calendar are missing.
    package let days: [Int: Entry]

    /// The rows of all days of the month.
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
