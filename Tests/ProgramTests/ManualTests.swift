import Foundation
import TestSupport
import Testing

/// The manual page, help and version.
@Suite(.fewAtOnce) struct ManualTests {
  private static func page() throws -> String {
    let result = try Program.exporter.run(["manual"], environment: ["SOURCE_DATE_EPOCH": "1707732000"])
    #expect(result.status == 0 && result.log.isEmpty, "\(result.log)")
    return result.output
  }

  @Test(.needs("mandoc"))
  func `mandoc finds no fault in the manual page`() throws {
    try withPage { path in
      let result = try Shell.run("mandoc -T lint -W style \(path)")
      // Other manual pages may be missing on this machine.
      let faults = result.output.split(separator: "\n").filter {
        !$0.contains("mandoc.db") && !$0.contains("no such page")
      }
      #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }
  }

  @Test(.needs("mandoc"))
  func `the manual page has the options and examples of every command's help`() throws {
    try withPage { path in
      let text = try Shell.run("mandoc -T utf8 -O width=200 \(path) | sed 's/.\\x08//g'").output
      let shown = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      let help = try ProgramHelp.of(.exporter)
      for command in help.commands {
        #expect(text.contains("\n   \(command.commandName)\n"), "\(command.commandName)")
        for argument in command.arguments {
          for option in argument.options { #expect(shown.contains(option), "\(option)") }
          let abstract = (argument.abstract ?? "").split(whereSeparator: \.isWhitespace).joined(
            separator: " ")
          if !["--help", "--version"].contains(argument.long) {
            #expect(shown.contains(abstract), "\(abstract)")
          }
        }
      }
      for line in (help.discussion ?? "").split(separator: "\n")
      where line.hasPrefix("  cloudsmith-audit-export") {
        #expect(text.contains(line.dropFirst(2)), "\(line)")
      }
      for status in ["0", "3", "75", "130"] {
        #expect(text.contains(try Regex("\n     \(status) +[A-Z]")), "\(status)")
      }
      #expect(text.contains("February 12, 2024"))
    }
  }

  @Test func `no entry of the manual page repeats an option, and help abbreviates the usage`() throws {
    for line in try Self.page().split(separator: "\n") where line.hasPrefix(".It Fl ") {
      let names = line.matches(of: /Fl (\S+)/).map { String($0.output.1) }
      #expect(Set(names).count == names.count, "\(line)")
    }
    for command in try ProgramHelp.of(.exporter).commands where command.commandName != "manual" {
      let help = try Program.exporter.run(["help", command.commandName]).output
      #expect(help.contains("\nUSAGE: cloudsmith-audit-export \(command.commandName) <options>\n"), "\(help)")
    }
  }

  @Test func `every variable that the program reads is in the manual page`()
    throws
  {
    let page = try Self.page()
    let help = try ProgramHelp.of(.exporter)
    let options = Set(help.commands.flatMap(\.options))
    let sources = Repository.path("Sources")
    var seen = 0
    for file in try FileManager.default.subpathsOfDirectory(atPath: sources)
    where file.hasSuffix(".swift") && !file.contains("mulator") {
      let text = try String(contentsOfFile: "\(sources)/\(file)", encoding: .utf8)
      for match in text.matches(of: /"((?:CLOUDSMITH|CREDENTIALS|XDG|NO_COLOR)[A-Z_]*[A-Z])"/) {
        let name = String(match.output.1)
        let prefix = "CLOUDSMITH_AUDIT_EXPORT_"
        let option = "--" + name.dropFirst(prefix.count).lowercased().replacing("_", with: "-")
        #expect(
          page.contains(name) || (name.hasPrefix(prefix) && options.contains(option)), "\(file): \(name)")
        seen += 1
      }
    }
    #expect(seen > 15)
  }

  @Test func `help of every command has examples that fit a narrow terminal`() throws {
    let help = try ProgramHelp.of(.exporter)
    for command in help.commands {
      #expect((command.discussion ?? "").contains("Examples:\n  "), "\(command.commandName)")
      let examples = command.examples.filter { $0.contains("cloudsmith-audit-export \(command.commandName)") }
      #expect(!examples.isEmpty, "\(command.commandName)")
      let shown = command.arguments.flatMap(\.options)
      for example in examples {
        let call = try #require(example.firstMatch(of: /cloudsmith-audit-export [^|>&]*/)).output
        for option in call.matches(of: /(?:^|\s)(--?[a-z][-a-z0-9]*)/).map({ String($0.output.1) }) {
          #expect(shown.contains(option), "\(command.commandName): \(option)")
        }
      }
      for argument in command.arguments {
        #expect(!(argument.abstract ?? "").isEmpty, "\(command.commandName) \(argument.long)")
      }
    }
    for text in ([help] + help.commands).compactMap(\.discussion) {
      for line in text.split(separator: "\n") where line.contains("  cloudsmith") || line.hasPrefix("    ") {
        #expect(line.count <= 80, "\(line)")
      }
    }
  }

  @Test func `the version has a number and marks a development build`() throws {
    let result = try Program.exporter.run(["--version"])
    #expect(result.output.wholeMatch(of: /\d+\.\d+\.\d+ \(development build\)\n/) != nil, "\(result.output)")
  }

  private func withPage(_ body: (String) throws -> Void) throws {
    try Folder.with { try body($0.write(try Self.page(), to: "manual.1")) }
  }
}

/// The command line of a program, from `--experimental-dump-help`.
struct ProgramHelp: Decodable {
  let commandName: String
  let abstract: String?
  let discussion: String?
  let shouldDisplay: Bool
  let subcommands: [ProgramHelp]?
  /// Also those that help omits: former names.
  private let allArguments: [Argument]?

  private enum CodingKeys: String, CodingKey {
    case commandName, abstract, discussion, shouldDisplay, subcommands
    case allArguments = "arguments"
  }

  struct Argument: Decodable {
    let kind: String
    let names: [Name]?
    let valueName: String?
    let abstract: String?
    let shouldDisplay: Bool
    let completionKind: Completion?

    var options: [String] { (names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name } }
    var long: String { options.first { $0.hasPrefix("--") } ?? options.joined() }
  }

  struct Name: Decodable {
    let kind: String
    let name: String
  }

  struct Completion: Decodable {
    struct Values: Decodable { let values: [String] }
    struct Empty: Decodable {}
    let list: Values?
    let file: Empty?
    let directory: Empty?
  }

  static func of(_ program: Program) throws -> ProgramHelp {
    struct Dump: Decodable { let command: ProgramHelp }
    let result = try program.run(["--experimental-dump-help"])
    return try JSONDecoder().decode(Dump.self, from: Data(result.output.utf8)).command
  }

  /// The commands that help names.
  var commands: [ProgramHelp] {
    (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
  }

  /// The arguments that help names.
  var arguments: [Argument] { (allArguments ?? []).filter(\.shouldDisplay) }

  /// Every option that is accepted, also under a former name.
  var options: [String] { (allArguments ?? []).flatMap(\.options) }

  /// The lines of shell in the discussion, those that are continued joined.
  var examples: [String] {
    (discussion ?? "").replacing("\\\n", with: "").split(separator: "\n")
      .filter { $0.hasPrefix("  ") }.map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
