import AuditArchive
import AuditRecord

/// Every day as a table, folded: what the drawings show, for those who do not see them, and to be searched.
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
      <th scope="col" class="n">revision</th><th scope="col" class="n">bytes</th><th scope="col">SHA-256 of its content</th></tr></thead>
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
