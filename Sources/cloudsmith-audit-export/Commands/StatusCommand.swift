import ArgumentParser
import AuditArchive
import AuditRecord
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
    abstract: "Coverage, gaps, high-water mark, partitions and the last runs of an archive.",
    discussion: """
      Examples:
        cloudsmith-audit-export status -o acme --archive /srv/audit
        cloudsmith-audit-export status -o acme --archive /srv/audit --output-format json
        cloudsmith-audit-export status --config job.yaml
        cloudsmith-audit-export status --config job.yaml --settings
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "What") var job: JobOptions

  @Flag(
    help:
      "Print every setting that an export would have, and where its value comes from; secrets are redacted.")
  var settings = false

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment)
    try await speaker.run {
      let job = try Job(config: job.config, target.given, environment)
      return try await speaker.run(job) { sources in
        guard !settings else { return SettingsReport(sources).answer }
        return try StatusCommand.answer(sources)
      }
    }
  }

  private static func answer(_ sources: SettingSources) throws -> LogAnswer {
    let (log, archive) = (try sources.log(), try sources.archive())
    let words = Words(log: log, archive: archive)
    do {
      guard let (manifest, damaged) = try Archive.inspect(at: archive, log: log) else {
        throw words.noArchive
      }
      let commits = try Archive.recentCommits(at: archive, log: log, limit: 5)
      let report = StatusReport(
        manifest: manifest, commits: commits, damaged: damaged, now: SystemClock().now)
      guard !damaged.isEmpty else { return LogAnswer(report) }
      let failure = words.damagedFiles(damaged)
      return LogAnswer(report, failure.status, sentence: failure.sentence, heading: "error: ")
    } catch let error as ArchiveError {
      throw words.failure(error)
    }
  }
}
