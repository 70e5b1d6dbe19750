import AuditRecord
import ExportConfiguration

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
