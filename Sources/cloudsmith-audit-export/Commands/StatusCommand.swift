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
        cloudsmith-audit-export status -o acme --archive /srv/audit \\
          --output-format json
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment)
    try await speaker.run {
      let log = try target.log(environment)
      let archive = try target.directory(environment)
      let words = Words(log: log, archive: archive)
      do {
        guard let (manifest, damaged) = try Archive.inspect(at: archive, log: log) else {
          throw words.noArchive
        }
        let commits = try Archive.recentCommits(at: archive, log: log, limit: 5)
        speaker.answer(
          StatusReport(manifest: manifest, commits: commits, damaged: damaged, now: SystemClock().now))
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
