import AuditRecord
import CommandResults
import ExportConfiguration

/// The words for a command line that cannot be read: what is wrong, what was probably meant, and where to read more.
struct Refusal {
  let program: CommandTree
  /// Without the program's name.
  let arguments: [String]

  /// Whether `text` may be something: reading the tree takes milliseconds, and help is to be there at once.
  static func isWorthALook(_ arguments: [String]) -> Bool {
    arguments.first == "help"
      || arguments.contains { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.count > 2 }
  }

  /// For what the parser reads as something else than was meant: the name of a command, and an option with one dash; nil for all
  /// else.
  var text: String? {
    let names = program.commands.map(\.commandName)
    var words = arguments[...]
    if words.first == "help" { words = words.dropFirst() }
    if let first = words.first, !first.hasPrefix("-"),
      !(program.subcommands ?? []).contains(where: { $0.commandName == first })
    {
      let hint = Nearest.hint(for: first, among: names)
      return text(
        sentence: "Unknown command \(quoted(first))." + (hint.isEmpty ? " There are \(list(names))." : hint))
    }
    let known = (command ?? program).options
    // The parser takes it for several options of one letter each, and an h in it for help.
    if let option = arguments.first(where: { $0.count > 2 && known.contains("-" + $0) && !$0.hasPrefix("--") }
    ) {
      return text(sentence: "Unknown option \(quoted(option)). Did you mean '-\(option)'?")
    }
    return nil
  }

  /// - Parameter message: the parser's own: a sentence, perhaps what the option means, the usage.
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

  /// The command that is called.
  private var command: CommandTree? {
    arguments.lazy.compactMap { word in program.commands.first { $0.commandName == word } }.first
  }

  private var more: String {
    "See '\(program.commandName) \(command.map { $0.commandName + " " } ?? "")--help'."
  }

  /// Which command has such an option, or what was meant.
  private func whereabouts(_ option: String) -> String {
    let owners = program.commands.filter { $0.options.contains(option) }.map(\.commandName)
    guard let command else {
      guard let owner = owners.first else { return "." + Nearest.hint(for: option, among: program.options) }
      return " before a command: it goes after one, as in 'cloudsmith-audit-export \(owner) \(option)'."
    }
    guard owners.isEmpty else { return " of \(command.commandName): it belongs to \(list(owners))." }
    return "." + Nearest.hint(for: option, among: command.options)
  }

  private func list(_ names: [String]) -> String {
    guard let last = names.last, names.count > 1 else { return names.joined() }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }
}
