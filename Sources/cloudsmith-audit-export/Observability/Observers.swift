import AuditRecord
import CloudsmithAPI
import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Those who are told what became of a run: the metrics file, the dead man's switch, the log.
///
/// None of them changes the run: what cannot be told is a warning.
struct Observers {
  private let metricsFile: String?
  private let notice: (url: NoticeURL, connection: ConnectionSettings)?

  init(_ options: ObservabilityOptions, _ environment: [String: String]) throws(Failure) {
    metricsFile = try Settings.metricsFile.resolve(options.metricsFile, environment)
    notice = try Settings.notifyURL.resolve(options.notifyUrl, environment).map { text throws(Failure) in
      try Observers.notice(text, environment)
    }
  }

  /// Tells of all logs of a run at once. `otherFailure`: what cannot be laid to any log, such as a setting that is wrong.
  func tell(_ logs: [RunMetrics], otherFailure: Failure? = nil, _ speaker: Speaker) async {
    // In a log of text it would say again what the answer says.
    if speaker.console.isLogJSON {
      for log in logs { speaker.logger.info("finished", metadata: log.fields) }
    }
    if let metricsFile, !logs.isEmpty { write(logs, to: metricsFile, speaker) }
    await ping(logs.map(\.run), otherFailure, speaker)
  }

  // MARK: The metrics file

  /// By a temporary file beside it, so that a collector never reads a part of it. Readable by all: it holds no secret, and
  /// the collector is another user.
  private func write(_ logs: [RunMetrics], to path: String, _ speaker: Speaker) {
    do {
      try Data(MetricsText(logs, version: Version.text).text.utf8).write(
        to: URL(filePath: path), options: .atomic)
    } catch {
      speaker.logger.warning(
        """
        the metrics file \(quoted(path)) could not be written: check that its folder is there, has room, and that this \
        user may write there. The export is not affected.
        """)
    }
  }

  // MARK: The dead man's switch

  private func ping(_ runs: [LogRun], _ otherFailure: Failure?, _ speaker: Speaker) async {
    guard let notice else { return }
    let failures = runs.filter { $0.status != .done }
    let isSuccess = failures.isEmpty && otherFailure == nil
    let heading =
      isSuccess
      ? "cloudsmith-audit-export: done"
      : "cloudsmith-audit-export: \(otherFailure?.status.word ?? failures.map(\.status.word).first ?? "failed")"
    let lines = runs.map(\.text) + [otherFailure?.sentence].compactMap { $0 }
    let text = "\(heading): \(lines.joined(separator: "\n"))\n"
    let message = Notice(
      isSuccess: isSuccess, text: text, duration: runs.map(\.duration).reduce(.zero) { $0 + $1 })
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
      settings.timeouts.idle = Notice.patience
      settings.timeouts.total = Notice.patience
      return (url, settings)
    } catch {
      throw .usage("--notify-url: \(error).")
    }
  }
}

extension RunMetrics {
  /// For a log in JSON: numbers stay numbers there.
  fileprivate var fields: Logger.Metadata {
    var fields = values.mapValues { Logger.MetadataValue.stringConvertible($0) }
    fields["log"] = "\(run.log)"
    fields["status"] = "\(run.status.word)"
    return fields
  }
}
