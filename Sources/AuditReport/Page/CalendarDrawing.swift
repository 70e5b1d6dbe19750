import AuditRecord

/// The coverage calendar: one line per month and one cell per day, shaded by the number of events.
struct CalendarDrawing {
  let calendar: CoverageCalendar
  /// The days of the calendar, with the number of counted events.
  let days: [CoverageCalendar.Entry]

  private static let (pitch, line, cell, height) = (20.0, 18.0, 17.0, 14.0)
  private static let (left, top) = (64.0, 20.0)
  private static let totals = left + 31 * pitch + 74
  private static let bars = totals + 14
  private static let width = 950.0

  private var rows: [Day: Int] { Dictionary(uniqueKeysWithValues: days.map { ($0.day, $0.rows) }) }

  var drawing: Markup {
    let rows = rows
    let months = calendar.months
    guard !months.isEmpty else { return "<p class=\"quiet\">No day of the archive is in the window.</p>" }
    let scale = DepthScale(days.map(\.rows))
    let totals = months.map { $0.days.values.reduce(0) { $0 + (rows[$1.day] ?? 0) } }
    let most = totals.max() ?? 0
    let height = Self.top + Double(months.count) * Self.line + 2
    let lines = months.enumerated().map { index, month in
      let y = Self.top + Double(index) * Self.line
      let cells = month.days.sorted { $0.key < $1.key }.map { number, entry in
        cell(entry, rows[entry.day] ?? 0, x: Self.left + Double(number - 1) * Self.pitch, y: y, scale)
      }
      let bar = most == 0 ? 0 : Double(totals[index]) / Double(most) * (Self.width - Self.bars)
      return """
        <text class="strong" x="0" y="\(y + 11)">\(month.name)</text>\(cells)<text x="\(Self.totals)" y="\(y + 11)" \
        text-anchor="end">\(totals[index].grouped)</text>\
        <rect class="bar" x="\(Self.bars)" y="\(y + 3)" width="\(bar)" height="8"/>

        """ as Markup
    }
    let drawing: Markup = """
      <svg width="\(Self.width)" height="\(height)" viewBox="0 0 \(Self.width) \(height)" role="img" aria-labelledby="cal-t cal-d">
      <title id="cal-t">Coverage calendar</title>
      <desc id="cal-d">\(description)</desc>
      \(scaleOfDays)
      \(lines)</svg>
      """
    return "\(Markup.wide("Calendar", drawing))\n\(legend(scale))"
  }

  private var description: String {
    let counts = CoverageCalendar.State.allCases.compactMap { state in
      calendar.count(state) == 0 ? nil : "\(calendar.count(state).grouped) \(state.word)"
    }
    return "Days: " + counts.joined(separator: ", ") + ". The table of all days below has the same data."
  }

  private var scaleOfDays: Markup {
    Markup(
      [1, 5, 10, 15, 20, 25, 30].map { day in
        let x = Self.left + Double(day - 1) * Self.pitch + Self.cell / 2
        return "<text x=\"\(x)\" y=\"12\" text-anchor=\"middle\">\(day)</text>" as Markup
      }
    ).adding("<text x=\"\(Self.totals)\" y=\"12\" text-anchor=\"end\">events</text>")
  }

  private func cell(
    _ entry: CoverageCalendar.Entry, _ rows: Int, x: Double, y: Double, _ scale: DepthScale
  ) -> Markup {
    let title =
      "\(entry.day): "
      + (rows > 0 || entry.state != .empty ? "\(rows.grouped) \(rows == 1 ? "event" : "events")" : "")
    let words =
      entry.state == .events ? "" : entry.state == .empty ? entry.state.meaning : ", " + entry.state.meaning
    return "<g><title>\(title + words)</title>\(shape(entry.state, scale.depth(rows), x, y))</g>"
  }

