import AuditArchive
package import AuditExport
package import AuditRecord
import CloudsmithAPI
package import ExportConfiguration

/// The result of `export`.
package struct ExportResult: CommandResult {
  package let summary: ExportSummary
  package let log: LogName
  /// The archive as given by the user.
  package let archive: String
  /// Why the run did not succeed completely; nil if it did.
  package let failure: Failure?
  /// Metrics of the run and of the archive after it, as in the metrics file.
  package var metrics: [String: Double] = [:]

  /// Warnings, for example that events are about to expire, or that this machine's clock is wrong.
  package let warnings: [String]

  /// - Parameters:
  ///   - retention: How long the API keeps events.
  ///   - now: The time by the API's clock.
  ///   - words: The messages for this log.
  package init(
    _ summary: ExportSummary, retention: TimeSpan, now: Timestamp, log: LogName, archive: String,
    words: Messages
  ) {
    self.summary = summary
    self.log = log
    self.archive = archive
    var words = words
    words.hasCommits = summary.manifest != nil
    let obstructed = summary.tableObstacle.map(words.tableObstructed)
    let failure: Failure? =
      switch summary.outcome {
      case .stoppedByAPI(let error): words.failure(error)
      case .stoppedByArchive(let error): words.failure(error)
      case .overdue(let limit): words.overdue(limit)
      case _ where summary.isDamaged && summary.damagedDays.isEmpty:
        words.damagedFiles(summary.damagedFiles, summary.manifest, now: now)
      case _ where summary.isDamaged: words.damagedDays(summary.damagedDays, summary.manifest, now: now)
      case _ where obstructed != nil: obstructed
      case .incomplete(let reason): words.incomplete(reason)
      case .requestInFuture(let time, let now): words.inFuture(time, now: now)
      case .complete where summary.counters.quarantined + summary.unreportedQuarantined > 0:
        words.quarantined(summary.counters.quarantined, untold: summary.unreportedQuarantined)
      case .complete: nil
      }

    // Another failure would hide these records, and the table's state.
    let untold = failure?.status == .quarantined ? 0 : summary.unreportedQuarantined
    let loss = summary.loss(after: retention, now: now).map(words.loss)
    warnings = [
      summary.isNothingVisible ? Messages.nothingVisible : nil, loss,
      untold == 0 ? nil : words.quarantined(0, untold: untold).sentence,
      failure?.sentence == obstructed?.sentence ? nil : obstructed?.sentence,
      summary.clockLead == .zero ? nil : words.clock(summary.clockLead),
      summary.isClockTold || !summary.hasAnswers ? nil : Messages.clockUntold,
    ].compactMap(\.self)
    self.failure = failure
  }

  package var figures: [(name: String, count: Int)] {
    [
      ("events received", summary.counters.eventsReceived), ("added", summary.counters.rowsAdded),
      ("days changed", summary.daysWritten.count),
    ]
  }

  // MARK: - Text

  package var text: String {
    let counters = summary.counters
    var lines: [String] = []
    if summary.plan.beginsNow, status == .done {
      lines.append("\(log): the archive begins at \(summary.plan.start); no past events were fetched.")
    } else if isNothingDone {
      lines.append("\(log): \(nothing).")
      if status == .done, summary.plan.span != nil, counters.requests > 0,
        summary.manifest?.partitions.allSatisfy({ $0.rows == 0 }) ?? true
      {
        lines.append(ExportResult.whyNothing)
      }
    } else {
      var parts = [
        counters.eventsReceived > 0
          ? received : cause.map { "no events were fetched, because \($0)" } ?? nothing
      ]
      if summary.rowsDropped > 0 {
        parts.append("\(summary.rowsDropped.grouped) dropped because the API no longer shows them")
      }
      let days = summary.daysWritten.count
      parts.append(days == 0 ? "nothing changed" : "\(days.grouped) \(days == 1 ? "day" : "days") changed")
      lines.append("\(log): \(parts.joined(separator: "; ")).")
    }
    if counters.vanishedEvents > 0 {
      lines.append(
        "the API no longer shows \(counters.vanishedEvents.grouped) archived events; they are kept")
    }
    if let manifest = summary.manifest {
      lines.append("high-water mark \(manifest.highWaterMark)")
      if let end = summary.unrecordedEnd, end > manifest.highWaterMark {
        lines.append("nothing new up to \(end); a later run records this (--quiet-commit-interval)")
      }
      for gap in manifest.gaps { lines.append("gap from \(gap.from) to \(gap.to)") }
    }
    lines += warnings.map { "warning: " + $0 }
    return lines.joined(separator: "\n")
  }

  /// Whether there are no events to account for. Events that a run reads without having a window to fetch do not count.
  private var isNothingDone: Bool {
    guard summary.rowsDropped == 0, summary.daysWritten.isEmpty else { return false }
    return summary.counters.eventsReceived == 0 || (status == .done && summary.plan.span == nil)
  }

  /// Why no events were received.
  private var nothing: String {
    if let cause { return "nothing was exported, because \(cause)" }
    if case .incomplete = summary.outcome { return "no events were received" }
    return "no events in the window"
  }

  /// What stopped the run, in a few words. nil if the API answered every request. The failure has the details.
  private var cause: String? {
    switch summary.outcome {
    case .complete, .incomplete: nil
    case .requestInFuture: "the requested time is in the future"
    case .overdue: "the run took longer than --max-log-duration allows"
    case .stoppedByArchive: status == .storage ? "the archive's disk failed" : "the archive could not be used"
    case .stoppedByAPI(let error):
      switch error {
      case .keyRefused: "the key was refused"
      case .notFound: "the key cannot see this log"
      case .planWithoutAuditLog: "the plan has no audit log"
      case .requestRefused: "the API refused the request"
      case .unavailable: "the API was unreachable or kept failing"
      case .waitTooLong: "the API asks for a longer wait than --max-wait allows"
      case .unsafe: "the response was not trusted"
      case .cancelled: "the run was interrupted"
      }
    }
  }

  /// What happened to each received event. The parts add up, so that events received twice do not look lost.
  private var received: String {
    let counters = summary.counters
    let late = counters.lateEvents == 0 ? "" : " (\(counters.lateEvents.grouped) of them late)"
    var parts = ["\(counters.rowsAdded.grouped) added\(late)"]
    func add(_ count: Int, _ words: String) {
      if count > 0 { parts.append("\(count.grouped) \(words)") }
    }
    add(counters.duplicates, "received before")
    add(counters.conflictingEvents, "already archived with other content")
    add(counters.quarantined, "in quarantine")
    let rest =
      counters.eventsReceived - counters.rowsAdded - counters.duplicates - counters.conflictingEvents
      - counters.quarantined
    let isWhole = status == .done || status == .quarantined
    add(rest, "read twice\(isWhole ? " or" : ", left for the next run, or") outside the window")
    return "\(counters.eventsReceived.grouped) events received: \(parts.joined(separator: ", "))"
  }

  private static let whyNothing = """
    If you expected events: the key's account may lack access to the audit log, the window may be older than the plan's \
    retention, or audit logging may be off for the organization.
    """

  // MARK: - JSON

  package var document: any Encodable {
    let manifest = summary.manifest
    return Document(
      status: status.word, exitStatus: status.rawValue, message: failure?.sentence,
      warning: warnings.isEmpty ? nil : warnings.joined(separator: " "),
      notes: summary.plan.notes.map { PlanMessages.sentence($0, log: log, archive: archive) },
      source: log.description, archive: archive, run: summary.counters,
      pagesReceived: summary.pagesReceived, rowsDropped: summary.rowsDropped, commits: summary.commits,
      daysWritten: summary.daysWritten.map(\.description),
      damagedDays: summary.damagedDays.map(\.description),
      metrics: metrics, start: manifest?.start.description,
      highWaterMark: manifest?.highWaterMark.description,
      unrecordedUntil: summary.unrecordedEnd?.description,
      coverage: (manifest?.coverage.intervals ?? []).map(WindowText.init),
      gaps: (manifest?.gaps ?? []).map(WindowText.init))
  }

  private struct Document: Encodable {
    var status: String
    var exitStatus: Int32
    var message: String?
    var warning: String?
    var notes: [String]
    var source: String
    var archive: String
    var run: RunCounters
    var pagesReceived: Int
    var rowsDropped: Int
    var commits: [Int]
    var daysWritten: [String]
    var damagedDays: [String]
    var metrics: [String: Double]
    var start: String?
    var highWaterMark: String?
    var unrecordedUntil: String?
    var coverage: [WindowText]
    var gaps: [WindowText]
  }
}

