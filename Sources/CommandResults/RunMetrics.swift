package import AuditArchive
package import AuditRecord
package import ExportConfiguration

/// The metrics of one log's run, and of its archive after the run. The metrics file and the JSON result use the same table.
package struct RunMetrics: Sendable {
  package let run: RunOutcome
  /// The values by name. Unknown ones are absent.
  package let values: [String: Double]

  /// Keeps the values only, because a job may have thousands of logs.
  ///
  /// - Parameters:
  ///   - manifest: nil if there is none, or if it cannot be read.
  ///   - lastSuccess: When a run last completed its window: this run, or an earlier one according to the archive's commits. If none of the
  ///     newest commits completed a window, the latest possible time.
  package init(_ run: RunOutcome, manifest: Manifest?, lastSuccess: Timestamp?) {
    self.run = run
    let source = Source(run: run, manifest: manifest, lastSuccess: lastSuccess)
    values = Dictionary(
      uniqueKeysWithValues: RunMetrics.all.compactMap { metric in
        metric.value(source).map { (metric.name, $0) }
      })
  }

  /// What the values are read from.
  fileprivate struct Source {
    let run: RunOutcome
    let manifest: Manifest?
    let lastSuccess: Timestamp?
  }

  /// One series per log. All are gauges, because every run writes them again.
  package struct Metric: Sendable {
    /// Without the common prefix.
    package let name: String
    /// The help text in the metrics file.
    package let help: String
    /// Reads the value. nil if it is unknown.
    fileprivate let value: @Sendable (Source) -> Double?
  }

  /// All metrics, in the order of the metrics file.
  package static let all: [Metric] = [
    Metric(name: "last_run_timestamp_seconds", help: "When the last run ended.") {
      $0.run.ended.secondsSince1970
    },
    Metric(name: "last_run_duration_seconds", help: "How long the last run took.") {
      $0.run.duration.seconds
    },
    Metric(name: "last_run_exit_status", help: "Exit status of the last run; 0 means done.") {
      Double($0.run.status.rawValue)
    },
    Metric(
      name: "last_success_timestamp_seconds",
      help: "When a run last completed its window. A failed run does not change it."
    ) { $0.lastSuccess?.secondsSince1970 },

    Metric(name: "last_run_commits", help: "Commits that the last run made.") {
      Double($0.run.commits)
    },
    Metric(name: "last_run_pages_received", help: "Pages that the last run received.") {
      Double($0.run.pagesReceived)
    },
    Metric(name: "last_run_events_received", help: "Events that the last run received.") {
      Double($0.run.counters.eventsReceived)
    },
    Metric(name: "last_run_events_added", help: "Events that the last run added to the archive.") {
      Double($0.run.counters.rowsAdded)
    },
    Metric(
      name: "last_run_events_late", help: "Events that the last run added to a time that was already covered."
    ) { Double($0.run.counters.lateEvents) },
    Metric(
      name: "last_run_events_duplicate",
      help: "Events that the last run received more than once or that were already archived."
    ) { Double($0.run.counters.duplicates) },
    Metric(
      name: "last_run_events_conflicting",
      help: "Events whose content in the API now differs from the archive."
    ) { Double($0.run.counters.conflictingEvents) },
    Metric(
      name: "last_run_events_vanished",
      help: "Archived events that the last run looked up and that the API no longer shows."
    ) { Double($0.run.counters.vanishedEvents) },
    Metric(
      name: "last_run_records_quarantined", help: "Unreadable records that the last run put into quarantine."
    ) { Double($0.run.counters.quarantined) },
    Metric(name: "last_run_requests", help: "Requests of the last run, including retries.") {
      Double($0.run.counters.requests)
    },
    Metric(name: "last_run_retries", help: "Retried requests of the last run.") {
      Double($0.run.counters.retries)
    },
    Metric(
      name: "last_run_wait_seconds",
      help: "How long the last run waited for the pace, the rate limit and retries."
    ) { $0.run.counters.secondsWaited },

    Metric(
      name: "high_water_mark_timestamp_seconds",
      help: "The time up to which every event since the start of the archive is archived."
    ) { $0.manifest?.highWaterMark.secondsSince1970 },
    Metric(
      name: "high_water_mark_lag_seconds",
      help:
        "How far the high-water mark was behind the end of the last run. For a value that keeps growing, use time() minus the mark."
    ) { metrics in metrics.manifest.map { (metrics.run.ended - $0.highWaterMark).seconds } },
    Metric(
      name: "retention_loss_timestamp_seconds",
      help: "When the first event that the archive lacks expires from Cloudsmith (--retention)."
    ) { metrics in metrics.manifest.map { ($0.highWaterMark + metrics.run.retention).secondsSince1970 } },
    Metric(
      name: "retention_loss_seconds", help: "How far away that expiry was at the end of the last run."
    ) { metrics in
      metrics.manifest.map { ($0.highWaterMark + metrics.run.retention - metrics.run.ended).seconds }
    },

    Metric(name: "archive_gaps", help: "Gaps: time ranges without coverage before the newest covered range.")
    {
      $0.manifest.map { Double($0.gaps.count) }
    },
    Metric(name: "archive_gap_seconds", help: "The total length of all gaps.") {
      $0.manifest.map { $0.gaps.reduce(0) { $0 + $1.length.seconds } }
    },
    Metric(name: "archive_commit", help: "Number of the newest commit.") {
      $0.manifest.map { Double($0.commit) }
    },
    Metric(name: "archive_partitions", help: "Days (UTC) in the archive.") {
      $0.manifest.map { Double($0.partitions.count) }
    },
    Metric(name: "archive_events", help: "Events in the archive.") {
      $0.manifest.map { Double($0.partitions.reduce(0) { $0 + $1.rows }) }
    },
    Metric(name: "archive_files", help: "Part files that the manifest lists.") {
      $0.manifest.map { Double($0.partitions.reduce(0) { $0 + $1.files.count }) }
    },
    Metric(name: "archive_bytes", help: "Total size of the part files.") {
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

/// What one run did for one log, successful or not, for metrics, heartbeat and log.
package struct RunOutcome: Sendable {
  package let log: LogName
  /// nil if the settings name none.
  package let archive: ArchiveLocation?
  /// How long the API keeps events.
  package let retention: TimeSpan
  /// By the API's clock if this machine's differs from it.
  package var began: Timestamp
  /// Elapsed time of the run, independent of changes of the clock.
  package let duration: TimeSpan
  package let status: ExitStatus
  /// The text for people, one line or more.
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
  /// All zero if the run did not start.
  package var counters = RunCounters()
  /// Pages received, including those that were read again.
  package var pagesReceived = 0
  /// The number of commits that the run made.
  package var commits = 0

  /// The end of the run: `began` plus `duration`.
  package var ended: Timestamp { began + duration }
}

/// The metrics file, in the text format of Prometheus (exposition format 0.0.4) for node_exporter's textfile collector: without
/// timestamps, one family after another, each with the samples of all logs.
package struct MetricsText {
  /// The prefix of every metric name.
  package static let prefix = "cloudsmith_audit_export_"

  /// The content of the file.
  package let text: String

  /// - Parameters:
  ///   - earlier: The previous metrics file. Its samples of other logs are kept.
  ///   - version: The version of this program.
  package init(_ logs: [RunMetrics], keeping earlier: String = "", version: String) {
    let own = Set(logs.map { MetricsText.labels($0.run.log) })
    let others = MetricsText.samples(earlier).filter { !own.contains($0.labels) }
    var lines = [
      "# HELP \(MetricsText.prefix)build_info The program that wrote these metrics.",
      "# TYPE \(MetricsText.prefix)build_info gauge",
      "\(MetricsText.prefix)build_info{version=\"\(MetricsText.escaped(version))\"} 1",
    ]
    for metric in RunMetrics.all {
      let name = MetricsText.prefix + metric.name
      let samples =
        others.filter { $0.name == name }.map { ($0.labels, $0.value) }
        + logs.compactMap { log in
          log.values[metric.name].map { (MetricsText.labels(log.run.log), MetricsText.number($0)) }
        }
      guard !samples.isEmpty else { continue }
      lines.append("# HELP \(name) \(metric.help)")
      lines.append("# TYPE \(name) gauge")
      for (labels, value) in samples { lines.append("\(name){\(labels)} \(value)") }
    }
    text = lines.joined(separator: "\n") + "\n"
  }

  /// The samples of logs in a metrics file. Lines of any other form are ignored.
  private static func samples(_ text: String) -> [(name: String, labels: String, value: String)] {
    text.split(separator: "\n").compactMap { line in
      let sample =
        #/([a-z_]+)\{(organization="[^"\\{}]*"(?:,repository="[^"\\{}]*")?)\} (-?[0-9]+(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]+)?)/#
      guard let match = line.wholeMatch(of: sample) else { return nil }
      return (String(match.output.1), String(match.output.2), String(match.output.3))
    }
  }

  /// The log of an organization has no repository label: an empty label equals a missing one.
  private static func labels(_ log: LogName) -> String {
    let organization = "organization=\"\(MetricsText.escaped(log.organization.description))\""
    guard let repository = log.repository else { return organization }
    return organization + ",repository=\"\(MetricsText.escaped(repository.description))\""
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  /// Whole numbers without a fraction, others with at most six decimals.
  private static func number(_ value: Double) -> String {
    if let whole = Int(exactly: value) { return String(whole) }
    return String((value * 1_000_000).rounded() / 1_000_000)
  }
}
