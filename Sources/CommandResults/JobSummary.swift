package import AuditRecord
package import ExportConfiguration

/// The summary of the logs of a job: the worst status, the failed logs and totals. Takes little memory for each log.
package struct JobSummary {
  /// The worst status of all logs.
  package private(set) var worst = ExitStatus.done
  private var counts: [ExitStatus: Int] = [:]
  private var figures: [(name: String, count: Int)] = []
  /// The logs that failed, in the order in which they ended.
  private var failed: [(log: LogName, status: ExitStatus)] = []

  package init() {}

  /// Adds a log that has ended.
  package mutating func add(_ log: LogName, _ status: ExitStatus, _ figures: [(name: String, count: Int)]) {
    if status.worse(than: worst) { worst = status }
    counts[status, default: 0] += 1
    if status != .done { failed.append((log, status)) }
    for (name, count) in figures {
      if let index = self.figures.firstIndex(where: { $0.name == name }) {
        self.figures[index].count += count
      } else {
        self.figures.append((name, count))
      }
    }
  }

  /// The number of logs that have ended.
  package var count: Int { counts.values.reduce(0, +) }

  /// Up to three lines: the failed logs, the number of logs with each status, and the totals.
  package var text: String {
    var lines: [String] = []
    if !failed.isEmpty {
      let named = failed.prefix(JobSummary.mostNames).map { "\($0.log) (\($0.status.word))" }
      let others = failed.count - named.count
      lines.append(
        "failed: " + named.joined(separator: ", ") + (others > 0 ? " and \(others.grouped) others" : ""))
    }
    let parts = ordered.map { "\($0.value.grouped) \($0.key.word)" }
    lines.append("\(count.grouped) logs: \(parts.joined(separator: ", "))")
    if !figures.isEmpty {
      lines.append(figures.map { "\($0.count.grouped) \($0.name)" }.joined(separator: ", "))
    }
    return lines.joined(separator: "\n")
  }

  /// From best to worst.
  private var ordered: [(key: ExitStatus, value: Int)] {
    counts.sorted { $1.key.worse(than: $0.key) }
  }

  private static let mostNames = 100

  /// The last line of JSON Lines.
  package var document: some Encodable {
    Document(
      exitStatus: worst.rawValue, logCount: count,
      logsByStatus: Dictionary(uniqueKeysWithValues: counts.map { ($0.key.word, $0.value) }),
      status: worst.word)
  }

  private struct Document: Encodable {
    var exitStatus: Int32
    var logCount: Int
    var logsByStatus: [String: Int]
    var status: String
  }

  /// The last line of the document with the results of all logs. The first is `head`; between them is a line for each log.
  package var tail: String {
    #"],"exit_status":\#(worst.rawValue),"status":"\#(worst.word)"}"#
  }

  package static let head = #"{"logs":["#
}

/// The document of one log of a job, on a line of its own. It has `source`, the name of the log.
package struct LogDocument: Encodable {
  private let log: LogName
  private let document: any Encodable

  package init(_ log: LogName, _ document: any Encodable) {
    self.log = log
    self.document = document
  }

  private enum CodingKeys: CodingKey { case source }

  package func encode(to encoder: any Encoder) throws {
    try document.encode(to: encoder)
    var members = encoder.container(keyedBy: CodingKeys.self)
    try members.encode(log.description, forKey: .source)
  }
}
