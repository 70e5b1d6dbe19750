import AuditRecord
import CommandResults
import ExportConfiguration

/// The message for an invalid command line: what is wrong, what was probably meant, and where to find help.
struct Refusal {
  let program: CommandTree
  /// The arguments, without the program's name.
  let arguments: [String]

  /// Whether `text` may have a message. Building the tree takes milliseconds, which plain help should not wait for.
  static func isWorthALook(_ arguments: [String]) -> Bool {
    arguments.first == "help"
      || arguments.contains { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.count > 2 }
  }

  /// The message for mistakes that the parser misreads: an unknown command, and a long option with one dash. nil for any other.
  var text: String? {
    let names = program.commands.map(\.commandName)
    var words = arguments[...]
    if words.first == "help" { words = words.dropFirst() }
    if let first = words.first, !first.hasPrefix("-"),
      !(program.subcommands ?? []).contains(where: { $0.commandName == first })
    {
      let hint = Nearest.hint(for: first, among: names)
      return text(
        sentence: "Unknown command \(quoted(first))."
          + (hint.isEmpty ? " The commands are \(list(names))." : hint))
    }
    let known = (command ?? program).options
    // The parser reads it as several one-letter options, and an h in it as help.
    if let option = arguments.first(where: { $0.count > 2 && known.contains("-" + $0) && !$0.hasPrefix("--") }
    ) {
      return text(sentence: "Unknown option \(quoted(option)). Did you mean '-\(option)'?")
    }
    return nil
  }

  /// - Parameter message: The message of the parser: a sentence, perhaps the option's help, and the usage.
  func text(_ message: String) -> String {
    let sentence = message.split(separator: "\n").first.map(String.init) ?? message
    return text(sentence: improved(sentence.replacing("Error: ", with: "", maxReplacements: 1)))
  }

  private func text(sentence: String) -> String { "error: \(sentence)\n\(more)" }

  private func improved(_ sentence: String) -> String {
    if let option = sentence.firstMatch(of: /^Unknown option '(--[^']+)'/) {
      return option.0 + whereabouts(String(option.1))
    }
    return sentence.hasSuffix(".") || sentence.hasSuffix("?") ? sentence : sentence + "."
  }

  /// The command on the command line. nil if there is none.
  private var command: CommandTree? {
    arguments.lazy.compactMap { word in program.commands.first { $0.commandName == word } }.first
  }

  private var more: String {
    "See '\(program.commandName) \(command.map { $0.commandName + " " } ?? "")--help'."
  }

  /// The rest of the sentence about an unknown option: which commands have it, or a suggestion.
  private func whereabouts(_ option: String) -> String {
    let owners = program.commands.filter { $0.options.contains(option) }.map(\.commandName)
    guard let command else {
      guard let owner = owners.first else { return "." + Nearest.hint(for: option, among: program.options) }
      return
        " before the command. Put it after the command, as in 'cloudsmith-audit-export \(owner) \(option)'."
    }
    if owners.contains(command.commandName) {
      return
        " before the command. Put it after the command, as in 'cloudsmith-audit-export \(command.commandName) \(option)'."
    }
    guard owners.isEmpty else { return " for \(command.commandName). It is an option of \(list(owners))." }
    return "." + Nearest.hint(for: option, among: command.options)
  }

  private func list(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.joined() }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }
}
