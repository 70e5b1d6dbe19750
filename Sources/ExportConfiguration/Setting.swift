import AuditRecord

/// One setting: its names on the command line, in the environment and in files, and how its text is read.
package struct Setting<Value: Sendable>: Sendable {
  package let option: String
  package let variables: [String]
  /// In cloudsmith-cli's `config.ini`, the preferred name first.
  package let cliKeys: [String]
  /// What counts when nothing is given.
  package let standard: String?
  /// How it is written in a job file; nil: it does not stand there.
  package let job: JobForm?
  /// What a right value looks like, with an example; ends the sentence about a wrong one.
  package let expected: String
  /// The values there are, where they are few: for completion, and to guess at a mistyped one.
  package let choices: [String]
  /// Whether a value is taken from a `config.ini` in the current directory, which may be somebody else's.
  package let isTrustedFromHere: @Sendable (String) -> Bool
  /// The text as it may be shown.
  package let shown: @Sendable (String) -> String
  private let reading: @Sendable (String) throws(Misread) -> Value

  package init(
    _ option: String, _ variables: String..., cli: [String] = [], standard: String? = nil,
    job: JobForm? = nil, choices: [String]? = nil, expected: String,
    read: @escaping @Sendable (String) -> Value?
  ) {
    self.init(option, variables, cli: cli, standard: standard, job: job, choices: choices, expected: expected)
    {
      text throws(Misread) in
      guard let value = read(text) else { throw Misread(": expected \(expected)") }
      return value
    }
  }

  /// For texts that are not read right for more than one reason.
  package init(
    _ option: String, _ variables: [String], cli: [String] = [], standard: String? = nil,
    job: JobForm? = nil, choices: [String]? = nil, expected: String,
    isTrustedFromHere: @escaping @Sendable (String) -> Bool = { _ in true },
    shown: @escaping @Sendable (String) -> String = { $0 },
    parse: @escaping @Sendable (String) throws(Misread) -> Value
  ) {
    self.option = option
    self.variables = variables
    self.cliKeys = cli
    self.standard = standard
    self.job = job
    self.choices = choices ?? job?.choices ?? []
    self.expected = expected
    self.isTrustedFromHere = isTrustedFromHere
    self.shown = shown
    self.reading = parse
  }

  /// As in a job file and in reports: `--page-size` is `page_size`.
  package var name: String { String(option.drop { $0 == "-" }).replacing("-", with: "_") }

  /// What stands on the command line under this option; nil when it is not there.
  package func given(_ text: String?) -> GivenOption { GivenOption(option: option, text: text) }

  /// The value from the command line, else from the environment, else nil: for what does not stand in files.
  package func resolve(_ given: String?, _ environment: [String: String]) throws(Failure) -> Value? {
    try SettingSources([self.given(given)], environment: environment, cli: CLIFiles.none).resolve(self)
  }

  /// - Parameter place: how the sentence about a wrong text begins, such as `--page-size`.
  package func read(_ text: String, at place: String) throws(Failure) -> Value {
    // What the system handed over as bytes that are not UTF-8 has this in their place: it would name another thing.
    guard !text.unicodeScalars.contains("\u{FFFD}") else {
      throw .usage(
        "\(place): its bytes are not UTF-8; write it in UTF-8, or give the file or folder another name.")
    }
    let slip = Slip(text, variables: variables)
    do throws(Misread) {
      // In free text these two would pass for a value.
      switch slip {
      case .byteOrderMark?, .assignment?: throw Misread("", repeatsText: false)
      default: return try reading(text)
      }
    } catch {
      throw .usage(
        "\(place)\(error.repeatsText ? " " + quoted(text) : "")\(slip?.words ?? error.words)."
          + Nearest.hint(for: text, among: choices))
    }
  }
}

/// A setting whatever its type: what reports, job files and their schema need of it.
package protocol SettingDefinition: Sendable {
  var option: String { get }
  var name: String { get }
  var variables: [String] { get }
  var standard: String? { get }
  var job: JobForm? { get }
  var expected: String { get }
  var shown: @Sendable (String) -> String { get }
  /// Throws what reading the text throws.
  func check(_ text: String, at place: String) throws(Failure)
  func find(in sources: SettingSources) throws(Failure) -> GivenText?
}

extension Setting: SettingDefinition {
  package func check(_ text: String, at place: String) throws(Failure) { _ = try read(text, at: place) }
  package func find(in sources: SettingSources) throws(Failure) -> GivenText? { try sources.find(self) }
}

/// Why a text is not a value of its setting: the rest of the sentence after its place and text, without the full stop.
package struct Misread: Error {
  package let words: String
  /// Not for what may hold a password.
  package let repeatsText: Bool

  package init(_ words: String, repeatsText: Bool = true) {
    self.words = words
    self.repeatsText = repeatsText
  }
}

/// How a setting is written in a job file.
package enum JobForm: Hashable, Sendable {
  case text
  /// A file or folder; when relative, from the job file's folder.
  case path
  case boolean
  case integer(ClosedRange<Int>)
  /// A number above 0, or one of these words.
  case number(or: [String])
  case choice([String])
  /// Some of these words, as a list or with commas between.
  case list([String])

  /// What it may be, where that is little.
  package var choices: [String] {
    switch self {
    case .text, .path, .boolean, .integer: []
    case .number(let words), .choice(let words): words
    case .list(let words): words + [words.joined(separator: ",")]
    }
  }
}
