package import AuditArchive
package import AuditRecord
import AuditReport
package import ExportConfiguration

/// The result of `verify`.
package struct VerifyResult: CommandResult {
  package let report: VerificationReport
  package let log: LogName
  /// The archive as given by the user.
  package let archive: String
  /// Makes the commands that export damaged days again.
  private let replacing: ReplaceCommand
  /// The findings of the report, without unsigned commits from before signing began.
  private let findings: [Finding]
  /// The first signed commit, if all earlier ones are unsigned. nil if all are signed, or if signatures are not checked.
  private let signedFrom: Int?

  package init(report: VerificationReport, log: LogName, archive: String, replacing: ReplaceCommand) {
    (self.report, self.log, self.archive, self.replacing) = (report, log, archive, replacing)
    signedFrom = VerifyResult.signedFrom(report)
    findings = signedFrom == nil ? report.findings : report.findings.filter { $0.problem.kind != .unsigned }
  }

  /// Detects that signing began later: the first commits are unsigned, and all others have a valid signature. Through the hash
  /// chain, each signature also covers all earlier commits, so nothing is unproven. nil if the user passed where signing began, or
  /// if earlier commits, which may be signed, were not read.
  private static func signedFrom(_ report: VerificationReport) -> Int? {
    guard report.firstCommit == 1 else { return nil }
    let unsigned = report.findings.filter { $0.problem.kind == .unsigned }.compactMap(\.commit).sorted()
    guard let last = unsigned.last, unsigned == Array(1...last), report.settings.signedSince == 1,
      report.signatures.sound > 0, report.signatures.sound + last == report.signatures.total
    else { return nil }
    return last + 1
  }

  package var failure: Failure? {
    guard !findings.isEmpty else { return nil }
    let subject = "The archive \(quoted(archive)) of '\(log)'"
    if findings.allSatisfy(\.problem.isDenied) {
      return Failure(
        status: .storage,
        sentence:
          "\(subject) cannot be read completely, because this user lacks permission (\(countsByKind)).")
    }
    if findings.allSatisfy({ $0.problem.kind == .unlisted }) {
      return Failure(
        status: .damaged,
        sentence:
          "\(subject) matches its commits, but has additional files that no commit lists (\(countsByKind))."
      )
    }
    if findings.allSatisfy({ $0.problem.kind == .wrongTable }) {
      return Failure(
        status: .damaged,
        sentence:
          "\(subject) matches its commits, but its Delta Lake table does not (\(countsByKind)).")
    }
    if findings.allSatisfy({ $0.problem.kind == .unsigned }) {
      let number = findings.count
      return Failure(
        status: .damaged,
        sentence: """
          \(number.grouped) \(number == 1 ? "commit" : "commits") of the archive \(quoted(archive)) of '\(log)' \
          \(number == 1 ? "is" : "are") not signed. There are no other findings.
          """)
    }
    return Failure(status: .damaged, sentence: "\(subject) is damaged (\(countsByKind)).")
  }

  /// `3 findings: 1 missing, 2 altered`
  private var countsByKind: String {
    let counts = Finding.Problem.Kind.allCases.compactMap { kind in
      let count = findings.count { $0.problem.kind == kind }
      return count == 0 ? nil : "\(count.grouped) \(kind.rawValue)"
    }
    let number = findings.count
    return "\(number.grouped) \(number == 1 ? "finding" : "findings"): \(counts.joined(separator: ", "))"
  }

  // MARK: - Text

  package var text: String {
    var lines: [String] = []
    for finding in findings {
      lines.append(label(finding.problem.kind.rawValue) + TerminalText.line(finding.path))
      let place = finding.day.map { "\($0): " } ?? ""
      // The label says so already.
      if case .missing(rows: nil, nil) = finding.problem, place.isEmpty { continue }
      lines.append(label("") + place + TerminalText.line(finding.sentence))
    }
    lines += notes
    if !lines.isEmpty { lines.append("") }
    lines += summary
    lines.append("")
    // The failure on stderr counts the findings.
    if findings.isEmpty { lines.append("No findings: \(whatIsProven).") }
    for (advice, alike) in findingsByAdvice {
      let kinds = Finding.Problem.Kind.allCases.filter { kind in alike.contains { $0.problem.kind == kind } }
      lines.append("\(kinds.map(\.rawValue).joined(separator: ", ")): \(advice)")
      lines += replacements(of: alike.filter { FindingMessages.isMendedByReplacing($0.problem) })
    }
    return lines.joined(separator: "\n")
  }

  private var whatIsProven: String {
    let settings = report.settings
    let proven =
      if let since = settings.since {
        "since commit \(since.number.grouped), the archive matches its commits"
      } else if report.firstCommit == 1 {
        "the archive matches its commits"
      } else {
        "\(settings.asked == Window(from: .earliest, to: .latest) ? "the archive matches" : "these days match") its manifest"
      }
    return proven + (settings.isQuick ? "; files were checked by size only" : "")
  }

  /// The most files that the text lists. The JSON form lists all.
  private static let mostNotes = 10

  private var notes: [String] {
    let notes = VerifyNote.notes(of: report)
    var lines: [String] = []
    for note in notes.prefix(Self.mostNotes) {
      lines.append(label("note") + TerminalText.line(note.path))
      lines.append(label("") + TerminalText.line(note.message))
    }
    if notes.count > Self.mostNotes {
      lines.append(label("note") + "and \((notes.count - Self.mostNotes).grouped) more such files")
    }
    return lines
  }

  /// The findings grouped by advice, in the order of their kinds.
  private var findingsByAdvice: [(advice: String, findings: [Finding])] {
    var groups: [(advice: String, findings: [Finding])] = []
    for kind in Finding.Problem.Kind.allCases {
      for finding in findings where finding.problem.kind == kind {
        let advice = kind == .unsigned ? adviceOnUnsigned : FindingMessages.advice(finding)
        if let index = groups.firstIndex(where: { $0.advice == advice }) {
          groups[index].findings.append(finding)
        } else {
          groups.append((advice, [finding]))
        }
      }
    }
    return groups
  }

  /// The advice depends on whether a signed commit follows the unsigned ones: its signature covers them through the hash chain.
  private var adviceOnUnsigned: String {
    let last =
      findings.filter { [.unsigned, .badSignature].contains($0.problem.kind) }.compactMap(\.commit).max() ?? 0
    let signed = last + 1
    let remedy =
      last < report.newestCommit
      ? "pass --signed-since \(signed): commit \(signed) is signed, and its signature"
      : "export again with --signing-key-file, and then pass --signed-since \(signed): the signature of commit \(signed)"
    return """
      Find out why: an export without --signing-key-file signs nothing, and a signature that is lost or deleted looks the same. If \
      these commits are yours, \(remedy) covers all earlier commits through the hash chain.
      """
  }

  /// The commands that export the days of these findings again, at most the ten oldest.
  private func replacements(of findings: [Finding]) -> [String] {
    let days = findings.flatMap(\.days)
    let commands = replacing.texts(days)
    let more = commands.count - 10
    return commands.prefix(10).map { "  \(TerminalText.line($0))" }
      + (more > 0 ? ["  and \(more) more like these"] : [])
  }

  private var summary: [String] {
    let isQuick = report.settings.isQuick
    var lines = [
      label("archive")
        + TerminalText.line(
          "\(report.source.map { "\($0.log) at \($0.apiHost)" } ?? "\(log)") in \(archive)"),
      label("scope") + scope,
      label("coverage") + (report.found.map { "\($0.from) to \($0.to)" } ?? "none"),
      label("gaps") + (report.gaps.isEmpty ? "none" : "\(report.gaps.count)"),
    ]
    lines += report.gaps.map { label("") + "\($0.from) to \($0.to)" }
    lines += commits
    if report.settings.publicKey != nil {
      let first = max(report.settings.signedSince, report.firstCommit)
      lines.append(
        label("signatures") + count(report.signatures) + " commits\(first > 1 ? " from \(first) on" : "")"
          + " signed by the key")
      if let signedFrom {
        lines.append(
          label("")
            + "signing began with commit \(signedFrom); through the hash chain, its signature covers all earlier ones"
        )
        lines.append(
          label("") + "Pass --signed-since \(signedFrom) to require a signature on every later commit")
      }
    }
    lines += [
      label("days") + count(report.days)
        + (report.settings.since == nil
          ? " unchanged since their commit" : " days that changed since then match their commit"),
      label("files") + count(report.files) + (isQuick ? " with the right size" : " intact"),
      label("rows") + (isQuick ? "not read (--quick)" : count(report.rows) + " read from intact files"),
      label("quarantine") + count(report.quarantineFiles)
        + (isQuick ? " files with the right size" : " files intact"),
      label("empty days")
        + (report.emptyDays.isEmpty
          ? "none (a day counts once it is fully covered)"
          : "\(report.emptyDays.count.grouped) of \(report.days.total.grouped) are fully covered and have no events: "
            + ranges(report.emptyDays)),
    ]
    if let table = report.table { lines.append(label("table") + table.sentence) }
    if let manifest = report.manifestCommit, manifest == report.newestCommit - 1 {
      lines.append(
        label("manifest")
          + "of commit \(manifest): a run stopped, or is still working, before updating it to commit \(report.newestCommit)"
      )
    }
    return lines
  }

  private var commits: [String] {
    let first = report.firstCommit
    var lines = [
      label("commits") + count(report.commits) + (first > 1 ? " from \(first.grouped) on" : "")
        + " valid, each with the hash of the previous one"
    ]
    if let since = report.settings.since {
      let days = report.daysUnchanged ?? 0
      lines.append(
        label("")
          + "verified before (--since): commits up to \(since.number.grouped), and \(days.grouped)"
          + " \(days == 1 ? "day that has" : "days that have") not changed since"
      )
    } else if first > 1 {
      lines.append(
        label("") + "earlier ones were not read; verify without --quick, --from and --to reads them")
    }
    if let sha256 = report.newestCommitSHA256 {
      lines.append(label("newest commit") + "\(report.newestCommit), SHA-256 \(sha256)")
    }
    return lines
  }

  private var scope: String {
    let changed = report.settings.since.map { "what changed since commit \($0.number.grouped)" }
    let range: String? =
      switch (report.settings.from, report.settings.to) {
      case (nil, nil): nil
      case (let from?, let to?): "\(from) to \(to)"
      case (let from?, nil): "from \(from) on"
      case (nil, let to?): "up to \(to)"
      }
    let parts = [changed, range].compactMap(\.self)
    return parts.isEmpty ? "everything" : parts.joined(separator: ", ")
  }

  private func count(_ count: VerificationReport.Count) -> String {
    "\(count.sound.grouped) of \(count.total.grouped)"
  }

  private func label(_ text: String) -> String {
    text + String(repeating: " ", count: max(1, 17 - text.count))
  }

  /// `2024-02-11, 2024-02-13 to 2024-02-17`
  private func ranges(_ days: [Day]) -> String {
    var ranges: [ClosedRange<Day>] = []
    for day in days {
      if let last = ranges.last, last.upperBound.next == day {
        ranges[ranges.count - 1] = last.lowerBound...day
      } else {
        ranges.append(day...day)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
      .joined(separator: ", ")
  }

  // MARK: - JSON

  package var document: any Encodable {
    Document(
      status: status.word, exitStatus: status.rawValue, message: failure?.sentence, source: log.description,
      archive: archive, quick: report.settings.isQuick, since: report.settings.since?.number,
      rangeAsked: Document.Range(from: report.settings.from, to: report.settings.to),
      rangeFound: report.found.map(WindowText.init), coverage: report.coverage.map(WindowText.init),
      gaps: report.gaps.map(WindowText.init), firstCommit: report.firstCommit,
      newestCommit: report.newestCommit, newestCommitSha256: report.newestCommitSHA256,
      manifestCommit: report.manifestCommit, commits: Document.Count(report.commits),
      signatures: report.settings.publicKey == nil ? nil : Document.Count(report.signatures),
      signedFrom: signedFrom,
      days: Document.Count(report.days), daysUnchanged: report.daysUnchanged,
      files: Document.Count(report.files),
      rows: report.settings.isQuick ? nil : Document.Count(report.rows),
      quarantineFiles: Document.Count(report.quarantineFiles),
      provenEmptyDays: report.emptyDays.map(\.description),
      findings: findings.map(Document.Finding.init),
      table: report.table.map(TableMember.init), notes: VerifyNote.notes(of: report))
  }

  private struct Document: Encodable {
    struct Range: Encodable {
      var from: String?
      var to: String?

      init(from: Timestamp?, to: Timestamp?) {
        self.from = from?.description
        self.to = to?.description
      }
    }

    struct Count: Encodable {
      var sound: Int
      var total: Int

      init(_ count: VerificationReport.Count) {
        sound = count.sound
        total = count.total
      }
    }

    struct Finding: Encodable {
      var kind: String
      var path: String
      var day: String?
      var otherDay: String?
      var commit: Int?
      var expected: String?
      var found: String?
      var message: String

      init(_ finding: AuditArchive.Finding) {
        kind = finding.problem.kind.rawValue
        path = finding.path
        day = finding.day?.description
        if case .duplicate(_, _, let other?) = finding.problem { otherDay = other.description }
        commit = finding.commit
        (expected, found) = FindingMessages.facts(finding.problem)
        message = finding.sentence
      }
    }

    var status: String
    var exitStatus: Int32
    var message: String?
    var source: String
    var archive: String
    var quick: Bool
    /// The commit that was verified before. nil for a full verification.
    var since: Int?
    var rangeAsked: Range
    var rangeFound: WindowText?
    var coverage: [WindowText]
    var gaps: [WindowText]
    /// The first commit whose record was read.
    var firstCommit: Int
    var newestCommit: Int
    /// With the number, the argument for the next `--since`.
    var newestCommitSha256: String?
    var manifestCommit: Int?
    var commits: Count
    var signatures: Count?
    var signedFrom: Int?
    var days: Count
    /// With `since`: days that were verified before and have not changed.
    var daysUnchanged: Int?
    var files: Count
    var rows: Count?
    var quarantineFiles: Count
    var provenEmptyDays: [String]
    var findings: [Finding]
    /// Absent if the archive is no table, or if the table could not be read.
    var table: TableMember?
    /// Kept files, and what other programs left. Neither is damage.
    var notes: [VerifyNote]
  }
}
