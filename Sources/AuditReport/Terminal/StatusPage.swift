package import AuditArchive
package import AuditRecord

/// The text of `status`: an archive on one page of a terminal.
package struct StatusPage {
  package var manifest: Manifest
  /// Newest first.
  package var runs: [RecentRun]
  /// Files that the manifest lists and that are missing or have another size.
  package var damaged: [Finding]
  /// The table that the archive is; nil if it is none.
  package var table: TableState?
  /// The first time that the archive lacks, and when the API deletes it. nil if that is far away.
  package var loss: (lacking: Timestamp, lostAt: Timestamp)?
  /// The present time, by which expiry and age are computed.
  package var now: Timestamp
  /// Whether the page also has a table of all days.
  package var listsDays: Bool
  package var style: TerminalStyle

  package init(
    manifest: Manifest, runs: [RecentRun], damaged: [Finding], table: TableState? = nil,
    loss: (lacking: Timestamp, lostAt: Timestamp)?, now: Timestamp, listsDays: Bool, style: TerminalStyle
  ) {
    self.manifest = manifest
    self.runs = runs
    self.damaged = damaged
    self.table = table
    self.loss = loss
    self.now = now
    self.listsDays = listsDays
    self.style = style
  }

  private static let labelWidth = 17
  /// The most gaps, and the most covered intervals, that are listed.
  private static let mostWindows = 8

  /// The page, without a newline at the end.
  package var text: String {
    let calendar = CoverageCalendar(manifest, damaged: Set(damaged.compactMap(\.day)), now: now)
    var blocks = [facts]
    blocks.append(CalendarText(calendar: calendar, style: style).lines)
    blocks.append(DayBars(calendar: calendar, style: style).lines)
    if !runs.isEmpty { blocks.append(runLines) }
    if listsDays { blocks.append(DayTable(partitions: manifest.partitions).lines) }
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  // MARK: Facts

  private var facts: [String] {
    let rows = manifest.partitions.reduce(0) { $0 + $1.rows }
    let files = manifest.partitions.reduce(0) { $0 + $1.files.count }
    let bytes = manifest.partitions.reduce(0) { $0 + $1.files.reduce(0) { $0 + $1.bytes } }
    let empty = manifest.partitions.count { $0.rows == 0 }
    let emptyNote = empty == 0 ? "" : " (\(empty.grouped) without events)"
    let lag = (now - manifest.highWaterMark).words
    var lines = [
      label("source") + style.paint(manifest.source.log.description, .strong)
        + " at \(visible(manifest.source.apiHost))"
    ]
    if let query = manifest.source.query { lines.append(label("query") + visible(query)) }
    if let redaction = manifest.source.redaction { lines.append(label("redaction") + "\(redaction)") }
    lines += [
      label("start") + "\(manifest.start)",
      label("high-water mark") + "\(manifest.highWaterMark)  (\(lag) ago)",
    ]
    lines += windows("coverage", manifest.coverage.intervals, .plain)
    lines += windows("gaps", manifest.gaps, .alert)
    lines.append(
      label("partitions")
        + "\(manifest.partitions.count.grouped) days\(emptyNote), \(rows.grouped) rows, \(files.grouped) files, "
        + "\(bytes.grouped) bytes"
    )
    if let table { lines.append(label("table") + table.sentence) }
    if manifest.quarantinedRecords > 0 {
      lines.append(label("quarantine") + "\(manifest.quarantinedRecords.grouped) records")
      lines += manifest.quarantine.map { label("") + "\($0.path)  \($0.records)" }
    }
    if let loss {
      lines.append(
        label("about to be lost", .alert)
          + "events from \(loss.lacking) on are not archived, and")
      lines.append(label("") + "Cloudsmith keeps them only until \(loss.lostAt). Run export")
    }
    lines += damaged.map { label("damaged", .alert) + "\($0)" }
    return lines
  }

  private func windows(_ name: String, _ windows: [Window], _ ink: TerminalStyle.Ink) -> [String] {
    guard !windows.isEmpty else { return [label(name) + "none"] }
    // The newest are the most useful.
    var lines = windows.suffix(Self.mostWindows).enumerated().map { index, window in
      label(index == 0 ? name : "") + style.paint("\(window.from) to \(window.to)", ink)
    }
    if windows.count > lines.count {
      lines.append(
        label("")
          + "and \((windows.count - lines.count).grouped) earlier ones (--output-format json lists all)")
    }
    return lines
  }

  private func label(_ text: String, _ ink: TerminalStyle.Ink = .faint) -> String {
    style.paint(left(text, Self.labelWidth), ink)
  }

  /// Text from outside, without characters that a terminal would interpret.
  private func visible(_ text: String) -> String {
    let shown = VisibleText.of(text, limit: 200)
    return style.isUnicode ? shown : String(shown.unicodeScalars.map { $0.isASCII ? Character($0) : "?" })
  }

  // MARK: Runs

  private var runLines: [String] {
    let numbers = max("commit".count, runs.map(\.numbers.count).max() ?? 0)
    var lines = [
      style.paint(left("last runs", 11), .strong)
        + style.paint(
          right("commit", numbers) + "  " + left("at", 20) + right("added", 12) + right("received", 12)
            + right("requests", 10), .faint)
    ]
    for run in runs {
      var line = right("", 11) + right(run.numbers, numbers) + "  "
      line += String(run.committedAt.description.prefix(19)) + "Z"
      line += right(run.rowsAdded.grouped, 12) + right(run.eventsReceived.grouped, 12)
      line += right(run.requests.grouped, 10)
      if run.lateEvents > 0 { line += "  \(run.lateEvents.grouped) late" }
      if !run.isWhole { line += "  at least" }
      if !run.isComplete { line += "  " + style.paint("unfinished", .strong) }
      lines.append(line)
    }
    return lines
  }
}

/// The days of an archive, one per line.
struct DayTable {
  let partitions: [Partition]

  var lines: [String] {
    var lines = ["day         state    rev        rows       bytes"]
    var days = partitions[...]
    while let day = days.popFirst() {
      // Consecutive settled days without events share a line.
      let quiet = days.prefix { $0.isQuiet }
      if day.isQuiet, quiet.count > 1, let last = quiet.last {
        lines.append("\(day.eventDate)  settled    0           0           0  same until \(last.eventDate)")
        days = days.dropFirst(quiet.count)
        continue
      }
      let bytes = day.files.reduce(0) { $0 + $1.bytes }
      lines.append(
        "\(day.eventDate)  \(day.state == .open ? "open   " : "settled")\(right(String(day.revision), 5))"
          + "\(right(day.rows.grouped, 12))\(right(bytes.grouped, 12))")
    }
    return lines
  }
}

extension Partition {
  fileprivate var isQuiet: Bool { rows == 0 && revision == 0 && state == .settled }
}