/// The result of `export --dry-run`.
package struct ForecastResult: CommandResult {
  package let forecast: ExportForecast
  package let log: LogName
  /// The archive as given by the user.
  package let archive: String

  package init(forecast: ExportForecast, log: LogName, archive: String) {
    self.forecast = forecast
    self.log = log
    self.archive = archive
  }

  private var notes: [String] {
    forecast.plan.notes.map { PlanMessages.sentence($0, log: log, archive: archive) }
  }

  package var text: String {
    var lines = notes
    let windows = forecast.plan.wanted.intervals
    if windows.isEmpty {
      lines.append("\(log): nothing would be fetched.")
    } else {
      lines.append("\(log): would fetch \(forecast.days) \(forecast.days == 1 ? "day" : "days"):")
      for window in windows { lines.append("  from \(window.from) to \(window.to)") }
    }
    if let requests = forecast.requests {
      let time = forecast.seconds.map { ", \(TimeSpan.seconds($0.rounded(.up))) at the current pace" } ?? ""
      lines.append("about \(requests.grouped) \(requests == 1 ? "request" : "requests")\(time)")
    }
    return lines.joined(separator: "\n")
  }

  package var document: any Encodable {
    Document(
      status: "planned", exitStatus: ExitStatus.done.rawValue, notes: notes, source: log.description,
      windows: forecast.plan.wanted.intervals.map(WindowText.init), days: forecast.days,
      requestsExpected: forecast.requests, secondsExpected: forecast.seconds)
  }

  private struct Document: Encodable {
    var status: String
    var exitStatus: Int32
    var notes: [String]
    var source: String
    var windows: [WindowText]
    var days: Int
    var requestsExpected: Int?
    var secondsExpected: Double?
  }
}
