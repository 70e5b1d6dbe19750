import AuditArchive
import AuditRecord
import CloudsmithAPI
import CommandResults
import ExportConfiguration
import Logging

/// The output of a command: its result as text or JSON on stdout, log and progress on stderr.
struct CommandOutput: Sendable {
  let console: Console
  private(set) var logger: Logger
  let format: OutputFormat
  /// The place of the log among those that run at once. nil if its job runs them one after another.
  private(set) var place: JobPlace?
  /// Collects the log lines of a log that runs beside others, until it ends. nil for a JSON log.
  private(set) var lines: LogLines?
  /// When the result is printed as text. `always` if the user chose an output format.
  private let answers: AnswerWhenQuiet
  /// Whether the result as text is the purpose of the command.
  private let isTextPurpose: Bool

  /// When a result is printed as text despite `--quiet`.
  enum AnswerWhenQuiet: Sendable {
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
      let asked = try Settings.outputFormat.resolve(options.outputFormat, environment)
      format = isJSON.map { $0 ? .json : .text } ?? asked ?? .text
      isTextPurpose = if case .always = answers { true } else { false }
      self.answers = options.quiet && asked == nil ? answers : .always
      logger = console.logger(
        try Settings.logLevel.resolve(options.logLevel, environment)
          ?? (console.showsProgress ? .notice : .info))
    } catch let failure {
      Console.beforeOptions.tell(failure)
      throw failure.status.code
    }
  }

  /// Whether the result is JSON, in one document or on lines.
  var isJSON: Bool { format != .text }

  /// A copy for a log that runs beside others. It keeps the lines of a text log together until the log ends.
  func output(of log: LogName, in place: JobPlace) -> CommandOutput {
    var commandOutput = self
    commandOutput.place = place
    if !console.isLogJSON {
      let lines = LogLines(console, log)
      commandOutput.lines = lines
      commandOutput.logger = lines.logger(logger.logLevel)
    }
    return commandOutput
  }

  /// Replaces the progress line, unless it shows the whole job.
  func progress(_ line: String) {
    if place == nil { console.progress(line) }
  }

  /// A copy that adds the name of a log to every line of a JSON log.
  func about(_ log: LogName) -> CommandOutput {
    var commandOutput = self
    commandOutput.logger[metadataKey: "log"] = "\(log)"
    return commandOutput
  }

  func answer(_ result: some CommandResult) {
    switch format {
    case .text: console.answer(result.text, isColored: result.isColored)
    case .json: console.answer(result.json)
    case .jsonLines: console.answer(JSONText.line(of: result.document))
    }
  }

  /// Whether a result with this status is printed to stdout.
  ///
  /// - Parameter isLarge: Whether the job has so many logs that only failures are printed, unless text is the command's purpose.
  func givesAnswer(_ status: ExitStatus, isLarge: Bool = false) -> Bool {
    switch answers {
    case _ where isLarge && !isTextPurpose && status == .done: false
    case _ where isJSON: true
    case .always: true
    case .besideText: !console.isLogJSON
    case .whenWrong: status != .done && !console.isLogJSON
    }
  }

  /// Prints the result and the failure of the only log.
  func say(_ result: some CommandResult) {
    let isGiven = givesAnswer(result.status)
    if isGiven {
      answer(result)
    } else {
      for warning in result.warnings { logger.warning("\(warning)") }
    }
    if let failure = result.failure { console.tell(failure, details: isGiven ? nil : result.text) }
  }

  /// Runs a command and exits with its status. A failure that it throws is printed first.
  nonisolated(nonsending) func run(_ body: () async throws -> ExitStatus) async throws {
    do {
      let status = try await body()
      if let failure = console.answerFailure { throw failure }
      if status != .done { throw status.code }
    } catch {
      guard let failure = Failure(error) else { throw error }
      console.tell(failure)
      let result = FailureResult(failure)
      switch format {
      case .text: break
      case .json: console.answer(JSONText.of(result))
      case .jsonLines: console.answer(JSONText.line(of: result))
      }
      throw failure.status.code
    }
  }
}
