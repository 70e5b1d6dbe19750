import AuditArchive
import AuditRecord
import AuditReport

/// What `report` did.
package struct ReportReport: Report {
  package let file: String
  package let bytes: Int
  package let log: LogName
  package let archive: String
  package let window: Window?
  package let reading: ArchiveReading

  package var status: ExitStatus { reading.isSound ? .done : .damaged }

  /// The sentence that belongs to the status; nil when all is well.
  package var message: String? {
    guard !reading.isSound else { return nil }
    return """
      The archive \(quoted(archive)) of '\(log)' is damaged; the page says where. cloudsmith-audit-export verify tells all that is \
      wrong, and what to do.
      """
  }

  private var verification: String {
    guard let found = reading.found else { return "skipped" }
    return found.findings.isEmpty ? "sound" : "damaged"
  }

  package var text: String {
    let days = reading.tally.perDay.count
    var lines = [
      "page             \(file) (\(bytes.grouped) bytes)",
      "events           \(reading.tally.rows.grouped) on \(days.grouped) \(days == 1 ? "day" : "days")",
    ]
    lines += reading.unread.map { "not counted      \($0.day): \(TerminalText.line($0.why))" }
    switch reading.found?.findings.count {
    case nil: lines.append("verification     not done (--skip-verification)")
    case 0: lines.append("verification     no finding")
    case let count?: lines.append("verification     \(count.grouped) \(count == 1 ? "finding" : "findings")")
    }
    return lines.joined(separator: "\n")
  }

  package var json: String {
    JSONText.of(
      Document(
        status: status.word, exitStatus: status.rawValue, message: message, source: log.description,
        archive: archive, page: file, bytes: bytes, window: window.map(WindowText.init),
        events: reading.tally.rows, days: reading.tally.perDay.count,
        daysNotCounted: reading.unread.map(\.day.description), verification: verification,
        findings: reading.found?.findings.count))
  }

  private struct Document: Encodable {
    var status: String
    var exitStatus: Int32
    var message: String?
    var source: String
    var archive: String
    var page: String
    var bytes: Int
    var window: WindowText?
    var events: Int
    var days: Int
    var daysNotCounted: [String]
    var verification: String
    var findings: Int?
  }
}
