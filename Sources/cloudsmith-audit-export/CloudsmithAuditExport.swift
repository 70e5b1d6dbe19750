import ArgumentParser
import AuditArchive
import CommandResults
import ExportConfiguration

@main
struct CloudsmithAuditExport: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cloudsmith-audit-export",
    abstract: "Export the audit log of a Cloudsmith organization to CSV and Parquet, one partition per day.",
    discussion: """
      First run (later runs take --existing instead of --backfill-start-time):
        export CLOUDSMITH_API_KEY=…
        cloudsmith-audit-export export --organization acme --archive /srv/audit \\
          --backfill-start-time 2024-01-01T00:00:00Z

      Test the key, the network and the archive before the first run:
        cloudsmith-audit-export check --organization acme --archive /srv/audit

      Show what the archive holds:
        cloudsmith-audit-export status --organization acme --archive /srv/audit

      Write an HTML report:
        cloudsmith-audit-export report --organization acme --archive /srv/audit \\
          --html audit.html

      Verify the archive, offline and without a key:
        cloudsmith-audit-export verify --organization acme --archive /srv/audit

      List the days that a warehouse must load after commit 41:
        cloudsmith-audit-export changes --organization acme --archive /srv/audit \\
          --since 41 --as json

      Exit statuses:
        \(ExitStatus.table.replacing("\n", with: "\n  "))
      """,
    version: Version.withCommit,
    subcommands: [
      ExportCommand.self, StatusCommand.self, ReportCommand.self, VerifyCommand.self, ChangesCommand.self,
      SchemaCommand.self, CheckCommand.self, ManualCommand.self,
    ])

  static func main() async {
    StandardDescriptors.open()
    Interruption.restoreDefaults()
    PageMemory.keep()
    Interruption.ignoreFileSizeSignal()
    StandardOutput.checkAtExit()
    await withTaskExecutorPreference(BlockingThreads.shared) { await runCommand() }
  }

  private static func runCommand() async {
    do {
      let command = try await asyncParseAsRoot()
      guard !(command is CloudsmithAuditExport) else { refuseNoCommand() }
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        var command = command
        try command.run()
      }
    } catch {
      refuseMistakes(error)
      exit(withError: error)
    }
  }

  /// A scheduled job that lost its arguments must not look successful.
  private static func refuseNoCommand() -> Never {
    Console.beforeOptions.tell("error: No command given.\n\n\(helpMessage())")
    exit(withError: ExitStatus.usage.code)
  }

  /// Exits with a message if the parser could not read the command line, or if it took a mistake for a request for help.
  private static func refuseMistakes(_ error: any Error) {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let message = fullMessage(for: error)
    // A command that failed has already printed its message.
    guard !message.isEmpty else { return }
    let isMistake = exitCode(for: error) == .validationFailure
    // Without the tree, the parser's own message is good enough.
    guard isMistake || Refusal.isWorthALook(arguments), let program = try? CommandTree.program() else {
      return
    }
    let refusal = Refusal(program: program, arguments: arguments)
    guard let text = refusal.text ?? (isMistake ? refusal.text(message) : nil) else { return }
    Console.beforeOptions.tell(text)
    exit(withError: ExitStatus.usage.code)
  }
}

extension ExitStatus {
  /// The status as the argument parser needs it.
  var code: ExitCode { ExitCode(rawValue) }
}
