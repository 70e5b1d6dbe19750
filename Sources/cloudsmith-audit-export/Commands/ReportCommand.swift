import ArgumentParser
import AuditArchive
import AuditExport
import AuditRecord
import AuditReport
import CloudsmithAPI
import Platform

/// Draws what an archive holds on an HTML page. Needs neither network nor key, and does not disturb a run.
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract:
      "One HTML page to look at: coverage, events a day, who, what, from where, when; and whether it is whole.",
    discussion: """
      Reads every row once, and verifies the archive beside it as verify does, unless --skip-verification is given. The page is one \
      file without scripts: it loads nothing, neither from the network nor from elsewhere, and can be mailed, printed and kept. \
      It is written whole or not at all. Values are shown as text, what cannot be seen is written out, and long ones are cut.

      --from and --to limit what is counted and shown, and the days that are verified; of the commits only the newest are \
      then read. What is counted by value (events, actors, \
      countries) is exact up to 32,768 different values; beyond that the page says how much a count may lack.

      Status 2 when the archive is damaged; the page is written all the same, and says so.

      Examples:
        cloudsmith-audit-export report -o acme --archive /srv/audit --html audit.html
        cloudsmith-audit-export report -o acme --archive /srv/audit \\
          --html 2024.html --from 2024-01-01 --to 2025-01-01
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "What") var job: JobOptions

  @Option(
    help: ArgumentHelp(
      "The page to write; replaced when it is there. Not inside the archive's own folders.", valueName: "file"
    ), completion: .file())
  var html: String?

  @Option(help: ArgumentHelp("Only events from here on.", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Only events before this, exclusive.", valueName: "time"))
  var to: String?

  @Flag(help: "Do not verify the archive; the page says that it was not.")
  var skipVerification = false

  @Option(
    help: ArgumentHelp(
      "How long the API keeps events, to warn of what is about to be lost; default 365d.", valueName: "span"))
  var retention: String?

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment, whenQuiet: .besideText)
    try await speaker.run {
      let sources = try Job(config: job.config, given, environment).onlyLog()
      let (log, location) = (try sources.log(), try sources.archive())
      let archive = location.text
      let file = try sources.value(of: Settings.html)
      let page = try OutputFile(file, option: Settings.html.option, archives: [archive])
      let now = SystemClock().now
      let window = try window(sources, now: now)
      let retention = try sources.value(of: Settings.retention)
      let words = Words(log: log, archive: archive)
      do {
        let reading = try await ArchiveReading.run(
          Archive(location, log: log), window: window, isVerified: !skipVerification, speaker: speaker)
        guard let reading else { throw words.noArchive }
        let content = ReportContent(
          manifest: reading.manifest, window: window, tally: reading.tally, unread: reading.unread,
          verification: reading.verification, runs: reading.runs,
          loss: reading.manifest.loss(after: retention, now: now), now: now,
          maker: "cloudsmith-audit-export \(Version.text)")
        let text = Array(ReportPage(content).html.utf8)
        try page.write(text)
        let report = ReportReport(
          file: file, bytes: text.count, log: log, archive: archive, window: window, reading: reading)
        if let sentence = report.message {
          speaker.say(LogAnswer(report, Failure(status: report.status, sentence: sentence)))
        } else {
          speaker.say(LogAnswer(report))
        }
        return report.status
      } catch let error as ArchiveError {
        throw words.failure(error)
      }
    }
  }

  private var given: [GivenOption] {
    target.given + [
      Settings.html.given(html), Settings.from.given(from), Settings.to.given(to),
      Settings.retention.given(retention),
    ]
  }

  /// nil: everything.
  private func window(_ sources: SettingSources, now: Timestamp) throws(Failure) -> Window? {
    let (from, to) = (try sources.resolve(Settings.from), try sources.resolve(Settings.to))
    guard from != nil || to != nil else { return nil }
    let window = Window(from: from ?? .earliest, to: to ?? now)
    guard !window.isEmpty else {
      throw .usage(
        "--from \(window.from) is not before --to \(window.to): the range would be empty (its end does not belong to it)."
      )
    }
    return window
  }
}
