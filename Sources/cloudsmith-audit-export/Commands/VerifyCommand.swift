import ArgumentParser
import AuditArchive
import AuditRecord
import CloudsmithAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Proves an archive, or tells all that is wrong with it. Needs neither network nor key, and does not disturb a run.
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Prove that an archive is whole and unchanged, or tell all that is wrong with it.",
    discussion: """
      Reads every commit and every file, compares them with what was recorded when they were written, and reckons rows, bounds \
      and content hashes anew from the files themselves. It never stops at a finding; any finding is status 2.

      --from and --to limit the days whose files are read; the commits are always followed from the first to the last.

      Examples:
        cloudsmith-audit-export verify -o acme --archive /srv/audit
        cloudsmith-audit-export verify -o acme --archive /srv/audit --quick
        cloudsmith-audit-export verify -o acme --archive /srv/audit --from 2024-02-12 --to 2024-02-13 --output-format json
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions

  @Option(help: ArgumentHelp("Read only the files of days from here on.", valueName: "time"))
  var from: String?

  @Option(help: ArgumentHelp("Read only the files of days before this, exclusive.", valueName: "time"))
  var to: String?

  @Flag(help: "Follow the commits and look at the sizes of the files; read none of them.")
  var quick = false

  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment)
    try await speaker.run {
      let log = try target.log(environment)
      let archive = try target.directory(environment)
      let settings = try settings(environment)
      let watch = VerifyWatch(speaker: speaker)
      do {
        let report = try Archive.verify(
          at: archive, log: log, settings: settings, patience: { usleep(VerifyCommand.patience) },
          observe: { watch.progress($0) })
        guard let report else {
          throw Failure(
            status: .noArchive,
            sentence: "No archive of '\(log)' in \(quoted(archive)): check --archive and --organization.")
        }
        let answer = VerifyReport(report: report, log: log, archive: archive)
        speaker.answer(answer)
        if let sentence = answer.message { speaker.console.tell(sentence) }
        return answer.status
      } catch let error as ArchiveError {
        throw Words(log: log, archive: archive).failure(error)
      }
    }
  }

  /// How long a run that is just committing is given, in microseconds, before a file is taken for a leftover; some times over.
  private static let patience: UInt32 = 500_000

  private func settings(_ environment: [String: String]) throws(Failure) -> VerificationSettings {
    let now = SystemClock().now
    var settings = VerificationSettings()
    settings.from = try TimeSetting.from.resolve(from, environment, now: now)
    settings.to = try TimeSetting.to.resolve(to, environment, now: now)
    settings.isQuick = quick
    if let from = settings.from, let to = settings.to, from >= to {
      throw .usage(
        "--from \(from) is not before --to \(to): the range would be empty (its end does not belong to it).")
    }
    return settings
  }
}
