import AuditRecord

/// Events by weekday and hour, with totals for each.
struct HoursDrawing {
  /// The index is `weekday * 24 + hour`, Monday first.
  let counts: [Int]

  private static let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let (left, top, pitch, line) = (34.0, 18.0, 15.0, 20.0)

  init(_ counts: [Int]) {
    self.counts = counts
  }

  var drawing: Markup {
    let width = Self.left + 24 * Self.pitch + 52
    let height = Self.top + 7 * Self.line + 46
    let scale = DepthScale(counts)
    let perHour = (0..<24).map { hour in (0..<7).reduce(0) { $0 + counts[$1 * 24 + hour] } }
    let mostInHour = max(1, perHour.max() ?? 1)
    let cells = counts.enumerated().map { index, count in
      let (x, y) = (Self.left + Double(index % 24) * Self.pitch, Self.top + Double(index / 24) * Self.line)
      let depth = scale.depth(count)
      return """
        <rect class="\(depth == 0 ? "none" : "l\(depth)" as Markup)" x="\(x)" y="\(y)" width="\(Self.pitch - 2)" \
        height="\(Self.line - 3)"><title>\(Self.names[index / 24]) \(hour(index % 24)): \(count.grouped)</title></rect>

        """ as Markup
    }
    let days = Self.names.enumerated().map { index, name in
      let sum = counts[index * 24..<index * 24 + 24].reduce(0, +)
      let y = Self.top + Double(index) * Self.line + 12.5
      return """
        <text class="strong" x="0" y="\(y)">\(name)</text>\
        <text x="\(width)" y="\(y)" text-anchor="end">\(sum.grouped)</text>

        """ as Markup
    }
    let foot = Self.top + 7 * Self.line + 34
    let hours = perHour.enumerated().map { hour, sum in
      let size = Double(sum) / Double(mostInHour) * 30
      let x = Self.left + Double(hour) * Self.pitch
      return """
        <rect class="bar" x="\(x)" y="\(foot - size)" width="\(Self.pitch - 2)" height="\(size)">\
        <title>\(self.hour(hour)): \(sum.grouped)</title></rect>

        """ as Markup
    }
    let scaleOfHours = [0, 6, 12, 18].map { hour in
      "<text x=\"\(Self.left + Double(hour) * Self.pitch)\" y=\"11\">\(self.hour(hour))</text>" as Markup
    }
    let drawing: Markup = """
      <svg width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="img" aria-labelledby="hour-t hour-d">
      <title id="hour-t">Events by weekday and hour, UTC</title>
      <desc id="hour-d">The table below has the same data.</desc>
      \(scaleOfHours)\(cells)\(days)\(hours)<path class="base" d="M\(Self.left) \(foot + 0.5)h\(24 * Self.pitch - 2)"/>
      </svg>
      """
    return "\(Markup.wide("Hours of the week", drawing))\n\(table)"
  }

  private func hour(_ hour: Int) -> String { padded(hour, 2) + ":00" }

  private var table: Markup {
    let heads = Self.names.map { "<th scope=\"col\" class=\"n\">\($0)</th>" as Markup }
    let rows = (0..<24).map { hour in
      let cells = (0..<7).map { "<td class=\"n\">\(counts[$0 * 24 + hour].grouped)</td>" as Markup }
      return "<tr><th scope=\"row\">\(self.hour(hour))</th>\(cells)</tr>\n" as Markup
    }
    let table: Markup = """
      <table><thead><tr><th scope="col">hour</th>\(heads)</tr></thead>
      <tbody>
      \(rows)</tbody></table>
      """
    return "<details><summary>As a table</summary>\(Markup.wide("Hours as a table", table))</details>"
  }
}
