import AuditRecord
import Platform
import StrictYAML

/// The logs that are exported together, each with its settings: `--config FILE`.
///
/// A mapping with settings for all logs, and `logs`, a list of mappings: each has `organization` and settings of its own, which
/// count before those for all. Everything is checked before anything is done.
struct JobFile: Sendable {
  let path: String
  /// In the order of the file, which is that of the run.
  let entries: [JobEntry]
  /// A sentence when everybody on this machine may change the file; nil when not.
  let warning: String?

  init(_ path: String) throws(Failure) {
    try self.init(path: path, text: try SmallFile.text(of: path, contents: "the job"))
  }

  init(path: String, text: String) throws(Failure) {
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
struct JobEntry: Sendable {
  let log: LogName
  /// The log's name as it stands there.
  let organization: GivenText
  /// By the names of settings.
  private let settings: [String: GivenText]

  init(log: LogName, organization: GivenText, settings: [String: GivenText]) {
    self.log = log
    self.organization = organization
    self.settings = settings
  }

  /// What the file says of a setting: of this log, else of all.
  subscript(name: String) -> GivenText? { settings[name] }
}
