package import AuditRecord
import Platform
import StrictYAML

/// A job file (`--config`): the logs to export, each with its settings.
///
/// The file is a YAML mapping. It has settings for all logs, and the list `logs`. Each entry of the list has `organization` and its own
/// settings, which take precedence over those for all logs. The whole file is checked before a command starts.
package struct JobFile: Sendable {
  /// The path as the user gave it.
  package let path: String
  /// The logs in the order of the file, in which they run.
  package let entries: [JobEntry]
  /// A warning if every user of this machine can change the file. nil if not.
  package let warning: String?

  /// Reads and checks a job file.
  ///
  /// - Throws: A usage failure with the place in the file if it is invalid or cannot be read.
  package init(_ path: String) throws(Failure) {
    try self.init(path: path, text: try SmallFile.text(of: path, subject: "The job file \(quoted(path))"))
  }

  /// Checks the text of a job file; `path` is for messages and the check of its permissions.
  package init(path: String, text: String) throws(Failure) {
    self.path = path
    let reader = JobFileReader(path: path)
    do {
      entries = try reader.entries(try YAMLNode.read(text))
    } catch {
      throw reader.failure(error)
    }
    warning =
      JobFile.isWritableByAll(path)
      ? """
      Every user of this machine can change the job file \(quoted(path)), and so where the key is sent. Fix that with \
      chmod o-w \(quoted(path)).
      """ : nil
  }

  private static func isWritableByAll(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_mode & S_IWOTH != 0
  }
}

/// One log of a job file.
package struct JobEntry: Sendable {
  package let log: LogName
  /// The name of the log as written in the file.
  package let organization: RawSetting
  /// The settings by name.
  private let settings: [String: RawSetting]

  package init(log: LogName, organization: RawSetting, settings: [String: RawSetting]) {
    self.log = log
    self.organization = organization
    self.settings = settings
  }

  /// The value of a setting for this log, or else for all logs. nil if the file has none.
  package subscript(name: String) -> RawSetting? { settings[name] }
}

/// The logs of a command: the one given by its options, or those of a job file.
package struct LogSelection: Sendable {
  /// The settings of each log. Never empty.
  package let logs: [SettingSources]
  /// nil without a job file.
  package let file: JobFile?

  /// - Parameters:
  ///   - config: The path of the job file, as given on the command line.
  ///   - options: `--organization` selects one log of the file. All others take precedence over the file.
  /// - Throws: A usage failure if the file cannot be read, is invalid, or does not contain the selected log.
  package init(
    config: String?, _ options: [GivenOption], _ environment: [String: String]
  ) throws(Failure) {
    guard let path = try Settings.config.resolve(config, environment) else {
      file = nil
      logs = [SettingSources(options, environment: environment)]
      return
    }
    let file = try JobFile(path)
    self.file = file
    let cli = CLIFiles(environment)
    let chosen = try options.last { $0.option == Settings.log.option }?.text.map {
      text throws(Failure) in try Settings.log.read(text, at: Settings.log.option)
    }
    logs = file.entries.filter { chosen == nil || $0.log == chosen }.map {
      SettingSources(options, environment: environment, job: $0, cli: cli)
    }
    if let chosen, logs.isEmpty {
      let names = file.entries.map(\.log.description)
      throw .usage(
        """
        --organization '\(chosen)' is not in \(quoted(path)). Its logs are \(names.prefix(10).joined(separator: ", "))\
        \(names.count > 10 ? ", …" : "").\(Nearest.hint(for: chosen.description, among: names))
        """)
    }
  }

  /// The only log, for commands that work on one.
  ///
  /// - Throws: A usage failure if there are several.
  package func onlyLog() throws(Failure) -> SettingSources {
    guard let first = logs.first, logs.count == 1 else {
      throw .usage("The job file has \(logs.count) logs. Select one with --organization.")
    }
    return first
  }
}
