import AuditArchive
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import Logging

/// The output of a command: its result as text or JSON on stdout, log and progress on stderr.
struct CommandOutput {
  let console: Console
  private(set) var logger: Logger
  let isJSON: Bool
  /// When the result is printed as text. `always` if the user chose an output format.
  private let answers: AnswerWhenQuiet

  /// When a result is printed as text despite `--quiet`.
  enum AnswerWhenQuiet {
    /// Always, because the result is the purpose of the command.
    case always
    /// Unless the log is in JSON.
    case besideText
    /// Only on a failure, and not if the log is in JSON, which then has the result.
    case whenWrong
  }

  /// - Parameters:
  ///   - isJSON: Whether the result is JSON. nil for what the options say.
  ///   - answers: When to print a result as text despite `--quiet`.
  init(
    _ options: OutputOptions, _ environment: [String: String], isJSON: Bool? = nil,
    whenQuiet answers: AnswerWhenQuiet = .whenWrong
  ) throws {
    do {
      let isLogJSON = try Settings.isLogJSON.resolve(options.logFormat, environment) ?? false
      console = Console(isQuiet: options.quiet, isLogJSON: isLogJSON)
      let asked = try Settings.isJSON.resolve(options.outputFormat, environment)
      self.isJSON = isJSON ?? asked ?? false
      self.answers = options.quiet && asked == nil ? answers : .always
      logger = console.logger(
        try Settings.logLevel.resolve(options.logLevel, environment)
          ?? (console.showsProgress ? .notice : .info))
    } catch let failure {
      Console.beforeOptions.tell(failure)
      throw failure.status.code
    }
  }

  /// A copy that adds the name of a log to every line of a JSON log.
  func about(_ log: LogName) -> CommandOutput {
    var commandOutput = self
    commandOutput.logger[metadataKey: "log"] = "\(log)"
    return commandOutput
  }

  func answer(_ result: some CommandResult) {
    console.answer(isJSON ? result.json : result.text, isColored: !isJSON && result.isColored)
  }

  /// Whether a result with this status is printed to stdout.
  func givesAnswer(_ status: ExitStatus) -> Bool {
    switch answers {
    case _ where isJSON: true
    case .always: true
    case .besideText: !console.isLogJSON
    case .whenWrong: status != .done && !console.isLogJSON
    }
  }

  /// Prints the result and the failure of one log.
  ///
  /// - Returns: Whether something was written to stdout.
  @discardableResult
  func say(_ result: some CommandResult, log: LogName? = nil) -> Bool {
    let isGiven = givesAnswer(result.status)
    if isGiven {
      answer(result)
    } else {
      for warning in result.warnings { logger.warning("\(warning)") }
    }
    tellFailure(of: result, log: log, details: isGiven ? nil : result.text)
    return isGiven
  }

  /// - Parameter log: The log, with a job file.
  func tellFailure(of result: any CommandResult, log: LogName?, details: String? = nil) {
    guard let failure = result.failure else { return }
    console.tell(
      failure, heading: "error: " + (log.map { "\($0): " } ?? ""), log: log, details: details)
  }

  /// Runs a command and exits with its status. A failure that it throws is printed first.
  nonisolated(nonsending) func run(_ body: () async throws -> ExitStatus) async throws {
    do {
      let status = try await body()
      if let failure = console.answerFailure { throw failure }
      if status != .done { throw status.code }
    } catch {
      let failure = try CommandOutput.failure(error)
      console.tell(failure)
      if isJSON { console.answer(JSONText.of(FailureResult(failure))) }
      throw failure.status.code
    }
  }

  /// The failure for an error. Rethrows an error that no user can cause.
  static func failure(_ error: any Error) throws -> Failure {
    guard let failure = Failure(error) else { throw error }
    return failure
  }
}

extension CommandOutput {
  /// Runs a command for each log, one after another. A failure of one does not stop the others. With a job file, the JSON output is
  /// one document with the results of all logs.
  ///
  /// - Returns: The worst status of all logs.
  nonisolated(nonsending) func run(
    _ job: LogSelection, _ body: (SettingSources) async throws -> any CommandResult
  ) async throws -> ExitStatus {
    guard let file = job.file else {
      let result = try await body(try job.onlyLog())
      say(result)
      return result.status
    }
    if let warning = file.warning { logger.warning("\(warning)") }
    var worst = ExitStatus.done
    var documents: [any Encodable] = []
    var hasAnswered = false
    for sources in job.logs {
      let status: ExitStatus
      let log = try sources.log()
      do {
        let result = try await body(sources)
        status = result.status
        if isJSON {
          documents.append(result.document)
          tellFailure(of: result, log: log)
        } else {
          if hasAnswered, givesAnswer(status) { console.answer("") }
          if say(result, log: log) { hasAnswered = true }
        }
      } catch {
        let failure = try CommandOutput.failure(error)
        status = failure.status
        console.tell(failure, heading: "error: \(log): ", log: log)
        documents.append(FailureResult(failure, log: log))
      }
      if status.worse(than: worst) { worst = status }
    }
    if isJSON { console.answer(JSONText.of(JobResult(worst, documents))) }
    return worst
  }
}
