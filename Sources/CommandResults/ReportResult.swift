package import AuditArchive
package import AuditRecord
package import AuditReport
import CloudsmithAPI
package import ExportConfiguration

/// What `report` did.
package struct ReportResult: CommandResult {
  package let file: String
  package let bytes: Int
  package let log: LogName
  package let archive: String
  package let window: Window?
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
        The archive \(quoted(archive)) of '\(log)' is damaged; the page says where. cloudsmith-audit-export verify tells all that is \
        wrong, and what to do.
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
    case nil: lines.append("verification     not done (--skip-verification)")
    case 0: lines.append("verification     no finding")
    case let count?: lines.append("verification     \(count.grouped) \(count == 1 ? "finding" : "findings")")
    }
    return lines.joined(separator: "\n")
  }

  package var document: any Encodable {
    Document(
      status: status.word, exitStatus: status.rawValue, message: failure?.sentence, source: log.description,
      archive: archive, page: file, bytes: bytes, window: window.map(WindowText.init),
      events: reading.tally.rows, days: reading.tally.perDay.count,
      daysNotCounted: reading.unread.map(\.day.description), verification: verification,
      findings: reading.found?.findings.count)
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

/// An archive read once for a report: its rows counted and, beside that, the archive verified.
package struct ArchiveReading: Sendable {
  package let manifest: Manifest
  package let tally: EventTally
  /// Days whose rows could not be read, and so are not counted.
  package let unread: [(day: Day, why: String)]
  /// nil: not verified.
  package let found: VerificationReport?
  /// Newest first.
  package let runs: [RecentRun]

  package init(
    manifest: Manifest, tally: EventTally, unread: [(day: Day, why: String)], found: VerificationReport?,
    runs: [RecentRun]
  ) {
    self.manifest = manifest
    self.tally = tally
    self.unread = unread
    self.found = found
    self.runs = runs
  }

  package var isSound: Bool { unread.isEmpty && found?.findings.isEmpty ?? true }

  /// In words for the page.
  package var verification: ReportContent.Verification {
    guard let found else { return .skipped }
    func count(_ what: String, _ count: VerificationReport.Count) -> (what: String, count: String) {
      (what, "\(count.sound.grouped) of \(count.total.grouped)")
    }
    let commits =
      found.firstCommit == 1
      ? "commits are as they were written, each after the one before"
      : "commits from \(found.firstCommit.grouped) on are as they were written; those before were not read"
    let checked = [
      count(commits, found.commits),
      count("days are as they were committed", found.days),
      count("files are as they were sealed", found.files),
      count("rows were read in sound files", found.rows),
      count("files of quarantine are as they were sealed", found.quarantineFiles),
    ]
    guard !found.findings.isEmpty else { return .sound(checked: checked) }
    return .damaged(
      checked: checked,
      findings: found.findings.map { finding in
        (finding.flaw.kind.rawValue, finding.path, finding.sentence)
      })
  }
}
