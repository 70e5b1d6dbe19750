import AuditRecord

/// Events per day as vertical bars, for the newest days that fit the width.
struct DayBars {
  let calendar: CoverageCalendar
  let style: TerminalStyle

  private static let height = 6

  var lines: [String] {
    let known = calendar.days.reversed().drop { $0.state == .pending }.reversed()
    guard let most = known.map(\.rows).max(), most > 0 else { return [] }
    let labelWidth = max(most.grouped.count, 4)
    let room = style.width - labelWidth - 3
    let step = max(1, min(4, room / known.count))
    let shown = Array(known.suffix(room / step))
    // The maximum of the days that are shown, not of all.
    guard let top = shown.max(by: { ($0.rows, $1.day) < ($1.rows, $0.day) }), top.rows > 0,
      let first = shown.first, let last = shown.last
    else { return [] }

    var lines = [title(first.day, last.day, top, shown.count < known.count ? known.count : nil)]
    for level in (0..<Self.height).reversed() {
      let label = level == Self.height - 1 ? top.rows.grouped : ""
      lines.append(axis(label, labelWidth, level == Self.height - 1) + bars(shown, level, top.rows, step))
    }
    lines.append(axis("0", labelWidth, true, isFoot: true) + foot(shown, step))
    lines.append(left("", labelWidth + 2) + dates(shown, step))
    return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
  }

  private func title(_ first: Day, _ last: Day, _ top: CoverageCalendar.Entry, _ all: Int?) -> String {
    let newest = all.map { _ in "newest days, " } ?? ""
    return style.paint("events per day", .strong)
      + style.paint("  \(newest)\(first) to \(last); maximum \(top.rows.grouped) on \(top.day)", .faint)
  }

  private func axis(_ label: String, _ width: Int, _ isTick: Bool, isFoot: Bool = false) -> String {
    let line = isFoot ? style.pick("└", "+") : isTick ? style.pick("┤", "+") : style.pick("│", "|")
    return style.paint(right(label, width) + " " + line, .faint)
  }

  private func bars(_ days: [CoverageCalendar.Entry], _ level: Int, _ most: Int, _ step: Int) -> String {
    let blocks = style.isUnicode ? ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] : [".", ":", "#"]
    let units = blocks.count * Self.height
    var line = ""
    for day in days {
      let size = day.rows == 0 ? 0 : max(1, Int((Double(day.rows) / Double(most) * Double(units)).rounded()))
      let part = min(max(0, size - level * blocks.count), blocks.count)
      let block = part == 0 ? " " : blocks[part - 1]
      line += String(repeating: block, count: max(1, step - 1)) + (step > 1 ? " " : "")
    }
    return style.paint(String(line.reversed().drop { $0 == " " }.reversed()), .accent)
  }

  /// The line below the bars, which marks gaps and damaged days.
  private func foot(_ days: [CoverageCalendar.Entry], _ step: Int) -> String {
    let text = CalendarText(calendar: calendar, style: style)
    return days.map { day in
      let line = style.paint(String(repeating: style.pick("─", "-"), count: step), .faint)
      guard day.state == .gap || day.state == .damaged else { return line }
      return text.glyph(day.state)
        + style.paint(String(repeating: style.pick("─", "-"), count: step - 1), .faint)
    }.joined()
  }

  private func dates(_ days: [CoverageCalendar.Entry], _ step: Int) -> String {
    var line = ""
    for (index, entry) in days.enumerated() {
      let date = CivilDate(daysSinceEpoch: entry.day.number)
      let isDue = days.count * step <= 45 || days.count <= 45 ? index % 7 == 0 : date.day == 1 || index == 0
      guard isDue, index * step >= line.count + (line.isEmpty ? 0 : 2) || index == 0 else { continue }
      let label = "\(padded(Int(date.month), 2))-\(padded(Int(date.day), 2))"
      guard index * step + label.count <= days.count * step + 3 else { continue }
      line = left(line, index * step) + label
    }
    return style.paint(line, .faint)
  }
}
