import AuditArchive
import AuditExport
import AuditRecord
import CommandResults
import ExportConfiguration
import Logging
import Synchronization

extension CommandOutput {
  /// Runs a command for each log, several at once if the job says so. A failure of one does not stop the others. Results are printed as
  /// logs end, and then forgotten.
  ///
  /// - Parameter body: Runs the command for one log. Everything that it writes passes the given output.
  /// - Returns: The worst status of all logs.
  nonisolated(nonsending) func run(
    _ job: LogSelection,
    _ body: @escaping @Sendable (SettingSources, CommandOutput) async throws -> any CommandResult
  ) async throws -> ExitStatus {
    guard let file = job.file else {
      let result = try await body(try job.onlyLog(), self)
      say(result)
      return result.status
    }
    if let warning = file.warning { logger.warning("\(warning)") }
    if let shard = job.shard, job.logs.isEmpty {
      logger.notice("shard \(shard) has none of the logs of \(quoted(file.path)); nothing to do")
    }
    var report = JobReport(self, count: job.logs.count)
    if job.parallelLogs > 1, job.logs.count > 1 {
      try await runParallel(job, &report, body)
    } else {
      for sources in job.logs { try report.add(await LogOutcome(try sources.log(), sources, self, body)) }
    }
    return report.end()
  }

  private nonisolated(nonsending) func runParallel(
    _ job: LogSelection, _ report: inout JobReport,
    _ body: @escaping @Sendable (SettingSources, CommandOutput) async throws -> any CommandResult
  ) async throws {
    OpenFileLimit.raise()
    var schedule = job.schedule()
    let messages = Mailbox<JobMessage>()
    let progress = JobProgress(self, total: job.logs.count)
    try await withThrowingDiscardingTaskGroup { group in
      while !schedule.isFinished {
        while let index = schedule.next() {
          let sources = job.logs[index]
          let log = try sources.log()
          let place = JobPlace(
            index: index, logsAtOnce: schedule.mostUnderWay, progress: progress, messages: messages)
          let output = self.output(of: log, in: place)
          group.addTask {
            messages.send(.ended(index, await LogOutcome(log, sources, output, body), output.lines))
          }
        }
        progress.show(running: schedule.runningCount)
        switch await messages.next() {
        case .waits(let index): schedule.waits(index)
        case .goesOn(let index): schedule.goesOn(index)
        case .ended(let index, let outcome, let lines):
          schedule.ended(index)
          lines?.flush()
          progress.ended(outcome.status)
          try report.add(outcome)
        }
      }
    }
  }
}

/// What a log that runs beside others tells the job.
enum JobMessage: Sendable {
  /// It waits for its pace, the rate limit, another attempt or a lease.
  case waits(Int)
  case goesOn(Int)
  case ended(Int, LogOutcome, LogLines?)
}

/// The place of a log among those that run at once.
struct JobPlace: Sendable {
  fileprivate let index: Int
  /// The most logs under way at once, which share the memory.
  let logsAtOnce: Int
  let progress: JobProgress
  private let messages: Mailbox<JobMessage>

  fileprivate init(index: Int, logsAtOnce: Int, progress: JobProgress, messages: Mailbox<JobMessage>) {
    self.index = index
    self.logsAtOnce = logsAtOnce
    self.progress = progress
    self.messages = messages
  }

  /// Another log may start while this one waits.
  func waits() { messages.send(.waits(index)) }
  func goesOn() { messages.send(.goesOn(index)) }
}

/// The result of a log, in the form in which it is printed.
struct LogOutcome: Sendable {
  let log: LogName
  let status: ExitStatus
  let failure: Failure?
  /// On one line. Only if the output is JSON.
  let json: String?
  /// nil if the output is JSON, or if the log failed before it had a result.
  let text: String?
  let isColored: Bool
  let warnings: [String]
  let figures: [(name: String, count: Int)]
  /// An error that no user can cause.
  let unexpected: (any Error)?

  /// Runs the command for a log.
  init(
    _ log: LogName, _ sources: SettingSources, _ output: CommandOutput,
    _ body: @Sendable (SettingSources, CommandOutput) async throws -> any CommandResult
  ) async {
    self.log = log
    do {
      let result = try await body(sources, output)
      (status, failure, warnings) = (result.status, result.failure, result.warnings)
      json = output.isJSON ? JSONText.line(of: LogDocument(log, result.document)) : nil
      (text, isColored) = (output.isJSON ? nil : result.text, result.isColored)
      (figures, unexpected) = (result.figures, nil)
    } catch {
      let failure = Failure(error)
      status = failure?.status ?? .failed
      self.failure = failure
      json = failure.map { JSONText.line(of: FailureResult($0, log: log)) }
      (text, isColored, warnings, figures) = (nil, false, [], [])
      unexpected = failure == nil ? error : nil
    }
  }
}

/// Prints the results of a job's logs.
struct JobReport {
  /// With more logs, the text has a summary, and a command whose purpose is not the text prints only failures.
  static let fewLogs = 20

  private let output: CommandOutput
  private let count: Int
  private var summary = JobSummary()
  private var hasAnswered = false

  init(_ output: CommandOutput, count: Int) {
    self.output = output
    self.count = count
    if output.format == .json { output.console.answer(JobSummary.head) }
  }

  private var isLarge: Bool { count > JobReport.fewLogs }

  /// Adds a log that has ended.
  ///
  /// - Throws: The error of the log if no user can cause it.
  mutating func add(_ outcome: LogOutcome) throws {
    if let error = outcome.unexpected { throw error }
    let log = outcome.log
    var isGiven = false
    if let json = outcome.json, output.isJSON {
      // One document needs commas between its members.
      output.console.answer((output.format == .json && summary.count > 0 ? "," : "") + json)
    } else if let text = outcome.text {
      isGiven = output.givesAnswer(outcome.status, isLarge: isLarge)
      if isGiven {
        if hasAnswered { output.console.answer("") }
        output.console.answer(text, isColored: outcome.isColored)
        hasAnswered = true
      } else {
        let name = isLarge ? "\(log): " : ""
        for warning in outcome.warnings { output.logger.warning("\(name)\(warning)") }
      }
    }
    if let failure = outcome.failure {
      let details = isGiven || output.isJSON ? nil : outcome.text
      output.console.tell(failure, heading: "error: \(log): ", log: log, details: details)
    }
    summary.add(log, outcome.status, outcome.figures)
  }

  /// Prints the end. Returns the worst status of all logs.
  consuming func end() -> ExitStatus {
    switch output.format {
    case .json: output.console.answer(summary.tail)
    case .jsonLines: output.console.answer(JSONText.line(of: summary.document))
    case .text:
      if isLarge, output.givesAnswer(summary.worst) {
        if hasAnswered { output.console.answer("") }
        output.console.answer(summary.text)
      }
    }
    return summary.worst
  }
}

/// Hands values from many tasks to one. Unlike `AsyncStream`, it still does so after the receiving task is cancelled.
final class Mailbox<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var receiver: CheckedContinuation<Element, Never>?
  }

  private let state = Mutex(State())

  func send(_ element: Element) {
    let receiver = state.withLock { state in
      let receiver = state.receiver.take()
      if receiver == nil { state.elements.append(element) }
      return receiver
    }
    receiver?.resume(returning: element)
  }

  /// Waits for the next element. Only one task may call it.
  func next() async -> Element {
    await withCheckedContinuation { receiver in
      let element: Element? = state.withLock { state in
        guard state.elements.isEmpty else { return state.elements.removeFirst() }
        state.receiver = receiver
        return nil
      }
      if let element { receiver.resume(returning: element) }
    }
  }
}
