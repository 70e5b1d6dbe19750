import ArgumentParser
import Platform

/// A command with its options and subcommands, as dumped by the argument parser. The manual page and suggestions for mistyped words
/// use it.
struct CommandTree: Decodable {
  let commandName: String
  let shouldDisplay: Bool
  let abstract: String?
  let discussion: String?
  let subcommands: [CommandTree]?
  let arguments: [Argument]?

  struct Argument: Decodable {
    let kind: String
    let shouldDisplay: Bool
    /// The heading of its section.
    let sectionTitle: String?
    let names: [Name]?
    let valueName: String?
    let abstract: String?

    var options: [String] { (names ?? []).map(\.text) }
    var takesValue: Bool { kind == "option" }
  }

  struct Name: Decodable {
    let kind: String
    let name: String

    /// The name with its dashes.
    var text: String { (kind == "long" ? "--" : "-") + name }
  }

  static func program() throws -> CommandTree {
    struct Dump: Decodable { let command: CommandTree }
    return try JSONDecoder().decode(Dump.self, from: Data(CloudsmithAuditExport._dumpHelp().utf8)).command
  }

  /// The commands that help shows, except `help`.
  var commands: [CommandTree] {
    (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
  }

  var options: [String] { (arguments ?? []).filter(\.shouldDisplay).flatMap(\.options) }
}
