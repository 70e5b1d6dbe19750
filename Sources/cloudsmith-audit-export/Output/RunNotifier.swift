import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import HTTP
import Logging
import Synchronization

/// Reports the outcome of a run, of one or several logs, to the metrics file, the heartbeat monitor and the JSON log.
///
/// None of them affects the run: if a report fails, it is a warning.
final class RunNotifier: Sendable {
  private let metricsFile: String?
  private let notice: (url: HeartbeatURL, connection: ConnectionSettings)?
  /// The finished runs, in the order in which they ended.
  private let runs = Mutex<[RunMetrics]>([])

  init(_ options: ObservabilityOptions, _ environment: [String: String]) throws(Failure) {
    metricsFile = try Settings.metricsFile.resolve(options.metricsFile, environment)
    notice = try Settings.notifyURL.resolve(options.notifyUrl, environment).map { text throws(Failure) in
      try RunNotifier.notice(text, environment)
    }
  }

  /// Runs the export of one log, records its outcome, and adds the metrics to its result. Invalid settings of the log are recorded
  /// too, because a log that cannot start must be reported like one that fails.
  func watching(
    _ log: LogName, _ sources: SettingSources, _ body: () async throws -> ExportResult
  ) async throws -> ExportResult {
    let clock = SystemClock()
    let (began, start) = (clock.now, clock.elapsed)
    let archive = Result { () throws(Failure) in try sources.archive() }.value
    let retention = Result { () throws(Failure) in try sources.value(of: Settings.retention) }.value
    func note(
      _ status: ExitStatus, _ text: String, _ report: ExportResult? = nil
    ) async -> RunMetrics {
      var run = RunOutcome(
        log: log, archive: archive, retention: retention ?? .days(365), began: began,
        duration: clock.elapsed - start,
        status: status, text: text)
      if let summary = report?.summary {
        run.counters = summary.counters
        run.began = began - summary.clockLead
        (run.pagesReceived, run.commits) = (summary.pagesReceived, summary.commits.count)
      }
      let metrics = await RunMetrics(of: run, manifest: report?.summary.manifest)
      runs.withLock { $0.append(metrics) }
      return metrics
    }
    do {
      var report = try await body()
      let sentence = report.failure?.sentence
      let text = [sentence, report.text].compactMap { $0 }.joined(separator: "\n")
      report.metrics = await note(report.status, text, report).values
      return report
    } catch {
      if let failure = Failure(error) { _ = await note(failure.status, failure.sentence) }
      throw error
    }
  }

  /// Runs `body`, which exports the logs, and reports all outcomes when it ends, whether it succeeds or throws.
  func telling(
    _ commandOutput: CommandOutput, _ body: () async throws -> ExitStatus
  ) async throws -> ExitStatus {
    do {
      let status = try await body()
      await tell(commandOutput, status)
      return status
    } catch {
      let failure = Failure(error)
      await tell(commandOutput, failure?.status ?? .failed, failure)
      throw error
    }
  }

  /// - Parameters:
  ///   - status: The status of the whole run. It can be a failure even if no log failed.
  ///   - failure: What ended the run.
  private func tell(_ commandOutput: CommandOutput, _ status: ExitStatus, _ failure: Failure? = nil) async {
    let logs = runs.withLock(\.self)
    // In a text log it would repeat the result.
    if commandOutput.console.isLogJSON {
      for log in logs { commandOutput.logger.info("finished", metadata: log.fields) }
    }
    if let metricsFile, !logs.isEmpty { await write(logs, to: metricsFile, commandOutput) }
    if let notice {
      // The outcome of each log already has its failure.
      let other = logs.isEmpty ? failure?.sentence : nil
      await ping(notice, logs.map(\.run), status, other, commandOutput)
    }
  }

  // MARK: - The metrics file

  private func write(_ logs: [RunMetrics], to path: String, _ commandOutput: CommandOutput) async {
    do {
      let file = try OutputFile(
        path, option: Settings.metricsFile.option, archives: logs.compactMap(\.run.archive?.text))
      // Without the lock, two jobs that end at the same time would overwrite each other's metrics.
      try await file.withFolderLocked {
        let others: String?
        do throws(Failure) {
          others = try SmallFile.textIfThere(
            of: path, contents: "the metrics of other logs", limit: RunNotifier.metricsLimit)
        } catch {
          others = nil
          commandOutput.logger.warning("the metrics of other logs were dropped: \(error.sentence)")
        }
        let text = MetricsText(logs, keeping: others ?? "", version: Version.text).text
        // Readable by all, whatever the umask: it has no secrets, and the collector runs as another user.
        try file.write(Array(text.utf8), mode: 0o644)
      }
    } catch {
      commandOutput.logger.warning(
        "no metrics were written: \((error as? Failure)?.sentence ?? "\(error)") The export is not affected.")
    }
  }

