import AuditRecord

/// The text format of Prometheus (exposition format 0.0.4), as node_exporter's textfile collector reads it: no
/// timestamps, one family after the other, each with the samples of all logs.
struct MetricsText {
  static let prefix = "cloudsmith_audit_export_"

  let text: String

  init(_ logs: [RunMetrics], version: String) {
    var lines = [
      "# HELP \(MetricsText.prefix)build_info The program that wrote this.",
      "# TYPE \(MetricsText.prefix)build_info gauge",
      "\(MetricsText.prefix)build_info{version=\"\(MetricsText.escaped(version))\"} 1",
    ]
    for metric in RunMetrics.all {
      let samples = logs.compactMap { log in metric.value(log).map { (log.run.log, $0) } }
      guard !samples.isEmpty else { continue }
      let name = MetricsText.prefix + metric.name
      lines.append("# HELP \(name) \(metric.help)")
      lines.append("# TYPE \(name) gauge")
      for (log, value) in samples {
        lines.append("\(name){\(MetricsText.labels(log))} \(MetricsText.number(value))")
      }
    }
    text = lines.joined(separator: "\n") + "\n"
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
