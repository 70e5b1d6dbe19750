import Foundation
import TestSupport
import Testing

/// Mistyped commands, options and values are named, with the nearest right one.
@Suite(.fewAtOnce) struct MistakeTests {
  @Test(arguments: [
    (["exprot"], "Unknown command 'exprot'. Did you mean 'export'?"),
    (["help", "exprot"], "Unknown command 'exprot'. Did you mean 'export'?"),
    (["stats", "--archive", "/srv/audit"], "Unknown command 'stats'. Did you mean 'status'?"),
    (["klingon"], "Unknown command 'klingon'. The commands are export,"),
    (["--versoin"], "Unknown option '--versoin'. Did you mean '--version'?"),
    (["--quiet", "export"], "Unknown option '--quiet' before the command. Put it after the command"),
    (["--quiet"], "Put it after the command, as in 'cloudsmith-audit-export export --quiet'"),
    (["export", "--backfill-start", "2024-01-01"], "Did you mean '--backfill-start-time'?"),
    (["export", "--concurrent-requests", "2"], "Did you mean '--max-concurrent-requests'?"),
    (["export", "--lokback=2d"], "Unknown option '--lokback'. Did you mean '--lookback'?"),
    (["export", "-archive", "/srv/audit"], "Unknown option '-archive'. Did you mean '--archive'?"),
    (
      ["status", "--max-attempts", "3"],
      "Unknown option '--max-attempts' for status. It is an option of export"
    ),
    (["export", "--klingon"], "Unknown option '--klingon'.\n"),
    (["export", "--archive"], "Missing value for '--archive <dir>'.\n"),
    (["export", "now"], "Unexpected argument 'now'.\n"),
  ])
  func `a mistake gets one sentence and a pointer to the help`(arguments: [String], sentence: String)
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

  @Test func `requested help goes to stdout with status 0`() throws {
    for arguments in [["help"], ["--help"], ["help", "export"], ["export", "-h"], ["export", "-qh"]] {
      let result = try Program.exporter.run(arguments)
      #expect(result.status == 0 && result.log.isEmpty, "\(arguments): \(result.log)")
      #expect(result.output.contains("USAGE: cloudsmith-audit-export"), "\(arguments)")
    }
  }

