import ArgumentParser
import AuditArchive
import AuditExport
import AuditRecord
import AuditReport
import CommandResults
import ExportConfiguration
import HTTP
import Platform

/// Writes an HTML report of an archive. Needs neither network nor key, and does not disturb a run.
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write an HTML report: coverage, events per day, top values and the result of a verification.",
    discussion: """
      Reads every row once and verifies the archive as verify does, unless --skip-verification is given. The report is a single self-contained file without scripts, so it can be mailed, printed and kept. It is written completely or not at \
      all. Values are shown as text, invisible characters are escaped, and long values are cut.

      --from and --to limit the events that are counted and the days that are verified. With either option, only the newest commits are read. Counts per value (events, actors, countries) are exact up to 32,768 distinct values. Beyond that, the report \
      states the largest possible error.

      If the archive is damaged, the report is still written and says so, and the command exits with status 2.

      Examples:
        cloudsmith-audit-export report -o acme --archive /srv/audit --html audit.html
        cloudsmith-audit-export report -o acme --archive /srv/audit \\
          --html 2024.html --from 2024-01-01 --to 2025-01-01
      """)

  @OptionGroup(title: "What to report") var target: ArchiveOptions
  @OptionGroup(title: "What to report") var job: JobOfOneLogOptions

  @Option(Settings.html, completion: .file())
  var html: String?

  @Option(help: ArgumentHelp("Count only events from this time on.", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Count only events before this time.", valueName: "time"))
  var to: String?

  @Flag(help: "Do not verify the archive. The report says so.")
  var skipVerification = false

  @Option(Settings.retention)
  var retention: String?

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Bucket") var bucket: BucketOptions
  @OptionGroup(title: "Bucket") var bucketConnection: BucketConnectionOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let commandOutput = try CommandOutput(output, environment, whenQuiet: .besideText)
    try await commandOutput.run {
      let sources = try LogSelection(config: job.config, given, environment).onlyLog()
      let (log, location) = (try sources.log(), try sources.archive())
      let archive = location.text
      let file = try sources.value(of: Settings.html)
      let page = try OutputFile(file, option: Settings.html.option, archives: [archive])
      let now = SystemClock().now
      let window = try window(sources, now: now)
      let retention = try sources.value(of: Settings.retention)
      let words = Messages(log: log, archive: archive)
      do {
        let reading = try await ArchiveReading.run(
          Archive(location, log: log), window: window, isVerified: !skipVerification,
          commandOutput: commandOutput)
        guard let reading else { throw await Archive(location, log: log).noArchive(words) }
        let content = ReportContent(
          manifest: reading.manifest, table: reading.table, window: window, tally: reading.tally,
          unread: reading.unread,
          verification: reading.verification, runs: reading.runs,
          loss: reading.manifest.loss(after: retention, now: now), now: now,
          maker: "cloudsmith-audit-export \(Version.text)")
        let text = Array(ReportPage(content).html.utf8)
        try page.write(text)
        let result = ReportResult(
          file: file, bytes: text.count, log: log, archive: archive, window: window, reading: reading)
        commandOutput.say(result)
        return result.status
      } catch let error as ArchiveError {
        throw words.failure(error)
      }
    }
  }

  private var given: [GivenOption] {
    target.given + bucket.given + bucketConnection.given + [
      Settings.html.given(html), Settings.from.given(from), Settings.to.given(to),
      Settings.retention.given(retention),
    ]
  }

  /// The window of the report. nil for all events.
  private func window(_ sources: SettingSources, now: Timestamp) throws(Failure) -> Window? {
    let (from, to) = (try sources.resolve(Settings.from), try sources.resolve(Settings.to))
    guard from != nil || to != nil else { return nil }
    let window = Window(from: from ?? .earliest, to: to ?? now)
    guard !window.isEmpty else {
      throw .usage(
        "--from \(window.from) is not before --to \(window.to), so the window is empty (its end is exclusive)."
      )
    }
    return window
  }
}
