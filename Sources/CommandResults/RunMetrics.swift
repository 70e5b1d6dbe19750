package import AuditArchive
package import AuditRecord
package import ExportConfiguration

/// What can be measured of a log's run and of its archive after it. One table for the metrics file and for the report in
/// JSON, so that each has what the other has.
package struct RunMetrics: Sendable {
  package let run: RunOutcome
  /// nil when there is none, or it cannot be read.
  private let manifest: Manifest?
  /// When a run last had all that it was after: this one, or by the archive's own commits one before it. Where none of the newest
  /// commits is of such a run, the latest that it can have been.
  private let lastSuccess: Timestamp?

  package init(_ run: RunOutcome, manifest: Manifest?, lastSuccess: Timestamp?) {
    self.run = run
    self.manifest = manifest
    self.lastSuccess = lastSuccess
  }

  /// One series of each log; all are gauges, because every run writes them anew.
  package struct Metric: Sendable {
    /// Without the prefix that all have.
    package let name: String
    package let help: String
    package let value: @Sendable (RunMetrics) -> Double?
  }

  /// By name. Those that cannot be known are left out.
  package var values: [String: Double] {
    Dictionary(
      uniqueKeysWithValues: RunMetrics.all.compactMap { metric in
        metric.value(self).map { (metric.name, $0) }
      })
  }

  package static let all: [Metric] = [
    Metric(name: "last_run_timestamp_seconds", help: "When the last run ended.") {
      $0.run.ended.secondsSince1970
    },
    Metric(name: "last_run_duration_seconds", help: "How long the last run took.") {
      $0.run.duration.seconds
    },
    Metric(name: "last_run_exit_status", help: "Exit status of the last run; 0 is done.") {
      Double($0.run.status.rawValue)
    },
    Metric(
      name: "last_success_timestamp_seconds",
      help: "When a run last had all that it was after, at the latest; kept by the archive over failures."
    ) { $0.lastSuccess?.secondsSince1970 },

    Metric(name: "last_run_commits", help: "Commits that the last run made.") {
      Double($0.run.commits)
    },
    Metric(name: "last_run_pages_received", help: "Pages of the list that the last run was given.") {
      Double($0.run.pagesReceived)
    },
    Metric(name: "last_run_events_received", help: "Events that the API gave to the last run.") {
      Double($0.run.counters.eventsReceived)
    },
    Metric(name: "last_run_events_added", help: "Events that the last run added to the archive.") {
      Double($0.run.counters.rowsAdded)
    },
    Metric(
      name: "last_run_events_late", help: "Of those added, the ones from a time that had been covered before."
    ) { Double($0.run.counters.lateEvents) },
    Metric(
      name: "last_run_events_duplicate",
      help: "Events that the last run was given and that were archived already."
    ) { Double($0.run.counters.duplicates) },
    Metric(
      name: "last_run_events_conflicting", help: "Events that the API tells otherwise than the archive now."
    ) { Double($0.run.counters.conflictingEvents) },
    Metric(
      name: "last_run_events_vanished",
      help: "Archived events that the last run looked for and that the API no longer shows."
    ) { Double($0.run.counters.vanishedEvents) },
    Metric(
      name: "last_run_records_quarantined", help: "Records that could not be read, newly in quarantine."
    ) { Double($0.run.counters.quarantined) },
    Metric(name: "last_run_requests", help: "Requests of the last run, retries among them.") {
      Double($0.run.counters.requests)
    },
    Metric(name: "last_run_retries", help: "Requests of the last run that were made again.") {
      Double($0.run.counters.retries)
    },
    Metric(
      name: "last_run_wait_seconds", help: "What the last run waited for pace, rate limit and retries."
    ) { $0.run.counters.secondsWaited },

    Metric(
      name: "high_water_mark_timestamp_seconds",
      help: "Every event before this is archived, from the start of the archive on."
    ) { $0.manifest?.highWaterMark.secondsSince1970 },
    Metric(
      name: "high_water_mark_lag_seconds",
      help: "How far the mark lay behind the end of the last run; time() less the mark goes on growing."
    ) { metrics in metrics.manifest.map { (metrics.run.ended - $0.highWaterMark).seconds } },
    Metric(
      name: "retention_loss_timestamp_seconds",
      help: "When Cloudsmith stops keeping the first event that the archive lacks (--retention)."
    ) { metrics in metrics.manifest.map { ($0.highWaterMark + metrics.run.retention).secondsSince1970 } },
    Metric(
      name: "retention_loss_seconds", help: "How far away that was at the end of the last run."
    ) { metrics in
      metrics.manifest.map { ($0.highWaterMark + metrics.run.retention - metrics.run.ended).seconds }
    },

    Metric(name: "archive_gaps", help: "Stretches of time below the newest covered one that are not covered.")
    {
      $0.manifest.map { Double($0.gaps.count) }
    },
    Metric(name: "archive_gap_seconds", help: "How long those are together.") {
      $0.manifest.map { $0.gaps.reduce(0) { $0 + $1.length.seconds } }
    },
    Metric(name: "archive_commit", help: "Number of the newest commit.") {
      $0.manifest.map { Double($0.commit) }
    },
    Metric(name: "archive_partitions", help: "UTC dates that the archive has.") {
      $0.manifest.map { Double($0.partitions.count) }
    },
    Metric(name: "archive_events", help: "Events in the archive.") {
      $0.manifest.map { Double($0.partitions.reduce(0) { $0 + $1.rows }) }
    },
    Metric(name: "archive_files", help: "Part files that the manifest names.") {
      $0.manifest.map { Double($0.partitions.reduce(0) { $0 + $1.files.count }) }
    },
    Metric(name: "archive_bytes", help: "Size of those files.") {
      $0.manifest.map { Double($0.partitions.reduce(0) { $0 + $1.files.reduce(0) { $0 + $1.bytes } }) }
    },
    Metric(name: "archive_records_quarantined", help: "Records in quarantine.") {
      $0.manifest.map { Double($0.quarantinedRecords) }
    },
  ]
}

