package import AuditArchive
package import AuditRecord

/// A report as one self-contained HTML page, without scripts, other files or network access.
package struct ReportPage {
  let content: ReportContent
  let calendar: CoverageCalendar
  let days: [CoverageCalendar.Entry]

  /// Prepares the page. Takes time proportional to the days of the archive.
  package init(_ content: ReportContent) {
    self.content = content
    calendar = CoverageCalendar(
      content.manifest, within: content.window, damaged: Set(content.unread.map(\.day)), now: content.now)
    // If a window has only part of a day, only the events in the window count.
    days = calendar.days.map { entry in
      CoverageCalendar.Entry(day: entry.day, state: entry.state, rows: content.tally.perDay[entry.day] ?? 0)
    }
  }

  private var log: String { content.manifest.source.log.description }
  private var total: Int { content.tally.rows }

  /// The page as HTML. The result is deterministic for the same content.
  package var html: String {
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(ReportStyle.policy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="referrer" content="no-referrer">
      <meta name="robots" content="noindex">
      <meta name="generator" content="\(content.maker)">
      <title>Audit log of \(log)</title>
      <style>\(ReportStyle.sheet)</style>
      </head>
      <body>
      <main>
      \(header)
      \(figures)
      \(notes)
      \(section("coverage", "Coverage", "One cell per day (UTC), one line per month.", coverage))
      \(section("per-day", DayDrawing(days).title, perDay, DayDrawing(days).drawing))
      <div class="pair">
      \(ranking("events-by-name", "Events", "event", content.tally.events))
      \(ranking("actors", "Actors", "actor", content.tally.actors))
      </div>
      <div class="pair">
      \(ranking("countries", "Countries", "country of the IP address", content.tally.countries))
      \(section("hours", "Hours of the week", "Events by weekday and hour, UTC.", HoursDrawing(content.tally.hours).drawing))
      </div>
      \(section("verification", "Verification", "", VerificationSection(content).markup))
      \(section("runs", "Last runs", "", runs))
      \(section("days", "All days", "The data of the drawings, as a table.", DayList(days, content.manifest).markup))
      </main>
      <footer>\(content.maker) · made \(brief(content.now)) UTC · commit \(content.manifest.commit) · this page is \
      self-contained and loads nothing</footer>
      </body>
      </html>

      """
    return page.html
  }

  private func section(_ id: Markup, _ title: String, _ remark: String, _ body: Markup) -> Markup {
    let small: Markup = remark.isEmpty ? "" : " <small>\(remark)</small>"
    return """
      <section id="\(id)" aria-labelledby="\(id)-title">
      <h2 id="\(id)-title">\(title)\(small)</h2>
      \(body)
      </section>
      """
  }

  /// `2024-02-12 10:30`
  private func brief(_ time: Timestamp) -> String {
    String(time.description.prefix(16)).replacing("T", with: " ")
  }

  // MARK: Header

  private var header: Markup {
    let manifest = content.manifest
    let span: Markup =
      if let window = content.window {
        "Events from \(window.from == .earliest ? "the beginning" : brief(window.from)) to \(brief(window.to)) UTC (exclusive)"
      } else if let first = calendar.days.first,
        let last = calendar.days.last(where: { $0.state != .pending })
      {
        "All archived events: \(first.day.description) to \(last.day.description)"
      } else {
        "All archived events"
      }
    let query: Markup =
      manifest.source.query.map { " · only events that match the query <bdi>\($0)</bdi>" } ?? ""
    let table: Markup = content.table.map { " · Delta Lake table: \($0.sentence)" } ?? ""
    return """
      <header>
      <h1>Audit log of <bdi>\(log)</bdi></h1>
      <p>\(span) · <bdi>\(manifest.source.apiHost)</bdi>\(query)\(table)</p>
      \(verdict)
      </header>
      """
  }

  private var verdict: Markup {
    switch content.verification {
    case .skipped:
      """
      <p class="verdict"><b>Not verified.</b> Verification was skipped for this report (--skip-verification).</p>
      """
    case .sound where content.window == nil:
      """
      <p class="verdict sound"><b>Verified.</b> The archive matches its commits. Every file was read again, offline.</p>
      """
    case .sound:
      """
      <p class="verdict sound"><b>Verified.</b> These days match the manifest. Every file of them was read again, offline.</p>
      """
    case .damaged(_, let findings):
      """
      <p class="verdict wrong"><b>Damaged.</b> The verification has \(findings.count.grouped) \
      \(findings.count == 1 ? "finding" : "findings"), listed <a href="#verification">below</a>.</p>
      """
    }
  }

  private var figures: Markup {
    let manifest = content.manifest
    let lag = (content.now - manifest.highWaterMark).words
    let gapDays = calendar.count(.gap)
    let active = days.count { $0.rows > 0 }
    let known = days.count { $0.state != .pending }
    let figures: [(String, String, String)] = [
      ("Events", total.grouped, "on \(active.grouped) of \(known.grouped) days"),
      (
        "Actors", distinct(content.tally.actors),
        content.tally.actors.absent == 0 ? "" : "\(content.tally.actors.absent.grouped) events have none"
      ),
      ("High-water mark", brief(manifest.highWaterMark), "\(lag) before this report"),
      (
        "Gaps", gapDays == 0 ? "none" : "\(gapDays.grouped) \(gapDays == 1 ? "day" : "days")",
        gapDays == 0 ? "complete up to the high-water mark" : "partly or completely missing"
      ),
      ("Quarantine", manifest.quarantinedRecords.grouped, "unreadable records"),
    ]
    let cells = figures.map { name, value, more in
      "<div><dt>\(name)</dt><dd>\(value)</dd><dd class=\"more\">\(more)</dd></div>\n" as Markup
    }
    return "<dl class=\"figures\">\n\(cells)</dl>"
  }

  private func distinct(_ values: TopValues) -> String {
    values.isExact ? values.distinct.grouped : "over \((values.distinct - 1).grouped)"
  }

  private var notes: Markup {
    var notes: [Markup] = []
    if let loss = content.loss {
      notes.append(
        """
        <p class="note wrong"><b>About to be lost.</b> The archive lacks events from \(brief(loss.lacking)) UTC on, and Cloudsmith \
        keeps them only until \(brief(loss.lostAt)) UTC. Run export before then.</p>
        """)
    }
    if !content.unread.isEmpty {
      let names = content.unread.prefix(10).map(\.day.description).joined(separator: ", ")
      notes.append(
        """
        <p class="note wrong"><b>\(content.unread.count.grouped) \(content.unread.count == 1 ? "day is" : "days are") not \
        counted</b>, because files are missing or altered: \(names)\(content.unread.count > 10 ? ", …" : "").</p>
        """)
    }
    return Markup(notes)
  }

  // MARK: Sections

  private var coverage: Markup { CalendarDrawing(calendar: calendar, days: days).drawing }

  private var perDay: String {
    let counts = days.filter { $0.state != .pending }.map(\.rows).sorted()
    guard !counts.isEmpty, let top = days.max(by: { ($0.rows, $1.day) < ($1.rows, $0.day) }), top.rows > 0
    else { return "None." }
    return "Median \(counts[counts.count / 2].grouped) per day; maximum \(top.rows.grouped), on \(top.day)."
  }

  private func ranking(_ id: Markup, _ title: String, _ what: String, _ values: TopValues) -> Markup {
    let ranking = Ranking(what: what, values: values, total: total)
    return section(id, title, ranking.remark, ranking.markup)
  }

  private var runs: Markup {
    guard !content.runs.isEmpty else { return "<p>None.</p>" }
    let rows = content.runs.map { run in
      """
      <tr><th scope="row">\(run.numbers.replacing("-", with: "–"))</th><td>\(brief(run.committedAt))</td>\
      <td class="n">\(run.rowsAdded.grouped)</td><td class="n">\(run.eventsReceived.grouped)</td>\
      <td class="n">\(run.lateEvents.grouped)</td><td class="n">\(run.requests.grouped)</td>\
      <td>\(run.isComplete ? "complete" : "unfinished")\(run.isWhole ? "" : "; at least this much")</td></tr>

      """ as Markup
    }
    let table: Markup = """
      <table class="plain">
      <thead><tr><th scope="col">Commit</th><th scope="col">At (UTC)</th><th scope="col" class="n">Added</th>\
      <th scope="col" class="n">Received</th><th scope="col" class="n">Late</th><th scope="col" class="n">Requests</th>\
      <th scope="col">Outcome</th></tr></thead>
      <tbody>
      \(rows)</tbody></table>
      """
    return Markup.wide("Last runs", table)
  }
}

/// The data of a report.
package struct ReportContent {
  /// The result of verifying the archive.
  package enum Verification {
    /// Verification was not requested.
    case skipped
    /// No findings. `checked` says what was verified.
    case sound(checked: [(what: String, count: String)])
    /// At least one finding.
    case damaged(
      checked: [(what: String, count: String)], findings: [(kind: String, path: String, sentence: String)])
  }

  /// The state of the archive that was read.
  package var manifest: Manifest
  /// The table that the archive is; nil if it is none.
  package var table: TableState?
  /// Only events in this window are counted and shown. nil for all.
  package var window: Window?
  /// The counts of the events in `window`.
  package var tally: EventTally
  /// Days whose rows could not be read, with the reason. They are not counted.
  package var unread: [(day: Day, why: String)]
  /// The result of verifying the archive.
  package var verification: Verification
  /// Newest first.
  package var runs: [RecentRun]
  /// The first time that the archive lacks, and when the API deletes it. nil if that is far away.
  package var loss: (lacking: Timestamp, lostAt: Timestamp)?
  /// When the report is written.
  package var now: Timestamp
  /// The program and its version, such as `cloudsmith-audit-export 1.0.0`.
  package var maker: String

  package init(
    manifest: Manifest, table: TableState? = nil, window: Window?, tally: EventTally,
    unread: [(day: Day, why: String)],
    verification: Verification, runs: [RecentRun], loss: (lacking: Timestamp, lostAt: Timestamp)?,
    now: Timestamp, maker: String
  ) {
    self.manifest = manifest
    self.table = table
    self.window = window
    self.tally = tally
    self.unread = unread
    self.verification = verification
    self.runs = runs
    self.loss = loss
    self.now = now
    self.maker = maker
  }
}
