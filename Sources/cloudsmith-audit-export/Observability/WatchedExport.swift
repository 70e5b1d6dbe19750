import AuditExport
import AuditRecord
import CloudsmithAPI

/// An export of one log whose end is told: as the answer, and to those who watch.
struct WatchedExport {
  private let command: ExportCommand
  private let environment: [String: String]
  private let observers: Observers
  private let speaker: Speaker

  init(_ command: ExportCommand, _ environment: [String: String], _ speaker: Speaker) throws(Failure) {
    observers = try Observers(command.observability, environment)
    (self.command, self.environment, self.speaker) = (command, environment, speaker)
  }

  /// Runs the export, answers, and tells of it; of a failure too, which is then thrown.
  func run(_ body: (Speaker) async throws -> ExportReport) async throws -> ExitStatus {
    let clock = SystemClock()
    let (began, start) = (clock.now, clock.elapsed)
    let (log, archive, retention): (LogName, String, TimeSpan)
    do {
      log = try command.target.log(environment)
      archive = try command.target.directory(environment)
      retention =
        try Settings.retention.resolve(command.retention, environment)
        ?? ExportSettings(request: .incremental(backfillStart: nil)).retention
    } catch let failure {
      await observers.tell([], otherFailure: failure, speaker)
      throw failure
    }
    func logRun(_ status: ExitStatus, _ text: String) -> LogRun {
      LogRun(
        log: log, archive: archive, retention: retention, began: began, duration: clock.elapsed - start,
        status: status, text: text)
    }
    let speaker = speaker.about(log)
    do {
      var report = try await body(speaker)
      let sentence = report.status == .done ? nil : report.message
      var run = logRun(report.status, [sentence, report.text].compactMap { $0 }.joined(separator: "\n"))
      run.counters = report.summary.counters
      let metrics = RunMetrics(run)
      report.metrics = metrics.values
      speaker.answer(report)
      if let sentence {
        speaker.console.tell(Failure(status: report.status, sentence: sentence), heading: "")
      }
      await observers.tell([metrics], speaker)
      return report.status
    } catch {
      if let failure = Failure(error) {
        await observers.tell([RunMetrics(logRun(failure.status, failure.sentence))], speaker)
      }
      throw error
    }
  }
}
