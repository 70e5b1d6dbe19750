import AuditRecord

/// What was given, and where: option, environment, job file, cloudsmith-cli's files; what is first in this order counts.
///
/// An immutable value, made once for each log that a command is about; every setting is resolved from it alone.
struct SettingSources: Sendable {
  let environment: [String: String]
  private let options: [String: String]
  private let job: JobEntry?
  private let cli: CLIFiles

  /// - Parameters:
  ///   - job: what the job file says of the log, when there is one.
  ///   - cli: cloudsmith-cli's files; nil: those that the environment leads to.
  init(
    _ options: [GivenOption], environment: [String: String], job: JobEntry? = nil, cli: CLIFiles? = nil
  ) {
    self.options = Dictionary(
      options.compactMap { option in option.text.map { (option.option, $0) } }, uniquingKeysWith: { $1 })
    self.environment = environment
    self.job = job
    self.cli = cli ?? CLIFiles(environment)
  }

  /// The value; the default when nothing is given; nil when there is none either.
  func resolve<Value>(_ setting: Setting<Value>) throws(Failure) -> Value? {
    if let given = try find(setting) { return try setting.read(given.text, at: given.source.place) }
    return try setting.standard.map { text throws(Failure) in try setting.read(text, at: setting.option) }
  }

  /// For settings that have a default, or cannot be done without.
  func value<Value>(of setting: Setting<Value>) throws(Failure) -> Value {
    if let value = try resolve(setting) { return value }
    throw .usage("\(setting.option) is missing: give \(setting.expected).")
  }

  /// What was given for the setting, as it was written; nil when nothing was.
  func find<Value>(_ setting: Setting<Value>) throws(Failure) -> GivenText? {
    // The log that the job file is about: `CLOUDSMITH_WORKSPACE` does not make another of it.
    if setting.option == Settings.log.option, let organization = job?.organization { return organization }
    if let text = options[setting.option] {
      return GivenText(text: text, source: .option(setting.option))
    }
    for variable in setting.variables {
      if let text = environment[variable], !text.isEmpty {
        return GivenText(text: text, source: .variable(variable))
      }
    }
    if setting.job != nil, let given = job?[setting.name] { return given }
    guard !setting.cliKeys.isEmpty else { return nil }
    guard let found = try cli.configuration(setting.cliKeys, profile: profile) else { return nil }
    guard !found.isFromHere || setting.isTrustedFromHere(found.given.text) else {
      throw .usage(
        """
        \(found.given.source): \(setting.name) is not taken from a file in the current directory, which may be somebody \
        else's and would have the key sent elsewhere: give \(setting.option), or set \(setting.variables[0]).
        """)
    }
    return found.given
  }

  /// The API key in cloudsmith-cli's `credentials.ini`.
  func keyInCLIFiles() throws(Failure) -> (given: GivenText, warning: String?)? {
    try cli.apiKey(profile: profile)
  }

  /// The profile of cloudsmith-cli's files; it is not looked up in them.
  private var profile: String? {
    get throws(Failure) { try resolve(Settings.profile) }
  }
}

/// An option of the command line, and what stands there.
struct GivenOption: Sendable {
  let option: String
  let text: String?
}

/// A setting as somebody wrote it.
struct GivenText: Hashable, Sendable {
  let text: String
  let source: SettingSource
}

/// Where somebody wrote it.
enum SettingSource: Hashable, Sendable {
  case option(String)
  case variable(String)
  /// Line and column count from 1.
  case file(path: String, line: Int, column: Int? = nil, key: String)
}

extension SettingSource: CustomStringConvertible {
  /// `--page-size`, `CLOUDSMITH_API_HOST`, `job.yaml:12`
  var description: String {
    switch self {
    case .option(let name), .variable(let name): name
    case .file(let path, let line, _, _): "\(visible(path)):\(line)"
    }
  }

  /// How a sentence about a wrong value begins: `--page-size`, `job.yaml:12:14: page_size`.
  var place: String {
    switch self {
    case .option(let name), .variable(let name): name
    case .file(let path, let line, let column, let key):
      "\(visible(path)):\(line)\(column.map { ":\($0)" } ?? ""): \(key)"
    }
  }

  private func visible(_ path: String) -> String { String(quoted(path).dropFirst().dropLast()) }
}