extension Timestamp {
  fileprivate var secondsSince1970: Double { Double(microseconds) / 1_000_000 }
}

/// One log's part in a run of the program, whatever became of it, as those see it who watch from outside.
package struct RunOutcome: Sendable {
  package let log: LogName
  /// nil when the settings do not name one.
  package let archive: ArchiveLocation?
  /// How long the API keeps events.
  package let retention: TimeSpan
  /// By the API's clock, where this machine's differs from it.
  package var began: Timestamp
  package let duration: TimeSpan
  package let status: ExitStatus
  /// What a person reads about it, on one line or more.
  package let text: String

  package init(
    log: LogName, archive: ArchiveLocation?, retention: TimeSpan, began: Timestamp, duration: TimeSpan,
    status: ExitStatus, text: String
  ) {
    self.log = log
    self.archive = archive
    self.retention = retention
    self.began = began
    self.duration = duration
    self.status = status
    self.text = text
  }
  /// Of what was done; all zero where nothing was begun.
  package var counters = RunCounters()
  package var pagesReceived = 0
  package var commits = 0

  package var ended: Timestamp { began + duration }
}

/// The text format of Prometheus (exposition format 0.0.4), as node_exporter's textfile collector reads it: no
/// timestamps, one family after the other, each with the samples of all logs.
package struct MetricsText {
  package static let prefix = "cloudsmith_audit_export_"

  package let text: String

  /// - Parameter earlier: a text like this one, of which the figures of other logs are kept.
  package init(_ logs: [RunMetrics], keeping earlier: String = "", version: String) {
    let own = Set(logs.map { MetricsText.labels($0.run.log) })
    let others = MetricsText.samples(earlier).filter { !own.contains($0.labels) }
    var lines = [
      "# HELP \(MetricsText.prefix)build_info The program that wrote this.",
      "# TYPE \(MetricsText.prefix)build_info gauge",
      "\(MetricsText.prefix)build_info{version=\"\(MetricsText.escaped(version))\"} 1",
    ]
    for metric in RunMetrics.all {
      let name = MetricsText.prefix + metric.name
      let samples =
        others.filter { $0.name == name }.map { ($0.labels, $0.value) }
        + logs.compactMap { log in
          metric.value(log).map { (MetricsText.labels(log.run.log), MetricsText.number($0)) }
        }
      guard !samples.isEmpty else { continue }
      lines.append("# HELP \(name) \(metric.help)")
      lines.append("# TYPE \(name) gauge")
      for (labels, value) in samples { lines.append("\(name){\(labels)} \(value)") }
    }
    text = lines.joined(separator: "\n") + "\n"
  }

  /// The samples of logs in a text of this kind. Lines of another form are passed over.
  private static func samples(_ text: String) -> [(name: String, labels: String, value: String)] {
    text.split(separator: "\n").compactMap { line in
      let sample =
        #/([a-z_]+)\{(organization="[^"\\{}]*"(?:,repository="[^"\\{}]*")?)\} (-?[0-9]+(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]+)?)/#
      guard let match = line.wholeMatch(of: sample) else { return nil }
      return (String(match.output.1), String(match.output.2), String(match.output.3))
    }
  }

  /// A label without a value is the same as none, so that the log of an organisation has but one.
  private static func labels(_ log: LogName) -> String {
    let organization = "organization=\"\(MetricsText.escaped(log.organization.description))\""
    guard let repository = log.repository else { return organization }
    return organization + ",repository=\"\(MetricsText.escaped(repository.description))\""
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  /// Whole numbers without a fraction, others to the microsecond.
  private static func number(_ value: Double) -> String {
    if let whole = Int(exactly: value) { return String(whole) }
    return String((value * 1_000_000).rounded() / 1_000_000)
  }
}
