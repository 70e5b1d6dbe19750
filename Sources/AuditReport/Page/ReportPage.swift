package import AuditArchive
package import AuditRecord

/// A report as one HTML page that needs nothing else: no script, no file, no network.
package struct ReportPage {
  let content: ReportContent
  let calendar: CoverageCalendar
  let days: [CoverageCalendar.Entry]

  package init(_ content: ReportContent) {
    self.content = content
    calendar = CoverageCalendar(
      content.manifest, within: content.window, damaged: Set(content.unread.map(\.day)), now: content.now)
    // Where a window cuts through a day, what it holds of it counts; elsewhere the two are the same.
    days = calendar.days.map { entry in
      CoverageCalendar.Entry(day: entry.day, state: entry.state, rows: content.tally.perDay[entry.day] ?? 0)
    }
  }

  private var log: String { content.manifest.source.log.description }
  private var total: Int { content.tally.rows }

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
      \(section("coverage", "Coverage", "One cell a day, UTC; a month a line.", coverage))
      \(section("per-day", DayDrawing(days).title, perDay, DayDrawing(days).drawing))
      <div class="pair">
      \(ranking("events-by-name", "Events", "event", content.tally.events))
      \(ranking("actors", "Actors", "actor", content.tally.actors))
      </div>
      <div class="pair">
      \(ranking("countries", "Countries", "country of the address", content.tally.countries))
      \(section("hours", "Hours of the week", "Events by weekday and hour, UTC.", HoursDrawing(content.tally.hours).drawing))
      </div>
      \(section("verification", "Verification", "", VerificationSection(content).markup))
      \(section("runs", "Last runs", "", runs))
      \(section("days", "All days", "What the drawings show, as a table.", DayList(days, content.manifest).markup))
      </main>
      <footer>\(content.maker) · made \(brief(content.now)) UTC · commit \(content.manifest.commit) · this page holds \
      what is counted here and nothing else; it loads nothing</footer>
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

  // MARK: The head of the page

  private var header: Markup {
    let manifest = content.manifest
    let span: Markup =
      if let window = content.window {
        "Events from \(window.from == .earliest ? "the beginning" : brief(window.from)) to \(brief(window.to)) UTC, the end not included"
      } else if let first = calendar.days.first,
        let last = calendar.days.last(where: { $0.state != .pending })
      {
        "Everything that is archived: \(first.day.description) to \(last.day.description)"
      } else {
        "Everything that is archived"
      }
    let query: Markup = manifest.source.query.map { " · only what the query <bdi>\($0)</bdi> finds" } ?? ""
    return """
      <header>
      <h1>Audit log of <bdi>\(log)</bdi></h1>
      <p>\(span) · <bdi>\(manifest.source.apiHost)</bdi>\(query)</p>
      \(verdict)
      </header>
      """
  }

  private var verdict: Markup {
    switch content.verification {
    case .skipped:
      """
      <p class="verdict"><b>Not verified.</b> The archive was not verified for this report (--skip-verification).</p>
      """
    case .sound where content.window == nil:
      """
      <p class="verdict sound"><b>Verified.</b> The archive is what its commits say: every file was read anew, offline.</p>
      """
    case .sound:
      """
      <p class="verdict sound"><b>Verified.</b> These days are what the manifest says: every file of them was read anew, \
      offline.</p>
      """
    case .damaged(_, let findings):
      """
      <p class="verdict wrong"><b>Damaged.</b> The verification has \(findings.count.grouped) \
      \(findings.count == 1 ? "finding" : "findings"), told <a href="#verification">below</a>.</p>
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
      ("High-water mark", brief(manifest.highWaterMark), "\(lag) before this page"),
      (
        "Gaps", gapDays == 0 ? "none" : "\(gapDays.grouped) \(gapDays == 1 ? "day" : "days")",
        gapDays == 0 ? "complete up to the mark" : "partly or wholly missing"
      ),
      ("Quarantine", manifest.quarantinedRecords.grouped, "records that are no events"),
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
        <p class="note wrong"><b>About to be lost.</b> The archive lacks events from \(brief(loss.lacking)) UTC on, which Cloudsmith \
        keeps until \(brief(loss.lostAt)) UTC: run export before then.</p>
        """)
    }
    if !content.unread.isEmpty {
      let names = content.unread.prefix(10).map(\.day.description).joined(separator: ", ")
      notes.append(
        """
        <p class="note wrong"><b>\(content.unread.count.grouped) \(content.unread.count == 1 ? "day is" : "days are") not \
        counted</b>, because their files could not be read as they were sealed: \(names)\(content.unread.count > 10 ? ", …" : "").</p>
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
    return "Median \(counts[counts.count / 2].grouped) a day; most \(top.rows.grouped), on \(top.day)."
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
      <td>\(run.isComplete ? "complete" : "went on, or stopped")\(run.isWhole ? "" : "; at least this much")</td></tr>

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

/// All that stands in a report.
package struct ReportContent {
  /// What a verification of the archive found.
  package enum Verification {
    /// It was not asked for.
    case skipped
    /// Sound: what was looked at, in words.
    case sound(checked: [(what: String, count: String)])
    /// Not sound.
    case damaged(
      checked: [(what: String, count: String)], findings: [(kind: String, path: String, sentence: String)])
  }

  package var manifest: Manifest
  /// Only what lies in it is counted and shown; nil: everything.
  package var window: Window?
  package var tally: EventTally
  /// Days whose rows could not be read, and so are not counted, and why.
  package var unread: [(day: Day, why: String)]
  package var verification: Verification
  /// Newest first.
  package var runs: [RecentRun]
  package var loss: (lacking: Timestamp, lostAt: Timestamp)?
  /// When the report was made.
  package var now: Timestamp
  /// Such as `cloudsmith-audit-export 1.0.0`.
  package var maker: String

  package init(
    manifest: Manifest, window: Window?, tally: EventTally, unread: [(day: Day, why: String)],
    verification: Verification, runs: [RecentRun], loss: (lacking: Timestamp, lostAt: Timestamp)?,
    now: Timestamp, maker: String
  ) {
    self.manifest = manifest
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
