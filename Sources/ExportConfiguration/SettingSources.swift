package import AuditRecord
package import CloudsmithAPI
package import HTTP

/// The sources of settings, in order of precedence: options, environment, job file, cloudsmith-cli's files.
///
/// One immutable value per log of a command. Every setting of that log is resolved from it.
package struct SettingSources: Sendable {
  /// The environment variables of the program.
  package let environment: [String: String]
  private let options: [String: String]
  private let job: JobEntry?
  private let cli: CLIFiles

  /// - Parameters:
  ///   - job: The entry of the log in the job file, if there is one.
  ///   - cli: cloudsmith-cli's files. nil for those found through the environment.
  package init(
    _ options: [GivenOption], environment: [String: String], job: JobEntry? = nil, cli: CLIFiles? = nil
  ) {
    self.options = Dictionary(
      options.compactMap { option in option.text.map { (option.option, $0) } }, uniquingKeysWith: { $1 })
    self.environment = environment
    self.job = job
    self.cli = cli ?? CLIFiles(environment)
  }

  /// The value of a setting, or its default. nil if it has neither.
  ///
  /// - Throws: A usage failure if the value is invalid, or if a file that may contain it cannot be read.
  package func resolve<Value>(_ setting: Setting<Value>) throws(Failure) -> Value? {
    if let given = try find(setting) { return try setting.read(given.text, at: given.source.place) }
    return try setting.defaultText.map { text throws(Failure) in try setting.read(text, at: setting.option) }
  }

  /// The value of a setting that is required or has a default.
  ///
  /// - Throws: Also a usage failure if the setting is missing.
  package func value<Value>(of setting: Setting<Value>) throws(Failure) -> Value {
    if let value = try resolve(setting) { return value }
    throw .usage("\(setting.option) is missing: expected \(setting.expected).")
  }

  /// The text of a setting as the user wrote it, and its source. nil if no source has one.
  package func find<Value>(_ setting: Setting<Value>) throws(Failure) -> RawSetting? {
    // With a job file, the log is the one of its entry: `CLOUDSMITH_WORKSPACE` must not change it.
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
        \(found.given.source): \(setting.name) is not read from a file in the current directory, because somebody else may have \
        written it to get the key. Pass \(setting.option), or set \(setting.variables[0]).
        """)
    }
    return found.given
  }

  /// The API key in cloudsmith-cli's `credentials.ini`, and a warning if other users can read it.
  package func keyInCLIFiles() throws(Failure) -> (given: RawSetting, warning: String?)? {
    try cli.apiKey(profile: profile)
  }

  /// The profile to use in cloudsmith-cli's files. It is not read from these files.
  private var profile: String? {
    get throws(Failure) { try resolve(Settings.profile) }
  }
}

/// An option and its text on the command line. The text is nil if the option is absent.
package struct GivenOption: Sendable {
  package let option: String
  package let text: String?
}

/// The text of a setting as the user wrote it, and where.
package struct RawSetting: Hashable, Sendable {
  package let text: String
  package let source: SettingSource
}

/// Where a setting was written.
package enum SettingSource: Hashable, Sendable {
  case option(String)
  case variable(String)
  /// Line and column start at 1.
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

  /// How a message about an invalid value begins: `--page-size`, `job.yaml:12:14: page_size`.
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
  /// The log. A usage failure if none is given.
  package func log() throws(Failure) -> LogName {
    if let log = try resolve(Settings.log) { return log }
    throw .usage(
      "No organization. Pass its slug as --organization, such as my-org, or set CLOUDSMITH_WORKSPACE.")
  }

  /// The host of the API.
  package func host() throws(Failure) -> APIHost {
    do {
      return try APIHost(try value(of: Settings.apiHost))
    } catch let error as Failure {
      throw error
    } catch {
      throw .usage("--api-host: \(error).")
    }
  }

  /// How to connect to the API: proxy, certificates and timeouts. The environment provides the defaults (`HTTPS_PROXY`,
  /// `SSL_CERT_FILE`).
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
