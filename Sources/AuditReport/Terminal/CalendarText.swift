import AuditRecord

/// The coverage calendar for a terminal: one line per month and one cell per day.
struct CalendarText {
  let calendar: CoverageCalendar
  let style: TerminalStyle

  /// The most months to show. One line sums up older ones.
  private static let mostMonths = 36
  private static let nameWidth = 9
  private static let totalWidth = 9
  private static let monthBar = 30

  /// The columns of a day, including the space after it.
  private var cellWidth: Int { style.width >= Self.nameWidth + 31 * 2 + Self.totalWidth ? 2 : 1 }
  private var hasTotals: Bool { style.width >= Self.nameWidth + 31 * cellWidth + Self.totalWidth }
  private var daysWidth: Int { 31 * cellWidth - (cellWidth - 1) }

  var lines: [String] {
    let months = calendar.months
    let shown = months.suffix(Self.mostMonths)
    let most = months.map(\.rows).max() ?? 0
    var lines = [header]
    if let summary = summary(of: months.dropLast(shown.count)) { lines.append(summary) }
    lines += shown.map { line($0, most: most) }
    if calendar.daysLeftOut > 0 {
      lines.append(
        style.paint("and \(calendar.daysLeftOut.grouped) more days, not fetched yet", .faint))
    }
    return lines + legend
  }

  private var header: String {
    var scale = Array(repeating: Character(" "), count: 31 * cellWidth + 1)
    for day in [1, 5, 10, 15, 20, 25, 30] {
      for (offset, digit) in "\(day)".enumerated() { scale[(day - 1) * cellWidth + offset] = digit }
    }
    let numbers = String(scale.prefix(daysWidth))
    return style.paint(
      left("", Self.nameWidth) + numbers + (hasTotals ? right("events", Self.totalWidth) : ""), .faint)
  }

  private func line(_ month: CoverageCalendar.Month, most: Int) -> String {
    var line = left(month.name, Self.nameWidth)
    for number in 1...31 {
      line += month.days[number].map { glyph($0.state) } ?? " "
      if number < 31, cellWidth == 2 { line += " " }
    }
    guard hasTotals else { return trimmed(line) }
    line += right(month.rows.grouped, Self.totalWidth)
    let room = min(Self.monthBar, style.width - Self.nameWidth - 31 * cellWidth - Self.totalWidth - 1)
    if room >= 8, most > 0 {
      line += "  " + style.paint(bar(month.rows, of: most, width: room - 1), .accent)
    }
    return trimmed(line)
  }

  /// A horizontal bar with a resolution of half a column. It is a thin line, so that bars of adjacent months do not merge.
  private func bar(_ value: Int, of most: Int, width: Int) -> String {
    let halves =
      value == 0 ? 0 : max(1, Int((Double(value) / Double(most) * Double(width * 2)).rounded()))
    guard style.isUnicode else { return String(repeating: "=", count: (halves + 1) / 2) }
    return String(repeating: "━", count: halves / 2) + (halves % 2 == 0 ? "" : "╸")
  }

  private func trimmed(_ line: String) -> String {
    String(line.reversed().drop { $0 == " " }.reversed())
  }

  private func summary(of months: ArraySlice<CoverageCalendar.Month>) -> String? {
    guard let first = months.first, let last = months.last else { return nil }
    var counts: [CoverageCalendar.State: Int] = [:]
    for entry in months.flatMap(\.days.values) { counts[entry.state, default: 0] += 1 }
    let states = CoverageCalendar.State.allCases.compactMap { state in
      counts[state].map { "\($0.grouped) \(state.word)" }
    }
    return style.paint(
      "\(first.name) to \(last.name): \(months.count) months; days: \(states.joined(separator: ", "))", .faint
    )
  }

  /// The meanings of the glyphs that occur.
  private var legend: [String] {
    let states: [CoverageCalendar.State] = [.events, .empty, .open, .gap, .pending, .damaged]
    let entries = states.filter { calendar.count($0) > 0 }.map { (glyph($0), $0.meaning) }
    var lines: [String] = []
    var (line, length) = ("", 0)
    for (glyph, meaning) in entries {
      let added = meaning.count + 5
      if length > 0, length + added > style.width - Self.nameWidth {
        lines.append(line)
        (line, length) = ("", 0)
      }
      line += glyph + " " + style.paint(meaning, .faint) + "   "
      length += added
    }
    return (lines + [line]).filter { !$0.isEmpty }.map { left("", Self.nameWidth) + trimmed($0) }
  }

  func glyph(_ state: CoverageCalendar.State) -> String {
    switch state {
    case .events: style.paint(style.pick("■", "#"), .accent)
    case .empty: style.pick("·", ".")
    case .open: style.paint(style.pick("□", "o"), .accent)
    case .gap: style.paint(style.pick("×", "x"), .alert)
    case .pending: style.paint(style.pick("–", "-"), .plain)
    case .damaged: style.paint("!", .alert)
    }
  }
}

extension CoverageCalendar.State {
  var word: String {
    switch self {
    case .damaged: "damaged"
    case .gap: "with a gap"
    case .pending: "not fetched"
    case .open: "open"
    case .events: "with events"
    case .empty: "without events"
    }
  }

  /// The text in a legend.
  var meaning: String {
    switch self {
    case .damaged: "damaged"
    case .gap: "gap: events may be missing"
    case .pending: "not fetched yet"
    case .open: "open: may still change"
    case .events: "events"
    case .empty: "no events"
    }
  }
}
