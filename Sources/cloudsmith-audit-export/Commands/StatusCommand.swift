import ArgumentParser
import AuditArchive
import AuditExport
import AuditRecord
import AuditReport
import CommandResults
import ExportConfiguration
import HTTP
import Platform

/// Shows what an archive holds. Needs neither network nor key, and does not disturb a run.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show coverage, gaps, events per day and recent runs.",
    discussion: """
      The calendar has a line per month and a cell per day (UTC). A cell shows whether the day has events, has none, may still \
      change, or has a gap. Below it are the events of each day, as many days as fit the width.

      Color is used on terminals only. CLOUDSMITH_COLOR=always or never overrides that; NO_COLOR, CLOUDSMITH_FORCE_COLOR=true and \
      TERM=dumb are honored too. The width is that of the terminal or COLUMNS, else 80. If the locale (LC_ALL, LC_CTYPE, LANG) is \
      not UTF-8, the output is ASCII. Programs should use --output-format json.

      Examples:
        cloudsmith-audit-export status -o acme --archive /srv/audit
        cloudsmith-audit-export status -o acme --archive /srv/audit --days
        cloudsmith-audit-export status -o acme --archive /srv/audit \\
          --output-format json
        cloudsmith-audit-export status --config job.yaml
        cloudsmith-audit-export status --config job.yaml --settings
      """)

  @OptionGroup(title: "What to show") var target: ArchiveOptions
  @OptionGroup(title: "What to show") var job: JobOptions

  @Flag(help: "Also list every day: state, revision, rows, bytes.")
  var days = false

  @Option(Settings.retention)
  var retention: String?

  @Flag(help: "Show every setting of an export and its source instead. Secrets are redacted.")
  var settings = false

  @OptionGroup(title: "Output") var output: OutputOptions
  @OptionGroup(title: "Bucket") var bucket: BucketOptions
  @OptionGroup(title: "Bucket") var bucketConnection: BucketConnectionOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let commandOutput = try CommandOutput(output, environment, whenQuiet: .always)
    try await commandOutput.run {
      let given = target.given + bucket.given + bucketConnection.given + [Settings.retention.given(retention)]
      let job = try job.logs(given, environment)
      let style = commandOutput.console.style(environment)
      return try await commandOutput.run(job) { [settings, days] sources, _ in
        guard !settings else { return SettingsResult(sources) }
        return try await StatusCommand.answer(sources, listsDays: days, style: style)
      }
    }
  }

  private static func answer(
    _ sources: SettingSources, listsDays: Bool, style: TerminalStyle
  ) async throws -> StatusResult {
    let (log, location) = (try sources.log(), try sources.archive())
    let archive = Archive(location, log: log)
    let retention = try sources.value(of: Settings.retention)
    let words = Messages(log: log, archive: location.text, retention: retention)
    do {
      guard let (manifest, damaged) = try await archive.inspect() else {
        throw await archive.noArchive(words)
      }
      let recent = try await RecentCommits(archive, newest: manifest.commit)
      let table = try await archive.table(of: manifest)
      let now = SystemClock().now
      return StatusResult(
        manifest: manifest, commits: recent.commits, runs: recent.runs, damaged: damaged, table: table,
        loss: manifest.loss(after: retention, now: now), now: now, listsDays: listsDays, style: style,
        failure: damaged.isEmpty ? nil : words.damagedFiles(damaged, manifest, now: now))
    } catch let error as ArchiveError {
      throw words.failure(error)
    }
  }
}
