import AuditRecord

/// One setting, declared once: its names on the command line, in the environment and in files, its default, its help, and how its
/// text becomes a value.
package struct Setting<Value: Sendable>: Sendable {
  /// The option, such as `--page-size`.
  package let option: String
  /// The option's name in earlier versions, which keeps working on the command line, in the environment and in job files.
  package let formerOption: String?
  /// The environment variables, the preferred name first.
  package let variables: [String]
  /// The keys in cloudsmith-cli's `config.ini`, the preferred name first.
  package let cliKeys: [String]
  /// The value if none is given, as a user would write it. nil if there is none.
  package let defaultText: String?
  /// How the value is written in a job file. nil if the setting is not allowed there.
  package let jobForm: JobForm?
  /// What the value is called in help, such as `time`.
  package let valueName: String
  /// What the option does, in one or two sentences, without its default.
  package let help: String
  /// What a valid value looks like, with an example. It ends the sentence about an invalid one.
  package let expected: String
  /// The valid values, if they are few: for shell completion and for guesses at a mistyped one.
  package let choices: [String]
  /// Whether a value may come from a `config.ini` in the working directory, which may be somebody else's.
  package let isTrustedFromWorkingDirectory: @Sendable (String) -> Bool
  /// The text as it may be shown, without secrets.
  package let shown: @Sendable (String) -> String
  private let parsing: @Sendable (String) throws(ValueError) -> Value

  /// - Parameters:
  ///   - variables: nil for `CLOUDSMITH_AUDIT_EXPORT_` and the option's name in capitals.
  ///   - parse: Returns nil for a text that is not a value.
  package init(
    _ option: String, formerly: String? = nil, variables: [String]? = nil, cli: [String] = [],
    default defaultText: String? = nil, job: JobForm? = nil, choices: [String]? = nil,
    valueName: String = "value", help: String = "", expected: String,
    parse: @escaping @Sendable (String) -> Value?
  ) {
    self.init(
      option, formerly: formerly, variables: variables, cli: cli, default: defaultText, job: job,
      choices: choices, valueName: valueName, help: help, expected: expected,
      parsing: { text throws(ValueError) in
        guard let value = parse(text) else { throw ValueError(": expected \(expected)") }
        return value
      })
  }

  /// - Parameter parsing: Throws why a text is not a value, where there is more than one reason.
  package init(
    _ option: String, formerly: String? = nil, variables: [String]? = nil, cli: [String] = [],
    default defaultText: String? = nil, job: JobForm? = nil, choices: [String]? = nil,
    valueName: String = "value", help: String = "", expected: String,
    isTrustedFromWorkingDirectory: @escaping @Sendable (String) -> Bool = { _ in true },
    shown: @escaping @Sendable (String) -> String = { $0 },
    parsing: @escaping @Sendable (String) throws(ValueError) -> Value
  ) {
    self.option = option
    self.formerOption = formerly
    self.variables = variables ?? ([option] + [formerly].compactMap(\.self)).map(Settings.variable)
    self.cliKeys = cli
    self.defaultText = defaultText
    self.jobForm = job
    self.choices = choices ?? job?.choices ?? []
    self.valueName = valueName
    self.help = help
    self.expected = expected
    self.isTrustedFromWorkingDirectory = isTrustedFromWorkingDirectory
    self.shown = shown
    self.parsing = parsing
  }

  /// The name in job files and reports: `--page-size` is `page_size`.
  package var name: String { Settings.name(of: option) }

  /// The names that a job file may use, the preferred one first.
  package var jobNames: [String] { [name] + [formerOption].compactMap(\.self).map(Settings.name) }

  /// What the command line has for this option; nil if it is absent.
  ///
  /// - Parameter formerText: What it has for the option's former name.
  package func given(_ text: String?, formerly formerText: String? = nil) -> GivenOption {
    GivenOption(option: option, text: text ?? formerText)
  }

  /// The value from the command line, else from the environment, else nil: for settings that no file holds.
  package func resolve(_ given: String?, _ environment: [String: String]) throws(Failure) -> Value? {
    try SettingSources([self.given(given)], environment: environment, cli: CLIFiles.none).resolve(self)
  }

  /// Reads a value.
  ///
  /// - Parameter place: How the sentence about an invalid text begins, such as `--page-size`.
  package func read(_ text: String, at place: String) throws(Failure) -> Value {
    // Bytes that are not UTF-8 arrive as this character. They would name another file.
    guard !text.unicodeScalars.contains("\u{FFFD}") else {
      throw .usage(
        "\(place): the bytes are not UTF-8. Write it in UTF-8, or rename the file or folder.")
    }
    let slip = Slip(text, variables: variables)
    do throws(ValueError) {
      // In free text, these two would be accepted as part of the value.
      switch slip {
      case .byteOrderMark?, .assignment?: throw ValueError("", repeatsText: false)
      default: return try parsing(text)
      }
    } catch {
      throw .usage(
        "\(place)\(error.repeatsText ? " " + quoted(text) : "")\(slip?.words ?? error.words)."
          + Nearest.hint(for: text, among: choices))
    }
  }
}

/// A setting of any type: what reports, job files and their schema need of it.
package protocol SettingDefinition: Sendable {
  /// The option on the command line, such as `--page-size`.
  var option: String { get }
  /// The name in job files and reports, such as `page_size`.
  var name: String { get }
  /// The names that a job file may use, the preferred one first.
  var jobNames: [String] { get }
  /// The environment variables, the first one with the highest precedence.
  var variables: [String] { get }
  /// The default as a user would write it; nil if there is none.
  var defaultText: String? { get }
  /// How a job file writes the value; nil if it cannot have the setting.
  var jobForm: JobForm? { get }
  var help: String { get }
  /// What a valid value is, for messages.
  var expected: String { get }
  /// The text to show for a value: redacted if it may hold a secret.
  var shown: @Sendable (String) -> String { get }
  /// Throws what reading the text throws.
  func check(_ text: String, at place: String) throws(Failure)
  /// The text that the user wrote, and its source; nil if no source has one.
  func find(in sources: SettingSources) throws(Failure) -> RawSetting?
}

extension Setting: SettingDefinition {
  package func check(_ text: String, at place: String) throws(Failure) { _ = try read(text, at: place) }
  package func find(in sources: SettingSources) throws(Failure) -> RawSetting? { try sources.find(self) }
}

/// Why a text is not a value of its setting: the rest of the sentence after place and text, without the full stop.
package struct ValueError: Error {
  /// The rest of the sentence.
  package let words: String
  /// False for what may hold a password.
  package let repeatsText: Bool

  /// - Parameters:
  ///   - words: the rest of the sentence after place and text, without the full stop.
  ///   - repeatsText: false if the text may hold a secret.
  package init(_ words: String, repeatsText: Bool = true) {
    self.words = words
    self.repeatsText = repeatsText
  }
}

/// How a setting is written in a job file.
package enum JobForm: Hashable, Sendable {
  case text
  /// A file or folder. A relative path starts at the job file's folder.
  case path
  case boolean
  case integer(ClosedRange<Int>)
  /// A number above 0, or one of these words.
  case number(or: [String])
  case choice([String])
  /// Some of these words, as a list or separated by commas.
  case list([String])
  /// One of some words for each of some keys, as a mapping or as `key=word,key=word`.
  case mapping([String: [String]])

  /// The valid values, if they are few.
  package var choices: [String] {
    switch self {
    case .text, .path, .boolean, .integer, .mapping: []
    case .number(let words), .choice(let words): words
    case .list(let words): words + words.dropFirst().map { "\(words[0]),\($0)" }
    }
  }
}
