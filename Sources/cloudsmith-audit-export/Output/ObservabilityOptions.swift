import ArgumentParser

/// Who is told that a run has ended, besides whoever reads its answer.
struct ObservabilityOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Write the run's figures to this file, whole, also when it fails, for the textfile collector of Prometheus' \
      node_exporter; the name should end in .prom.
      """, valueName: "file"), completion: .file())
  var metricsFile: String?

  @Option(
    help: ArgumentHelp(
      """
      Tell a dead man's switch when the run has ended: POST to this URL, or to URL/fail with the reason, as healthchecks.io \
      takes it; a URL of Cronitor or of Uptime Kuma gets the parameters that these take. The URL is a secret: rather set \
      CLOUDSMITH_AUDIT_EXPORT_NOTIFY_URL. A ping that fails is a warning.
      """, valueName: "url"))
  var notifyUrl: String?
}

extension Settings {
  static let metricsFile = path(
    "--metrics-file", "METRICS_FILE",
    expected: "a file, such as /var/lib/prometheus/node-exporter/cloudsmith.prom")
  /// Read by `NoticeURL`, whose refusals do not repeat it: it is a secret.
  static let notifyURL = Setting<String>(
    "--notify-url", ["CLOUDSMITH_AUDIT_EXPORT_NOTIFY_URL"], expected: "a URL", shown: { _ in "[redacted]" },
    parse: { $0 })
  static let isLogJSON = Setting<Bool>(
    "--log-format", "CLOUDSMITH_AUDIT_EXPORT_LOG_FORMAT", choices: ["text", "json"],
    expected: "text or json",
    read: { ["text": false, "json": true][$0] })
}
