import AuditArchive
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import Logging

/// How this run speaks: text or JSON on stdout, log and progress on stderr.
struct Speaker {
  let console: Console
  private(set) var logger: Logger
  let isJSON: Bool
  /// What becomes of an answer in text; `always` where a form of answer was asked for.
  private let answers: AnswerWhenQuiet

  /// When an answer in text is given although --quiet is.
  enum AnswerWhenQuiet {
    /// It is what the command is run for.
    case always
    /// Not beside a log in JSON.
    case besideText
    /// Of a run that is watched: when something went wrong, and not beside a log in JSON, which has it then.
    case whenWrong
  }

  /// - Parameters:
  ///   - isJSON: nil: as the options say.
  ///   - answers: with --quiet.
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

  /// The same, with the name of a log on every line of its log in JSON.
  func about(_ log: LogName) -> Speaker {
    var speaker = self
    speaker.logger[metadataKey: "log"] = "\(log)"
    return speaker
  }

  func answer(_ result: some CommandResult) {
    console.answer(isJSON ? result.json : result.text, isColoured: !isJSON && result.isColoured)
  }

  /// Whether an answer with this status goes to stdout.
  func givesAnswer(_ status: ExitStatus) -> Bool {
    switch answers {
    case _ where isJSON: true
    case .always: true
    case .besideText: !console.isLogJSON
    case .whenWrong: status != .done && !console.isLogJSON
    }
  }

  /// Says what one log's answer is, and what is wrong; returns whether something was written to stdout.
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

  /// - Parameter log: of a job file: the one that it is about.
  func tellFailure(of result: any CommandResult, log: LogName?, details: String? = nil) {
    guard let failure = result.failure else { return }
    console.tell(
      failure, heading: log.map { "\($0): " } ?? result.failureHeading, log: log, details: details)
  }

  /// Runs a command to its exit status; whatever it throws becomes one sentence and a status.
  nonisolated(nonsending) func run(_ body: () async throws -> ExitStatus) async throws {
    do {
      let status = try await body()
      if let failure = console.answerFailure { throw failure }
      if status != .done { throw status.code }
    } catch {
      let failure = try Speaker.failure(error)
      console.tell(failure)
      if isJSON { console.answer(JSONText.of(FailureResult(failure))) }
      throw failure.status.code
    }
  }

  /// What the user is told of an error; an error that is none of the user's goes on.
  static func failure(_ error: any Error) throws -> Failure {
    guard let failure = Failure(error) else { throw error }
    return failure
  }
}

extension Speaker {
  /// Runs a command for each log of a job, one after another: what goes wrong with one does not stop the others. With a job file
  /// the JSON answer is one document with a report for each, and the status is the worst of all.
  nonisolated(nonsending) func run(
    _ job: Job, _ body: (SettingSources) async throws -> any CommandResult
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
        let failure = try Speaker.failure(error)
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
