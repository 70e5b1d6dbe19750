package import AuditRecord
package import CloudsmithAPI
package import ExportConfiguration

/// What `check` found.
package struct CheckResult: CommandResult {
  package let log: LogName
  package let host: APIHost
  package let archive: String?
  /// Those that were made.
  package let requests: Int
  package let lines: [CheckLine]

  package init(log: LogName, host: APIHost, archive: String?, requests: Int, lines: [CheckLine]) {
    self.log = log
    self.host = host
    self.archive = archive
    self.requests = requests
    self.lines = lines
  }

  private var failures: [Failure] {
    lines.compactMap { if case .bad(let failure) = $0.finding { failure } else { nil } }
  }

  /// Of the first that is wrong.
  package var status: ExitStatus { failures.first?.status ?? .done }

  private var oddities: [String] {
    lines.compactMap { if case .odd(let sentence) = $0.finding { sentence } else { nil } }
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
    let made = "\(requests) \(requests == 1 ? "request was" : "requests were") made"
    text.append("")
    let verdict =
      switch (failures.count, oddities.count) {
      case (0, 0): "nothing wrong was found"
      case (0, let odd): "nothing is wrong, and \(odd) of \(lines.count) should be looked at"
      case (let wrong, _): "\(wrong) of \(lines.count) are wrong (status \(status.rawValue))"
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
      /// That a run would end with; of what failed alone.
      var status: String?
      var exitStatus: Int32?

      init(_ line: CheckLine) {
        subject = line.subject.rawValue
        message = line.finding.told.sentence
        switch line.finding {
        case .good: result = "passed"
        case .odd: result = "warned"
        case .open: result = "skipped"
        case .bad(let failure):
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
    case .good(let sentence): ("✓", sentence)
    case .odd(let sentence): ("!", sentence)
    case .bad(let failure): ("✗", failure.sentence)
    case .open(let reason): ("–", "not looked at: \(reason)")
    }
  }
}

/// One thing that a run will rely on, and what was found when it was looked at.
package struct CheckLine {
  /// In the order in which they are told, and in which the first that is wrong gives the exit status.
  package enum Subject: String, CaseIterable {
    case api, key, organization
    case auditLog = "audit_log"
    case rateLimit = "rate_limit"
    case clock
    case timeFilter = "time_filter"
    case oldestEvent = "oldest_event"
    case archive
    case archiveWritable = "archive_writable"
    case lock
    case diskSpace = "disk_space"

    package var label: String {
      switch self {
      case .api: "API"
      case .organization: "organisation"
      default: rawValue.replacing("_", with: " ")
      }
    }

    package static let ofAPI: [Subject] = [
      .api, .key, .organization, .auditLog, .rateLimit, .clock, .timeFilter, .oldestEvent,
    ]
    package static let ofArchive: [Subject] = [.archive, .archiveWritable, .lock, .diskSpace]
  }

  package enum Finding {
    case good(String)
    /// A run copes with it; somebody should look at it all the same.
    case odd(String)
    /// The sentence tells the cure too.
    case bad(Failure)
    /// It was not looked at, for this reason.
    case open(String)
  }

  package let subject: Subject
  package let finding: Finding

  package init(subject: Subject, finding: Finding) {
    self.subject = subject
    self.finding = finding
  }
}
