import AuditRecord

/// The logs that a command is about: the one of its options, or those of a job file.
struct Job: Sendable {
  /// What was given for each log; at least one.
  let logs: [SettingSources]
  /// nil: no job file.
  let file: JobFile?

  /// - Parameters:
  ///   - config: the path of the job file, as on the command line.
  ///   - options: of them `--organization` chooses one log of the file; the others count before what the file says.
  init(
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
  func onlyLog() throws(Failure) -> SettingSources {
    guard let first = logs.first, logs.count == 1 else {
      throw .usage("The job file has \(logs.count) logs: give --organization with the one that is meant.")
    }
    return first
  }
}
