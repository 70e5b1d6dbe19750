import Foundation
import TestSupport
import Testing

/// What is mistyped is named, with what was probably meant.
@Suite(.fewAtOnce) struct MistakeTests {
  @Test(arguments: [
    (["exprot"], "Unknown command 'exprot'. Did you mean 'export'?"),
    (["help", "exprot"], "Unknown command 'exprot'. Did you mean 'export'?"),
    (["stats", "--archive", "/srv/audit"], "Unknown command 'stats'. Did you mean 'status'?"),
    (["klingon"], "Unknown command 'klingon'. There are export,"),
    (["--versoin"], "Unknown option '--versoin'. Did you mean '--version'?"),
    (["--quiet", "export"], "Unknown option '--quiet' of export"),
    (["--quiet"], "it goes after one, as in 'cloudsmith-audit-export export --quiet'"),
    (["export", "--backfill-start", "2024-01-01"], "Did you mean '--backfill-start-time'?"),
    (["export", "--concurrent-requests", "2"], "Did you mean '--max-concurrent-requests'?"),
    (["export", "--lokback=2d"], "Unknown option '--lokback'. Did you mean '--lookback'?"),
    (["export", "-archive", "/srv/audit"], "Unknown option '-archive'. Did you mean '--archive'?"),
    (["status", "--retries", "3"], "Unknown option '--retries' of status: it belongs to export"),
    (["export", "--klingon"], "Unknown option '--klingon'.\n"),
    (["export", "--archive"], "Missing value for '--archive <dir>'.\n"),
    (["export", "now"], "Unexpected argument 'now'.\n"),
  ])
  func `a mistake is told in one sentence, with where to read more`(arguments: [String], sentence: String)
    throws
  {
    let result = try Program.exporter.run(arguments)
    #expect(result.status == 64, "\(arguments)")
    #expect(result.output.isEmpty)
    let lines = result.log.split(separator: "\n")
    #expect(result.log.contains(sentence), "\(arguments): \(result.log)")
    #expect(lines.count == 2 && lines.first?.hasPrefix("error: ") == true, "\(result.log)")
    #expect(lines.last?.hasPrefix("See 'cloudsmith-audit-export") ?? false)
    #expect(lines.last?.hasSuffix("--help'.") ?? false)
  }

  @Test func `help that is asked for is no mistake`() throws {
    for arguments in [["help"], ["--help"], ["help", "export"], ["export", "-h"], ["export", "-qh"]] {
      let result = try Program.exporter.run(arguments)
      #expect(result.status == 0 && result.log.isEmpty, "\(arguments): \(result.log)")
      #expect(result.output.contains("USAGE: cloudsmith-audit-export"), "\(arguments)")
    }
  }

  @Test func `every value that completion offers is taken, and guessed at when its end is missing`() throws {
    var seen = 0
    for command in try ProgramHelp.of(.exporter).commands {
      for argument in command.arguments ?? [] {
        for value in argument.completionKind?.list?.values ?? [] {
          let result = try run(command, argument, value)
          #expect(!result.log.contains("\(argument.long) '"), "\(command.commandName): \(result.log)")
          // Of short words too many are near, and some are the beginning of another.
          guard value.count > 3, value != "csv,parquet" else { continue }
          let mistaken = try run(command, argument, String(value.dropLast()))
          #expect(mistaken.status == 64)
          #expect(
            mistaken.log.contains("Did you mean '\(value)'?"),
            "\(command.commandName) \(argument.long): \(mistaken.log)")
          seen += 1
        }
      }
    }
    #expect(seen > 20)
  }

  /// Runs a command with what it needs, but a key and an archive, and one option.
  private func run(_ command: ProgramHelp, _ argument: ProgramHelp.Argument, _ value: String) throws
    -> CommandOutcome
  {
    var words = [command.commandName]
    for (option, text) in [("--organization", "acme"), ("--archive", "/tmp/never-made"), ("--since", "0")]
    where command.options.contains(option) {
      words += [option, text]
    }
    return try Program.exporter.run(words + [argument.long, value])
  }
}
