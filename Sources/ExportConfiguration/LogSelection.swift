package import AuditExport
import AuditRecord

/// The logs of a command: the one given by its options, or those of a job file.
package struct LogSelection: Sendable {
  /// The settings of each log. Empty only if a shard has no log.
  package let logs: [SettingSources]
  /// nil without a job file.
  package let file: JobFile?
  /// The shard to which the logs belong; nil for all logs.
  package let shard: LogShard?
  /// How many logs to work on at once.
  package let parallelLogs: Int

  /// - Parameters:
  ///   - config: The path of the job file, as given on the command line.
  ///   - shard: The text of `--shard`; `.none` for a command that does not have it.
  ///   - options: `--organization` selects one log of the file. All others take precedence over the file.
  /// - Throws: A usage failure if the file cannot be read, is invalid, or does not contain the selected log.
  package init(
    config: String?, shard: String?? = .none, _ options: [GivenOption], _ environment: [String: String]
  ) throws(Failure) {
    let shard = try shard.flatMap { text throws(Failure) in try Settings.shard.resolve(text, environment) }
    guard let path = try Settings.config.resolve(config, environment) else {
      guard shard == nil else {
        throw .usage("--shard requires --config: it selects some of the logs of a job file.")
      }
      file = nil
      self.shard = nil
      let sources = SettingSources(options, environment: environment)
      parallelLogs = try sources.value(of: Settings.parallelLogs)
      logs = [sources]
      return
    }
    let file = try JobFile(path)
    self.file = file
    let part = try shard.map { choice throws(Failure) in try choice.shard(environment) }
    self.shard = part
    let cli = CLIFiles(environment)
    let chosen = try options.last { $0.option == Settings.log.option }?.text.map {
      text throws(Failure) in try Settings.log.read(text, at: Settings.log.option)
    }
    let entries = file.entries.filter { chosen == nil || $0.log == chosen }
    if let chosen, entries.isEmpty {
      let names = file.entries.map(\.log.description)
      throw .usage(
        """
        --organization '\(chosen)' is not in \(quoted(path)). Its logs are \(names.prefix(10).joined(separator: ", "))\
        \(names.count > 10 ? ", …" : "").\(Nearest.hint(for: chosen.description, among: names))
        """)
    }
    let all = entries.map { SettingSources(options, environment: environment, job: $0, cli: cli) }
    // It is the same for every entry.
    parallelLogs = try all.first?.value(of: Settings.parallelLogs) ?? 1
    logs = zip(entries, all).filter { entry, _ in part?.contains(entry.log) ?? true }.map(\.1)
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

  /// A schedule of the logs. Logs whose credentials come from the same place count as logs with one key.
  package func schedule() -> LogSchedule {
    LogSchedule(
      keys: logs.enumerated().map { index, sources in
        Credentials.account(sources) ?? "log \(index)"
      }, limit: parallelLogs)
  }
}
