import ArgumentParser
import AuditArchive
import AuditExport
import AuditRecord
import AuditReport
import CloudsmithAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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
        cloudsmith-audit-export status -o acme --archive /srv/audit --output-format json
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions

  @Flag(help: "List every day too: state, revision, rows, bytes.")
  var days = false

  @Option(
    help: ArgumentHelp(
      "How long the API keeps events, to warn of what is about to be lost; default 365d.", valueName: "span"))
  var retention: String?

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment)
    try await speaker.run {
      let log = try target.log(environment)
      let archive = try target.directory(environment)
      let words = Words(log: log, archive: archive)
      let retention = try Settings.retention.resolve(retention, environment) ?? .days(365)
      do {
        guard let (manifest, damaged) = try Archive.inspect(at: archive, log: log) else {
          throw words.noArchive
        }
        let recent = try RecentCommits(at: archive, log: log)
        let now = SystemClock().now
        speaker.answer(
          StatusReport(
            manifest: manifest, commits: recent.commits, runs: recent.runs,
            damaged: damaged, loss: manifest.loss(after: retention, now: now), now: now, listsDays: days,
            style: speaker.console.style(environment)))
        if !damaged.isEmpty {
          let failure = words.damagedFiles(damaged)
          speaker.console.tell("error: \(failure.sentence)")
          return failure.status
        }
      } catch let error as ArchiveError {
        throw words.failure(error)
      }
      return .done
    }
  }
}
