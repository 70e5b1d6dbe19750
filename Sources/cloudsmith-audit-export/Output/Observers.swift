import AuditArchive
import AuditExport
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import Logging
import Synchronization

/// Those who are told what became of a run, of one log or of several: the metrics file, the dead man's switch, the log in
/// JSON.
///
/// None of them changes the run: what cannot be told is a warning.
final class Observers: Sendable {
  private let metricsFile: String?
  private let notice: (url: NoticeURL, connection: ConnectionSettings)?
  /// In the order in which they ended.
  private let runs = Mutex<[RunMetrics]>([])

  init(_ options: ObservabilityOptions, _ environment: [String: String]) throws(Failure) {
    metricsFile = try Settings.metricsFile.resolve(options.metricsFile, environment)
    notice = try Settings.notifyURL.resolve(options.notifyUrl, environment).map { text throws(Failure) in
      try Observers.notice(text, environment)
    }
  }

  /// Exports one log, takes note of what became of it, and adds to its report what was measured. What is wrong with the log's
  /// settings is noted too: a log that cannot begin is no less to be told of than one that fails.
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

  /// Runs `body`, which watches logs, and tells of all of them at its end, however it ends.
  func telling(
    _ speaker: Speaker, _ body: () async throws -> ExitStatus
  ) async throws -> ExitStatus {
    do {
      let status = try await body()
      await tell(speaker, status)
      return status
    } catch {
      let failure = Failure(error)
      await tell(speaker, failure?.status ?? .failed, failure)
      throw error
    }
  }

  /// - Parameters:
  ///   - status: of the whole run; it can be wrong where no log's is.
  ///   - failure: what ended the run.
  private func tell(_ speaker: Speaker, _ status: ExitStatus, _ failure: Failure? = nil) async {
    let logs = runs.withLock(\.self)
    // In a log of text it would say again what the answer says.
    if speaker.console.isLogJSON {
      for log in logs { speaker.logger.info("finished", metadata: log.fields) }
    }
    if let metricsFile, !logs.isEmpty { await write(logs, to: metricsFile, speaker) }
    if let notice {
      // What ended one log's run is in that log's own words.
      let other = logs.isEmpty ? failure?.sentence : nil
      await ping(notice, logs.map(\.run), status, other, speaker)
    }
  }

  // MARK: - The metrics file

  private func write(_ logs: [RunMetrics], to path: String, _ speaker: Speaker) async {
    do {
      let file = try OutputFile(
        path, option: Settings.metricsFile.option, archives: logs.compactMap(\.run.archive?.text))
      // Two jobs that end at once would each write what they had read before the other wrote.
      try await file.withFolderLocked {
        let others: String?
        do throws(Failure) {
          others = try SmallFile.textIfThere(
            of: path, contents: "the figures of other logs", limit: Observers.metricsLimit)
        } catch {
          others = nil
          speaker.logger.warning("the figures of other logs are dropped: \(error.sentence)")
        }
        let text = MetricsText(logs, keeping: others ?? "", version: Version.text).text
        // Readable by all, whatever the mask: it holds no secret, and the collector is another user.
        try file.write(Array(text.utf8), mode: 0o644)
      }
    } catch {
      speaker.logger.warning(
        "no metrics: \((error as? Failure)?.sentence ?? "\(error)") The export is not affected.")
    }
  }

  /// Bytes: of some thousands of logs.
  private static let metricsLimit = 16 << 20

  // MARK: - The dead man's switch

  /// - Parameter other: what cannot be laid to any log, such as a setting that is wrong.
  private func ping(
    _ notice: (url: NoticeURL, connection: ConnectionSettings), _ runs: [RunOutcome], _ status: ExitStatus,
    _ other: String?, _ speaker: Speaker
  ) async {
    // The first line is all that some services show: of several logs that failed it names each.
    let failed = runs.filter { $0.status != .done }
    let ordered = failed + runs.filter { $0.status == .done }
    let texts = ordered.map(\.text) + [other].compactMap { $0 }
    let names = ordered.map { "\($0.log) \($0.status.word)" }
    let heading = failed.count > 1 ? names.joined(separator: ", ") + "\n" : ""
    let message = Notice(
      isSuccess: status == .done,
      text: TerminalText.lines(
        "cloudsmith-audit-export: \(status.word): \(heading)\(texts.joined(separator: "\n"))\n"),
      duration: runs.map(\.duration).reduce(.zero) { $0 + $1 })
    do {
      try await AsyncHTTPClientTransport.withTransport(notice.connection) { transport in
        try await message.deliver(to: notice.url, by: transport)
      }
    } catch {
      speaker.logger.warning(
        """
        the ping to --notify-url did not arrive (\(error)): its service may take this run for lost. Check the URL, and that \
        this machine reaches it. The export is not affected.
        """)
    }
  }

  private static func notice(
    _ text: String, _ environment: [String: String]
  ) throws(Failure) -> (NoticeURL, ConnectionSettings) {
    do {
      let url = try NoticeURL(text)
      // Not --ca-file nor --proxy, which are for the API: the service is elsewhere. The environment counts for both.
      var settings = try ConnectionSettings(host: url.host, environment: environment, version: Version.text)
      settings.timeouts.connect = Notice.patience
      settings.timeouts.total = Notice.patience
      return (url, settings)
    } catch {
      let slip = Slip(text, variables: Settings.notifyURL.variables)?.words
      throw .usage("--notify-url\(slip ?? ": \(error)").")
    }
  }
}

extension Result {
  /// nil for a failure, which is told where the value is needed.
  fileprivate var value: Success? { if case .success(let value) = self { value } else { nil } }
}

extension RunMetrics {
  /// Asks the archive for the last success: it remembers earlier runs, so no file of ours has to.
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
