package import AuditRecord
import Platform
import StrictYAML

/// The logs that are exported together, each with its settings: `--config FILE`.
///
/// A mapping with settings for all logs, and `logs`, a list of mappings: each has `organization` and settings of its own, which
/// count before those for all. Everything is checked before anything is done.
package struct JobFile: Sendable {
  package let path: String
  /// In the order of the file, which is that of the run.
  package let entries: [JobEntry]
  /// A sentence when everybody on this machine may change the file; nil when not.
  package let warning: String?

  package init(_ path: String) throws(Failure) {
    try self.init(path: path, text: try SmallFile.text(of: path, contents: "the job"))
  }

  package init(path: String, text: String) throws(Failure) {
    self.path = path
    let reader = JobReader(path: path)
    do {
      entries = try reader.entries(try YAMLNode.read(text))
    } catch {
      throw reader.failure(error)
    }
    warning =
      JobFile.isWritableByAll(path)
      ? """
      Every user of this machine can change the job file \(quoted(path)), and with it where the key is sent: take that right \
      away with chmod o-w \(quoted(path)).
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
  /// The log's name as it stands there.
  package let organization: RawSetting
  /// By the names of settings.
  private let settings: [String: RawSetting]

  package init(log: LogName, organization: RawSetting, settings: [String: RawSetting]) {
    self.log = log
    self.organization = organization
    self.settings = settings
  }

  /// What the file says of a setting: of this log, else of all.
  package subscript(name: String) -> RawSetting? { settings[name] }
}

/// The logs that a command is about: the one of its options, or those of a job file.
package struct Job: Sendable {
  /// What was given for each log; at least one.
  package let logs: [SettingSources]
  /// nil: no job file.
  package let file: JobFile?

  /// - Parameters:
  ///   - config: the path of the job file, as on the command line.
  ///   - options: of them `--organization` chooses one log of the file; the others count before what the file says.
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
        --organization '\(chosen)' is not in \(quoted(path)), which has \(names.prefix(10).joined(separator: ", "))\
        \(names.count > 10 ? ", …" : "").\(Nearest.hint(for: chosen.description, among: names))
        """)
    }
  }

  /// For commands that are about one log.
  package func onlyLog() throws(Failure) -> SettingSources {
    guard let first = logs.first, logs.count == 1 else {
      throw .usage("The job file has \(logs.count) logs: give --organization with the one that is meant.")
    }
    return first
  }
}
