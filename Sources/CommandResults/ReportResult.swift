package import AuditArchive
package import AuditRecord
package import AuditReport
import CloudsmithAPI
package import ExportConfiguration

/// The result of `report`.
package struct ReportResult: CommandResult {
  /// The path of the HTML file.
  package let file: String
  /// The size of the HTML file.
  package let bytes: Int
  package let log: LogName
  package let archive: String
  /// nil for all events.
  package let window: Window?
  /// What was read and verified.
  package let reading: ArchiveReading

  package init(
    file: String, bytes: Int, log: LogName, archive: String, window: Window?, reading: ArchiveReading
  ) {
    self.file = file
    self.bytes = bytes
    self.log = log
    self.archive = archive
    self.window = window
    self.reading = reading
  }

  package var failure: Failure? {
    guard !reading.isSound else { return nil }
    return Failure(
      status: .damaged,
      sentence: """
        The archive \(quoted(archive)) of '\(log)' is damaged; the report says where. cloudsmith-audit-export verify lists all \
        findings and how to fix them.
        """)
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
    case nil: lines.append("verification     skipped (--skip-verification)")
    case 0: lines.append("verification     no findings")
    case let count?: lines.append("verification     \(count.grouped) \(count == 1 ? "finding" : "findings")")
    }
    if let table = reading.table { lines.append("table            \(table.sentence)") }
    return lines.joined(separator: "\n")
  }

  package var document: any Encodable {
    Document(
      status: status.word, exitStatus: status.rawValue, message: failure?.sentence, source: log.description,
      archive: archive, page: file, bytes: bytes, window: window.map(WindowText.init),
      events: reading.tally.rows, days: reading.tally.perDay.count,
      daysNotCounted: reading.unread.map(\.day.description), verification: verification,
      findings: reading.found?.findings.count, table: reading.table.map(TableMember.init))
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
    var table: TableMember?
  }
}

/// An archive as read for a report: its rows are counted, and it is verified at the same time.
package struct ArchiveReading: Sendable {
  package let manifest: Manifest
  /// The table that the archive is; nil if it is none.
  package let table: TableState?
  package let tally: EventTally
  /// Days whose rows could not be read, with the reason. They are not counted.
  package let unread: [(day: Day, why: String)]
  /// The result of the verification. nil if it was skipped.
  package let found: VerificationReport?
  /// Newest first.
  package let runs: [RecentRun]

  package init(
    manifest: Manifest, table: TableState?, tally: EventTally, unread: [(day: Day, why: String)],
    found: VerificationReport?,
    runs: [RecentRun]
  ) {
    self.manifest = manifest
    self.table = table
    self.tally = tally
    self.unread = unread
    self.found = found
    self.runs = runs
  }

  /// Whether every row was read and the verification has no findings.
  package var isSound: Bool { unread.isEmpty && found?.findings.isEmpty ?? true }

  /// The verification as the page shows it.
  package var verification: ReportContent.Verification {
    guard let found else { return .skipped }
    func count(_ what: String, _ count: VerificationReport.Count) -> (what: String, count: String) {
      (what, "\(count.sound.grouped) of \(count.total.grouped)")
    }
    let commits =
      found.firstCommit == 1
      ? "commits valid, each with the hash of the previous one"
      : "commits from \(found.firstCommit.grouped) on valid; earlier ones were not read"
    let checked = [
      count(commits, found.commits),
      count("days unchanged since their commit", found.days),
      count("files intact", found.files),
      count("rows read from intact files", found.rows),
      count("quarantine files intact", found.quarantineFiles),
    ]
    guard !found.findings.isEmpty else { return .sound(checked: checked) }
    return .damaged(
      checked: checked,
      findings: found.findings.map { finding in
        (finding.problem.kind.rawValue, finding.path, finding.sentence)
      })
  }
}