  private func shape(_ state: CoverageCalendar.State, _ depth: Int, _ x: Double, _ y: Double) -> Markup {
    let (w, h) = (Self.cell, Self.height)
    switch state {
    case .events where depth > 0:
      return "<rect class=\"l\(depth)\" x=\"\(x)\" y=\"\(y)\" width=\"\(w)\" height=\"\(h)\"/>"
    case .events, .empty:
      return """
        <rect class="none" x="\(x)" y="\(y)" width="\(w)" height="\(h)"/>\
        <circle class="dot" cx="\(x + w / 2)" cy="\(y + h / 2)" r="1.2"/>
        """
    case .open:
      let inner: Markup =
        depth == 0
        ? ""
        : "<rect class=\"l\(depth)\" x=\"\(x + 3)\" y=\"\(y + 3)\" width=\"\(w - 6)\" height=\"\(h - 6)\"/>"
      return
        "<rect class=\"open\" x=\"\(x + 0.6)\" y=\"\(y + 0.6)\" width=\"\(w - 1.2)\" height=\"\(h - 1.2)\"/>\(inner)"
    case .pending:
      return
        "<rect class=\"pending\" x=\"\(x + 0.5)\" y=\"\(y + 0.5)\" width=\"\(w - 1)\" height=\"\(h - 1)\"/>"
    case .gap:
      let fill: Markup =
        depth == 0 ? "" : "<rect class=\"l\(depth)\" x=\"\(x)\" y=\"\(y)\" width=\"\(w)\" height=\"\(h)\"/>"
      return """
        \(fill)<path class="gap" d="M\(x + 0.8) \(y + 0.8)h\(w - 1.6)v\(h - 1.6)h-\(w - 1.6)zM\(x + 4.5) \(y + 3)l8 8m0 -8l-8 8"/>
        """
    case .damaged:
      return """
        <rect class="damaged" x="\(x)" y="\(y)" width="\(w)" height="\(h)"/>\
        <text class="on" x="\(x + w / 2)" y="\(y + 11)" text-anchor="middle">!</text>
        """
    }
  }

  private func legend(_ scale: DepthScale) -> Markup {
    var items: [Markup] = []
    func sample(_ shape: Markup) -> Markup {
      "<svg width=\"17\" height=\"14\" aria-hidden=\"true\">\(shape)</svg>"
    }
    let depths = scale.ranges
    for (depth, range) in depths {
      items.append("<li>\(sample(shape(.events, depth, 0, 0)))\(range)</li>")
    }
    for state in [CoverageCalendar.State.empty, .open, .gap, .pending, .damaged]
    where calendar.count(state) > 0 {
      items.append("<li>\(sample(shape(state, state == .open ? 2 : 0, 0, 0)))\(state.meaning)</li>")
    }
    let more: Markup =
      calendar.daysLeftOut == 0
      ? "" : "<li>and \(calendar.daysLeftOut.grouped) more days, not fetched yet</li>"
    return "<ul class=\"legend\">\(items)\(more)</ul>"
  }
}

extension Markup {
  func adding(_ more: Markup) -> Markup {
    var sum = self
    sum += more
    return sum
  }
}

/// Maps counts to four shades. Each shade has a quarter of the days with events, so that one busy day does not make all others
/// pale.
struct DepthScale {
  /// The highest counts of shades 1, 2 and 3. Anything higher is shade 4.
  private let bounds: [Int]
  private let least: Int
  private let most: Int

  init(_ counts: [Int]) {
    let sorted = counts.filter { $0 > 0 }.sorted()
    least = sorted.first ?? 0
    most = sorted.last ?? 0
    bounds = sorted.isEmpty ? [] : [1, 2, 3].map { sorted[max(0, sorted.count * $0 / 4 - 1)] }
  }

  /// 0 for no events, otherwise 1 to 4.
  func depth(_ count: Int) -> Int {
    guard count > 0 else { return 0 }
    if least == most { return 3 }
    return 1 + bounds.count { count > $0 }
  }

  /// The counts of each shade that is used, such as `12–40`.
  var ranges: [(depth: Int, words: String)] {
    guard most > 0 else { return [] }
    if least == most { return [(3, "\(most.grouped) events")] }
    let edges = [least - 1] + bounds + [most]
    let used = (1...4).filter { edges[$0] > edges[$0 - 1] }
    return used.map { depth in
      let (from, to) = (edges[depth - 1] + 1, edges[depth])
      let words = from == to ? from.grouped : "\(from.grouped)–\(to.grouped)"
      return (depth, depth == used.first ? "\(words) events" : words)
    }
  }
}
