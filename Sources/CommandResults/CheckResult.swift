package import AuditRecord
package import CloudsmithAPI
package import ExportConfiguration

/// The result of `check`.
package struct CheckResult: CommandResult {
  package let log: LogName
  package let host: APIHost
  /// nil if no archive was given.
  package let archive: String?
  /// The number of requests that were made.
  package let requests: Int
  /// The result for each prerequisite that was checked, in the order of `CheckLine.Subject`.
  package let lines: [CheckLine]

  package init(log: LogName, host: APIHost, archive: String?, requests: Int, lines: [CheckLine]) {
    self.log = log
    self.host = host
    self.archive = archive
    self.requests = requests
    self.lines = lines
  }

  private var failures: [Failure] {
    lines.compactMap { if case .failed(let failure) = $0.finding { failure } else { nil } }
  }

  /// The status of the first failure.
  package var status: ExitStatus { failures.first?.status ?? .done }

  private var oddities: [String] {
    lines.compactMap { if case .warned(let sentence) = $0.finding { sentence } else { nil } }
  }

  package var warnings: [String] { oddities + failures.map(\.sentence) }

  package var text: String {
    let width = (CheckLine.Subject.allCases.map(\.label.count).max() ?? 0) + 2
    var text = lines.map { line in
      let label = line.subject.label
      let (mark, sentence) = line.finding.told
      return
        "\(mark) \(label)\(String(repeating: " ", count: width - label.count))\(TerminalText.line(sentence))"
    }
    let made = "\(requests) \(requests == 1 ? "request" : "requests") made"
    text.append("")
    let verdict =
      switch (failures.count, oddities.count) {
      case (0, 0): "all checks passed"
      case (0, let odd): "no check failed, \(odd) of \(lines.count) \(odd == 1 ? "needs" : "need") attention"
      case (let wrong, _): "\(wrong) of \(lines.count) checks failed (status \(status.rawValue))"
      }
    text.append("\(log): \(verdict); \(made).")
    return text.joined(separator: "\n")
  }

  package var document: any Encodable {
    Document(
      status: status.word, exitStatus: status.rawValue, source: log.description, apiHost: host.description,
      archive: archive, requests: requests, checks: lines.map(Document.Check.init))
  }

  private struct Document: Encodable {
    struct Check: Encodable {
      var subject: String
      /// `passed`, `warned`, `failed` or `skipped`.
      var result: String
      var message: String
      /// The status with which a run would end. Only for a failed check.
      var status: String?
      var exitStatus: Int32?

      init(_ line: CheckLine) {
        subject = line.subject.rawValue
        message = line.finding.told.sentence
        switch line.finding {
        case .passed: result = "passed"
        case .warned: result = "warned"
        case .skipped: result = "skipped"
        case .failed(let failure):
          result = "failed"
          status = failure.status.word
          exitStatus = failure.status.rawValue
        }
      }
    }

    var status: String
    var exitStatus: Int32
    var source: String
    var apiHost: String
    var archive: String?
    var requests: Int
    var checks: [Check]
  }
}

extension CheckLine.Finding {
  fileprivate var told: (mark: String, sentence: String) {
    switch self {
    case .passed(let sentence): ("✓", sentence)
    case .warned(let sentence): ("!", sentence)
    case .failed(let failure): ("✗", failure.sentence)
    case .skipped(let reason): ("–", "skipped: \(reason)")
    }
  }
}

/// The result for one prerequisite of a run.
package struct CheckLine {
  /// The prerequisites, in the order in which they are printed. The first that failed gives the exit status.
  package enum Subject: String, CaseIterable {
    case api, key, organization
    case auditLog = "audit_log"
    case rateLimit = "rate_limit"
    case clock
    case timeFilter = "time_filter"
    case oldestEvent = "oldest_event"
    case archive
    case archiveWritable = "archive_writable"
    /// A property of the store of a bucket.
    case store
    /// The archive's Delta Lake table. Only if the archive is one.
    case table
    case lock
    case diskSpace = "disk_space"

    /// The label in text.
    package var label: String {
      switch self {
      case .api: "API"
      case .organization: "organization"
      default: rawValue.replacing("_", with: " ")
      }
    }

    /// The prerequisites on the side of the API.
    package static let ofAPI: [Subject] = [
      .api, .key, .organization, .auditLog, .rateLimit, .clock, .timeFilter, .oldestEvent,
    ]
    /// The prerequisites on the side of the archive.
    package static let ofArchive: [Subject] = [.archive, .archiveWritable, .lock, .diskSpace]
  }

  /// The outcome of a check, with a sentence that starts in lowercase.
  package enum Finding {
    /// Passed.
    case passed(String)
    /// Unusual. A run copes with it, but a person should look at it.
    case warned(String)
    /// Failed. The sentence says how to fix it.
    case failed(Failure)
    /// Skipped, for this reason.
    case skipped(String)
  }

  /// The prerequisite.
  package let subject: Subject
  package let finding: Finding

  package init(subject: Subject, finding: Finding) {
    self.subject = subject
    self.finding = finding
  }
}
