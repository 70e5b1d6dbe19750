import Foundation
import TestSupport

/// What a program tells of its own command line.
struct ProgramHelp: Decodable {
  let commandName: String
  let abstract: String?
  let discussion: String?
  let shouldDisplay: Bool
  let subcommands: [ProgramHelp]?
  let arguments: [Argument]?

  struct Argument: Decodable {
    let kind: String
    let names: [Name]?
    let valueName: String?
    let abstract: String?
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

  var options: [String] { (arguments ?? []).flatMap(\.options) }

  /// The lines of shell in the discussion, those that are continued joined.
  var examples: [String] {
    (discussion ?? "").replacing("\\\n", with: "").split(separator: "\n")
      .filter { $0.hasPrefix("  ") }.map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
