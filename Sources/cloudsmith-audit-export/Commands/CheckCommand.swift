import ArgumentParser
import AuditRecord
import CloudsmithAPI
import Platform

/// Looks at everything that an export will need, before a night shows that it is missing.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Try the key, the organisation, the plan, the rate limit and the archive; change nothing.",
    discussion: """
      One line for each: ✓ as it should be, ! odd, but no run fails by it, ✗ wrong, with the cure, – not looked at, with the \
      reason. It goes on after what is wrong as far as that makes sense, and the exit status is that of the first ✗.

      At most \(APICheck.requestLimit) requests are made, at the pace of an export (one a second); one that fails is tried \
      once more. In the archive files and folders are made on trial, moved between its folders, and removed again; its lock is held for \
      less than a millisecond.

      Examples:
        cloudsmith-audit-export check -o acme
        cloudsmith-audit-export check -o acme --archive /srv/audit \\
          --output-format json
        cloudsmith-audit-export check --config job.yaml
      """)

  @OptionGroup(title: "What") var target: ArchiveOptions
  @OptionGroup(title: "What") var job: JobOptions
  @OptionGroup(title: "Connection") var connection: ConnectionOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let speaker = try Speaker(output, environment)
    try await speaker.run {
      let job = try Job(config: job.config, target.given + connection.given, environment)
      return try await Interruption.cancelling {
        try await speaker.run(job) { sources in
          let report = try await CheckJob(sources).run(speaker.about(sources.log()))
          return LogAnswer(report, report.status)
        }
      }
    }
  }
}
