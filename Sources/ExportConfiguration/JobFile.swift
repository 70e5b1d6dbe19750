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