  /// Bytes. Enough for some thousand logs.
  private static let metricsLimit = 16 << 20

  // MARK: - The heartbeat

  /// - Parameter other: A failure that does not belong to a log, such as an invalid setting.
  private func ping(
    _ notice: (url: HeartbeatURL, connection: ConnectionSettings), _ runs: [RunOutcome], _ status: ExitStatus,
    _ other: String?, _ commandOutput: CommandOutput
  ) async {
    // Some services show only the first line, so it names every failed log.
    let failed = runs.filter { $0.status != .done }
    // Of many logs, the monitor gets only what failed.
    let isLarge = runs.count > JobReport.fewLogs
    let ordered = failed + (isLarge ? [] : runs.filter { $0.status == .done })
    let done = isLarge ? "\((runs.count - failed.count).grouped) of \(runs.count.grouped) logs done" : nil
    let texts = ordered.map(\.text) + [done, other].compactMap { $0 }
    let names = ordered.map { "\($0.log) \($0.status.word)" }
    let heading = failed.count > 1 ? names.joined(separator: ", ") + "\n" : ""
    let message = Heartbeat(
      isSuccess: status == .done,
      text: TerminalText.lines(
        "cloudsmith-audit-export: \(status.word): \(heading)\(texts.joined(separator: "\n"))\n"),
      duration: runs.map(\.duration).reduce(.zero) { $0 + $1 })
    do {
      try await AsyncHTTPClientTransport.withTransport(notice.connection) { transport in
        try await message.deliver(to: notice.url, by: transport)
      }
    } catch {
      commandOutput.logger.warning(
        """
        the ping to --notify-url failed (\(error)), so the monitor may report this run as missing. Check the URL, and that this \
        machine can reach it. The export is not affected.
        """)
    }
  }

  private static func notice(
    _ text: String, _ environment: [String: String]
  ) throws(Failure) -> (HeartbeatURL, ConnectionSettings) {
    do {
      let url = try HeartbeatURL(text)
      // --ca-file and --proxy are for the API and do not apply to the monitor. The environment applies to both.
      var settings = try ConnectionSettings(host: url.host, environment: environment, version: Version.text)
      settings.timeouts.connect = Heartbeat.patience
      settings.timeouts.total = Heartbeat.patience
      return (url, settings)
    } catch {
      let slip = Slip(text, variables: Settings.notifyURL.variables)?.words
      throw .usage("--notify-url\(slip ?? ": \(error)").")
    }
  }
}

extension Result {
  /// nil for a failure, which is thrown again where the value is needed.
  fileprivate var value: Success? { if case .success(let value) = self { value } else { nil } }
}

extension RunMetrics {
  /// Reads the last success from the archive, which records earlier runs.
  ///
  /// - Parameter manifest: The state after the run, if the run has it; else it is read.
  fileprivate init(of run: RunOutcome, manifest: Manifest?) async {
    let isSuccess = run.status == .done || run.status == .quarantined
    var manifest = manifest
    var lastSuccess = isSuccess ? run.ended : nil
    do {
      if let archive = run.archive.map({ Archive($0, log: run.log) }) {
        if manifest == nil { manifest = try await archive.read() }
        if !isSuccess, let newest = manifest?.commit {
          lastSuccess = try await archive.lastComplete(newest: newest)?.latest
        }
      }
    } catch {
      // The run itself has reported what is wrong with the archive. What cannot be read is left out.
    }
    self.init(run, manifest: manifest, lastSuccess: lastSuccess)
  }

  /// For a log in JSON: numbers stay numbers there.
  fileprivate var fields: Logger.Metadata {
    var fields = values.mapValues { Logger.MetadataValue.stringConvertible($0) }
    fields["log"] = "\(run.log)"
    fields["status"] = "\(run.status.word)"
    return fields
  }
}