  @Test func `every completed value is accepted, and suggested if its last letter is missing`() throws {
    var seen = 0
    for command in try ProgramHelp.of(.exporter).commands {
      for argument in command.arguments {
        for value in argument.completionKind?.list?.values ?? [] {
          let result = try run(command, argument, value)
          #expect(!result.log.contains("\(argument.long) '"), "\(command.commandName): \(result.log)")
          // Short words have too many neighbours, and some are prefixes of others.
          guard value.count > 3, value != "csv,parquet", value != "jsonl" else { continue }
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

  /// Runs a command with one option and the required options, but without key and archive.
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

/// Wrong values get one sentence and status 64.
@Suite(.fewAtOnce) struct UsageTests {
  private static let right = ["export", "--organization", "acme", "--archive", "/tmp/never-made"]

  @Test(arguments: [
    (["--backfill-start-time", "2024-01-01T00:00:00"], "has no time zone"),
    (["--backfill-start-time", "2024-01-01T00:00:00+0000"], "an offset that does not have the form +00:00"),
    (["--backfill-start-time", "2024-02-30T00:00:00Z"], "does not exist"),
    (["--backfill-start-time", "yesterday"], "is not a time"),
    (["--backfill-start-time", "2999-01-01T00:00:00Z"], "is in the future"),
    (["--from", "2024-01-02", "--to", "2999-01-03"], "is in the future"),
    (["--from", "2024-01-02"], "--from requires --to"),
    (["--to", "2024-01-02"], "--to requires --from"),
    (["--from", "2024-01-02", "--to", "2024-01-02"], "is not before"),
    (["--replace"], "--replace requires --from and --to"),
    (["--allow-mass-removal"], "--allow-mass-removal requires --replace"),
    (["--page-size", "0"], "a whole number from 1 to 500"),
    (["--page-size", "501"], "a whole number from 1 to 500"),
    (["--page-size", "many"], "a whole number from 1 to 500"),
    (["--lookback", "1 day"], "a duration such as 24h"),
    (["--max-requests-per-second", "0"], "unlimited"),
    (["--rate-reserve", "120%"], "a share such as 20%"),
    (["--compression-level", "10"], "a whole number from 1 to 9"),
    (["--parquet-compression", "snappy"], "expected gzip or zstd"),
    (["--retries", "0"], "a whole number from 1 to 100"),
    (["--output-format", "xml"], "expected text, json or jsonl"),
    (["--parallel-logs", "0"], "a whole number from 1 to 64"),
    (["--max-log-duration", "0s"], "a duration of at least one second"),
    (["--format", "csv,json"], "expected csv, parquet, delta, or several, such as csv,delta"),
    (["--format", "csv,"], "expected csv, parquet, delta, or several, such as csv,delta"),
    (["--memory-limit", "0"], "expected a size such as 256MiB or 1GiB"),
    (["--memory-limit", "12 parsecs"], "expected a size such as 256MiB or 1GiB"),
    (["--time-filter", "guess"], "expected auto, filter, seek or walk"),
    (["--query", " "], "a Cloudsmith search"),
    (["--log-level", "loud"], "expected debug, info, notice, warning or error"),
    (["--log-format", "xml"], "expected text or json"),
    (["--metrics-file", ""], "expected a file, such as"),
    (["--api-host", "http://api.example.com"], "use https"),
    (["--api-key-file", "/tmp/never-made/key"], "cannot be read"),
    (["--proxy", "nonsense://"], "http://proxy.example:3128"),
  ])
  func `a wrong option gets one sentence and status 64`(options: [String], sentence: String) throws {
    let result = try Program.exporter.run(
      UsageTests.right + options, environment: ["CLOUDSMITH_API_KEY": "k-123456"])
    #expect(result.status == 64, "\(options)")
    #expect(result.log.contains(sentence), "\(options): \(result.log)")
    #expect(result.log.split(separator: "\n").count == 1, "\(result.log)")
    #expect(result.output.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: "/tmp/never-made"))
  }

  @Test(arguments: ["../acme", "acme/../other", "acme/", "/acme", "My Org", "acme/a/b", "..", "a%2fb", ""])
  func `an invalid slug is refused before it is used in a URL or path`(name: String) throws {
    let result = try Program.exporter.run(
      ["export", "--archive", "/tmp/never-made", "--organization", name],
      environment: ["CLOUDSMITH_API_KEY": "k-123456"])
    #expect(result.status == 64, "\(name)")
    #expect(result.log.contains("slug"))
  }

  @Test(arguments: ["two words", "tab\tinside", "line\nbreak"])
  func `a key with inner white space is refused and not repeated`(key: String) throws {
    let result = try Program.exporter.run(UsageTests.right, environment: ["CLOUDSMITH_API_KEY": key])
    #expect(result.status == 64)
    #expect(result.log.contains("CLOUDSMITH_API_KEY"))
    #expect(!result.log.contains(key))
    #expect(!result.log.contains(key.split(separator: " ")[0]))
  }

  @Test func `a missing key is reported with the places for one`() throws {
    let result = try Program.exporter.run(UsageTests.right)
    #expect(result.status == 64)
    #expect(result.log.contains("CLOUDSMITH_API_KEY"))
    #expect(result.log.contains("--api-key-file"))
  }

  @Test func `an unknown option is named with the nearest known one`() throws {
    let result = try Program.exporter.run(UsageTests.right + ["--page-siz", "5"])
    #expect(result.status == 64)
    #expect(result.log.contains("--page-siz"))
    #expect(result.log.contains("--page-size"))
  }

  @Test func `a setting from the environment is checked like an option, under its own name`() throws {
    let result = try Program.exporter.run(
      UsageTests.right,
      environment: ["CLOUDSMITH_API_KEY": "k-123456", "CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE": "0"])
    #expect(result.status == 64)
    #expect(result.log.contains("CLOUDSMITH_AUDIT_EXPORT_PAGE_SIZE '0'"))
  }

  @Test func `help names every option of export and every exit status`() throws {
    let help = try Program.exporter.run(["help", "export"])
    #expect(help.status == 0)
    for option in [
      "--organization", "--archive", "--existing", "--no-existing", "--backfill-start-time", "--from", "--to",
      "--replace",
      "--allow-mass-removal",
      "--whole-days", "--query", "--dry-run", "--time-filter", "--lookback",
      "--settle",
      "--retention", "--page-size", "--max-requests-per-second", "--rate-reserve", "--max-wait",
      "--max-attempts", "--request-timeout", "--parallel-logs", "--shard", "--max-log-duration",
      "--compression-level", "--parquet-compression", "--keep-superseded",
      "--signing-key-file", "--api-host", "--api-key-file",
      "--ca-file", "--proxy",
      "--profile",
      "--output-format", "--log-level", "--log-format", "--quiet", "--metrics-file", "--notify-url",
    ] {
      #expect(help.output.contains(option), "\(option)")
    }
    let top = try Program.exporter.run(["--help"])
    for status in ["11  another run", "64  usage", "75  the API", "130  interrupted"] {
      #expect(top.output.contains(status), "\(status)")
    }
  }

  @Test func `status of a missing archive says so with status 10`() throws {
    let result = try Program.exporter.run(["status", "-o", "acme", "--archive", "/tmp/never-made"])
    #expect(result.status == 10)
    #expect(result.log.contains("No archive of 'acme'"))
  }

  @Test func `the schema has 23 columns, as a table and as JSON`() throws {
    let table = try Program.exporter.run(["schema"])
    #expect(table.output.split(separator: "\n").count == 24)
    let json = try Program.exporter.run(["schema", "--as", "json"]).json
    #expect((json["columns"] as? [[String: Any]])?.count == 23)
    #expect(json["schema"] as? String == "audit-log-1")
    #expect(try Program.exporter.run(["schema", "--as", "klingon"]).status == 64)
  }
}
