import AuditArchive
import AuditRecord

/// Events per day as bars. If there are too many days to distinguish, one bar per week.
struct DayDrawing {
  private struct Bar {
    var first: Day
    var last: Day
    var rows: Int
  }

  private let bars: [Bar]
  private let isByWeek: Bool

  private static let (left, top, width, height, foot) = (52.0, 8.0, 898.0, 150.0, 22.0)
  private static let mostDays = 460

  init(_ days: [CoverageCalendar.Entry]) {
    let known = days.reversed().drop { $0.state == .pending }.reversed()
    isByWeek = known.count > Self.mostDays
    var bars: [Bar] = []
    for entry in known {
      // Weeks begin on Monday; 1970-01-01 was a Thursday.
      let beginsWeek = (entry.day.number + 3).flooredDivision(by: 7).remainder == 0
      if isByWeek, !beginsWeek, let last = bars.indices.last {
        bars[last].last = entry.day
        bars[last].rows += entry.rows
      } else {
        bars.append(Bar(first: entry.day, last: entry.day, rows: entry.rows))
      }
    }
    self.bars = bars
  }

  var title: String { isByWeek ? "Events per week" : "Events per day" }

  var drawing: Markup {
    guard let most = bars.map(\.rows).max(), most > 0 else { return "<p class=\"quiet\">No events.</p>" }
    let ticks = Self.ticks(to: most)
    let full = Double(ticks.last ?? most)
    let base = Self.top + Self.height
    let (width, height) = (Self.left + Self.width, base + Self.foot)
    let lines = ticks.map { tick in
      let y = base - Double(tick) / full * Self.height
      return """
        <path class="\(tick == 0 ? "base" : "line")" d="M\(Self.left) \(y + 0.5)H\(width)"/>\
        <text x="\(Self.left - 8)" y="\(y + 4)" text-anchor="end">\(tick.grouped)</text>

        """ as Markup
    }
    let pitch = min(Self.width / Double(bars.count), 40)
    let thickness = pitch > 4 ? pitch - min(3, pitch / 4) : pitch * 0.9
    let drawn = bars.enumerated().compactMap { index, bar -> Markup? in
      guard bar.rows > 0 else { return nil }
      let height = max(1, Double(bar.rows) / full * Self.height)
      let x = Self.left + Double(index) * pitch + (pitch - thickness) / 2
      let name = bar.first == bar.last ? "\(bar.first)" : "\(bar.first) to \(bar.last)"
      return """
        <rect class="bar" x="\(x)" y="\(base - height)" width="\(thickness)" height="\(height)"><title>\(name): \
        \(bar.rows.grouped) \(bar.rows == 1 ? "event" : "events")</title></rect>

        """
    }
    let drawing: Markup = """
      <svg width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="img" aria-labelledby="day-t day-d">
      <title id="day-t">\(title)</title>
      <desc id="day-d">The table of all days below has the same data.</desc>
      \(lines)\(drawn)\(dates(pitch, y: base + 15))
      </svg>
      """
    return Markup.wide(title, drawing)
  }

  /// At most four steps of 1, 2 or 5 times a power of ten. The last one is at least `most`.
  static func ticks(to most: Int) -> [Int] {
    var step = 1
    var factors = [2, 5, 10][...]
    var power = 1
    while step * 4 < most {
      if factors.isEmpty {
        factors = [2, 5, 10]
        power *= 10
      }
      step = (factors.popFirst() ?? 10) * power
    }
    return Array(stride(from: 0, through: (most + step - 1) / step * step, by: step))
  }

  private func dates(_ pitch: Double, y: Double) -> Markup {
    let showsDates = bars.count <= 62 && !isByWeek
    var labels: [Markup] = []
    var free = Self.left
    let month = pitch * (isByWeek ? 30.4 / 7 : 30.4)
    let step = [1, 2, 3, 6, 12].first { Double($0) * month >= 52 } ?? 12
    for (index, bar) in bars.enumerated() {
      let date = CivilDate(daysSinceEpoch: bar.first.number)
      let isDue =
        showsDates ? index % 7 == 0 : date.day <= (isByWeek ? 7 : 1) && (Int(date.month) - 1) % step == 0
      let x = Self.left + Double(index) * pitch
      guard isDue || index == 0, x >= free, x < Self.left + Self.width - 40 else { continue }
      let text = showsDates ? "\(bar.first)".dropFirst(5) : "\(bar.first)".prefix(7)
      // The first label must not hide that of a month that begins next to it.
      if index == 0, !showsDates, date.day > 12 { continue }
      labels.append(
        "<path class=\"base\" d=\"M\(x) \(y - 15)v5\"/><text x=\"\(x)\" y=\"\(y)\">\(String(text))</text>")
      free = x + 48
    }
    return Markup(labels)
  }
}

/// A folded table of all days. It has the data of the drawings in a form that can be searched and read aloud.
struct DayList {
  let days: [CoverageCalendar.Entry]
  let manifest: Manifest

  init(_ days: [CoverageCalendar.Entry], _ manifest: Manifest) {
    self.days = days
    self.manifest = manifest
  }

  var markup: Markup {
    let table: Markup = """
      <table class="plain"><thead><tr><th scope="col">day (UTC)</th><th scope="col">state</th><th scope="col" class="n">events</th>\
      <th scope="col" class="n">revision</th><th scope="col" class="n">bytes</th><th scope="col">SHA-256 of content</th></tr></thead>
      <tbody>
      \(days.map(row))</tbody></table>
      """
    let count: Markup = "\(days.count.grouped) \(days.count == 1 ? "day" : "days")"
    return "<details><summary>\(count)</summary>\(Markup.wide("All days", table))</details>"
  }

  private func row(_ entry: CoverageCalendar.Entry) -> Markup {
    guard let partition = manifest.partition(entry.day) else {
      return """
        <tr><th scope="row">\(entry.day.description)</th><td>\(entry.state.meaning)</td><td class="n">\(entry.rows.grouped)</td>\
        <td></td><td></td><td></td></tr>

        """
    }
    let bytes = partition.files.reduce(0) { $0 + $1.bytes }
    return """
      <tr><th scope="row">\(entry.day.description)</th><td>\(entry.state.meaning)</td><td class="n">\(entry.rows.grouped)</td>\
      <td class="n">\(partition.revision)</td><td class="n">\(bytes.grouped)</td>\
      <td class="quiet">\(partition.rows == 0 ? "" : String(partition.contentSHA256.prefix(16)) + "…")</td></tr>

      """
  }
}
