import AuditRecord

/// The most frequent values, as a table with bars.
struct Ranking {
  /// The heading of the column of values.
  let what: String
  let values: TopValues
  /// The number of all events.
  let total: Int

  private static let shown = 12
  private static let barWidth = 84

  var remark: String {
    guard values.distinct > Self.shown else { return "" }
    let all = values.isExact ? values.distinct.grouped : "more than \((values.distinct - 1).grouped)"
    return "The \(Self.shown) most frequent of \(all)."
  }

  var markup: Markup {
    let top = values.top(Self.shown)
    let most = max(top.first?.count ?? 0, values.absent)
    guard most > 0 else { return "<p class=\"quiet\">No events.</p>" }
    var rows = top.map { value in
      row(name(value), value.count, most)
    }
    let others = total - values.absent - top.reduce(0) { $0 + $1.count }
    if values.distinct > top.count, others > 0 { rows.append(row("<i>all others</i>", others, nil)) }
    if values.absent > 0 { rows.append(row("<i>no value</i>", values.absent, most)) }
    return """
      <table>
      <thead><tr><th scope="col">\(what)</th><th scope="col" class="n">events</th><th scope="col" class="n">share</th>\
      <td class="b"></td></tr></thead>
      <tbody>
      \(rows)</tbody></table>
      \(approximation)
      """
  }

  private func name(_ value: TopValues.Value) -> Markup {
    var text = VisibleText.of(value.text, limit: 90)
    if value.isCut, !text.hasSuffix("…") { text += "…" }
    // Quotes make leading and trailing spaces, and an empty value, visible.
    let isBare = value.text.first.map { $0 != " " } ?? false && value.text.last != " "
    let edge: Markup = isBare ? "" : "<i>&quot;</i>"
    return "\(edge)<bdi>\(breakable(text))</bdi>\(edge)"
  }

  /// Allows line breaks after the characters that separate parts of a name.
  private func breakable(_ text: String) -> [Markup] {
    var pieces: [Markup] = []
    var rest = text[...]
    while let sign = rest.firstIndex(where: { "._/:".contains($0) }) {
      pieces.append("\(String(rest[...sign]))<wbr>")
      rest = rest[rest.index(after: sign)...]
    }
    return pieces + ["\(String(rest))"]
  }

  /// - Parameter most: The count of a full bar. nil for no bar.
  private func row(_ name: Markup, _ count: Int, _ most: Int?) -> Markup {
    let width = most.map { max(1, Double(count) / Double($0) * Double(Self.barWidth)) } ?? 0
    let bar: Markup =
      most == nil
      ? ""
      : "<svg width=\"\(Self.barWidth)\" height=\"9\" aria-hidden=\"true\"><rect class=\"bar\" width=\"\(width)\" height=\"9\"/></svg>"
    return """
      <tr><th scope="row" class="v">\(name)</th><td class="n">\(count.grouped)</td><td class="n">\(share(count))</td>\
      <td class="b">\(bar)</td></tr>

      """
  }

  private func share(_ count: Int) -> String {
    let thousandths = Int((Double(count) / Double(max(1, total)) * 1_000).rounded())
    return thousandths == 0 ? "< 0.1 %" : "\(thousandths / 10).\(thousandths % 10) %"
  }

  private var approximation: Markup {
    guard !values.isExact else { return "" }
    return """
      <p class="quiet">There are too many distinct values to count each exactly. Each count may be too low by up to \(values.missed.grouped).</p>
      """
  }
}
