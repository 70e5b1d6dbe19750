package import AuditArchive
package import AuditRecord
package import CloudsmithAPI

/// What was given, and where: option, environment, job file, cloudsmith-cli's files; what is first in this order counts.
///
/// An immutable value, made once for each log that a command is about; every setting is resolved from it alone.
package struct SettingSources: Sendable {
  package let environment: [String: String]
  private let options: [String: String]
  private let job: JobEntry?
  private let cli: CLIFiles

  /// - Parameters:
  ///   - job: what the job file says of the log, when there is one.
  ///   - cli: cloudsmith-cli's files; nil: those that the environment leads to.
  package init(
    _ options: [GivenOption], environment: [String: String], job: JobEntry? = nil, cli: CLIFiles? = nil
  ) {
    self.options = Dictionary(
      options.compactMap { option in option.text.map { (option.option, $0) } }, uniquingKeysWith: { $1 })
    self.environment = environment
    self.job = job
    self.cli = cli ?? CLIFiles(environment)
  }

  /// The value; the default when nothing is given; nil when there is none either.
  package func resolve<Value>(_ setting: Setting<Value>) throws(Failure) -> Value? {
    if let given = try find(setting) { return try setting.read(given.text, at: given.source.place) }
    return try setting.defaultText.map { text throws(Failure) in try setting.read(text, at: setting.option) }
  }

  /// For settings that have a default, or cannot be done without.
  package func value<Value>(of setting: Setting<Value>) throws(Failure) -> Value {
    if let value = try resolve(setting) { return value }
    throw .usage("\(setting.option) is missing: give \(setting.expected).")
  }

  /// What was given for the setting, as it was written; nil when nothing was.
  package func find<Value>(_ setting: Setting<Value>) throws(Failure) -> RawSetting? {
    // The log that the job file is about: `CLOUDSMITH_WORKSPACE` does not make another of it.
    if setting.option == Settings.log.option, let organization = job?.organization { return organization }
    if let text = options[setting.option] {
      return RawSetting(text: text, source: .option(setting.option))
    }
    for variable in setting.variables {
      if let text = environment[variable], !text.isEmpty {
        return RawSetting(text: text, source: .variable(variable))
      }
    }
    if setting.jobForm != nil, let given = job?[setting.name] { return given }
    guard !setting.cliKeys.isEmpty else { return nil }
    guard let found = try cli.configuration(setting.cliKeys, profile: profile) else { return nil }
    guard !found.isFromWorkingDirectory || setting.isTrustedFromWorkingDirectory(found.given.text) else {
      throw .usage(
        """
        \(found.given.source): \(setting.name) is not taken from a file in the current directory, which may be somebody \
        else's and would have the key sent elsewhere: give \(setting.option), or set \(setting.variables[0]).
        """)
    }
    return found.given
  }

  /// The API key in cloudsmith-cli's `credentials.ini`.
  package func keyInCLIFiles() throws(Failure) -> (given: RawSetting, warning: String?)? {
    try cli.apiKey(profile: profile)
  }

  /// The profile of cloudsmith-cli's files; it is not looked up in them.
  private var profile: String? {
    get throws(Failure) { try resolve(Settings.profile) }
  }
}

/// An option of the command line, and what stands there.
package struct GivenOption: Sendable {
  package let option: String
  package let text: String?
}

/// A setting as somebody wrote it.
package struct RawSetting: Hashable, Sendable {
  package let text: String
  package let source: SettingSource
}

/// Where somebody wrote it.
package enum SettingSource: Hashable, Sendable {
  case option(String)
  case variable(String)
  /// Line and column count from 1.
  case file(path: String, line: Int, column: Int? = nil, key: String)
}

extension SettingSource: CustomStringConvertible {
  /// `--page-size`, `CLOUDSMITH_API_HOST`, `job.yaml:12`
  package var description: String {
    switch self {
    case .option(let name), .variable(let name): name
    case .file(let path, let line, _, _): "\(visible(path)):\(line)"
    }
  }

  /// How a sentence about a wrong value begins: `--page-size`, `job.yaml:12:14: page_size`.
  package var place: String {
    switch self {
    case .option(let name), .variable(let name): name
    case .file(let path, let line, let column, let key):
      "\(visible(path)):\(line)\(column.map { ":\($0)" } ?? ""): \(key)"
    }
  }

  private func visible(_ path: String) -> String { String(quoted(path).dropFirst().dropLast()) }
}

extension SettingSources {
  package func log() throws(Failure) -> LogName {
    if let log = try resolve(Settings.log) { return log }
    throw .usage(
      "No organisation: give --organization with its slug, such as my-org, or set CLOUDSMITH_WORKSPACE.")
  }

  /// nil where none is named.
  package func namedArchive() throws(Failure) -> ArchiveLocation? { try resolve(Settings.archive) }

  package func archive() throws(Failure) -> ArchiveLocation {
    if let archive = try namedArchive() { return archive }
    throw .usage(
      "No archive: give --archive with its folder, such as /srv/audit, or set CLOUDSMITH_AUDIT_EXPORT_ARCHIVE."
    )
  }

  package func host() throws(Failure) -> APIHost {
    do {
      return try APIHost(try value(of: Settings.apiHost))
    } catch let error as Failure {
      throw error
    } catch {
      throw .usage("--api-host: \(error).")
    }
  }

  package func connection() throws(Failure) -> ConnectionSettings {
    let host = try host()
    let (proxy, caFile) = (try resolve(Settings.proxy), try resolve(Settings.caFile))
    let timeout = try value(of: Settings.requestTimeout)
    do {
      var settings = try ConnectionSettings(
        host: host, proxy: proxy, caFile: caFile, environment: environment, version: Version.text)
      settings.timeouts.total = timeout
      return settings
    } catch {
      throw .usage("\(error).")
    }
  }
}
