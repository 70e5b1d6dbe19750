import ArgumentParser
import AuditArchive
import AuditExport
import AuditRecord
import AuditReport
import CloudsmithAPI
import Platform

/// Tells what an archive holds. Needs neither network nor key, and does not disturb a run.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Coverage, gaps, high-water mark, events a day and the last runs of an archive, on a page.",
    discussion: """
      The calendar has a line for each month and a cell for each day (UTC): whether it has events, whether nothing happened, \
      whether it may still change or has a gap. Below it stand the events of each day, as many as the width has room for.

      Colour is for terminals. CLOUDSMITH_COLOR=always or never settles it; else NO_COLOR, CLOUDSMITH_FORCE_COLOR=true and \
      TERM=dumb count. The width is that of the terminal, or COLUMNS; elsewhere 80. Where the locale (LC_ALL, LC_CTYPE, LANG) \
      is not UTF-8, it is all ASCII. For programs there is --output-format json.

      Examples:
        cloudsmith-audit-export status -o acme --archive /srv/audit
        cloudsmith-audit-export status -o acme --archive /srv/audit --days
        cloudsmith-audit-export status -o acme --archive /srv/audit \\
          --output-format json
        cloudsmith-audit-export status --config job.yaml
        cloudsmith-audit-export status --config job.yaml --settings
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "What") var job: JobOptions

  @Flag(help: "List every day too: state, revision, rows, bytes.")
  var days = false

  @Option(
    help: ArgumentHelp(
      "How long the API keeps events, to warn of what is about to be lost; default 365d.", valueName: "span"))
  var retention: String?

  @Flag(
    help:
      "Print every setting that an export would have, and where its value comes from; secrets are redacted.")
  var settings = false

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment, whenQuiet: .always)
    try await speaker.run {
      let given = target.given + [Settings.retention.given(retention)]
      let job = try Job(config: job.config, given, environment)
      return try await speaker.run(job) { sources in
        guard !settings else { return SettingsReport(sources).answer }
        return try await answer(sources, style: speaker.console.style(environment))
      }
    }
  }

  private func answer(_ sources: SettingSources, style: TerminalStyle) async throws -> LogAnswer {
    let (log, location) = (try sources.log(), try sources.archive())
    let archive = Archive(location, log: log)
    let retention = try sources.value(of: Settings.retention)
    let words = Words(log: log, archive: location.text, retention: retention)
    do {
      guard let (manifest, damaged) = try await archive.inspect() else {
        throw words.noArchive
      }
      let recent = try await RecentCommits(archive, newest: manifest.commit)
      let now = SystemClock().now
      let report = StatusReport(
        manifest: manifest, commits: recent.commits, runs: recent.runs, damaged: damaged,
        loss: manifest.loss(after: retention, now: now), now: now, listsDays: days, style: style)
      guard !damaged.isEmpty else { return LogAnswer(report) }
      let failure = words.damagedFiles(damaged, manifest, now: now)
      return LogAnswer(report, failure)
    } catch let error as ArchiveError {
      throw words.failure(error)
    }
  }
}
