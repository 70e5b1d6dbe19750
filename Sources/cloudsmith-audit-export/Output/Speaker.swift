import AuditArchive
import AuditRecord
import CloudsmithAPI
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

  func answer(_ report: some Report) {
    console.answer(isJSON ? report.json : report.text, isColoured: !isJSON && report.isColoured)
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
  func say(_ answer: LogAnswer, log: LogName? = nil) -> Bool {
    let isGiven = givesAnswer(answer.status)
    if isGiven {
      self.answer(answer.report)
    } else {
      for warning in answer.report.warnings { logger.warning("\(warning)") }
    }
    tellFailure(of: answer, log: log, details: isGiven ? nil : answer.report.text)
    return isGiven
  }

  /// - Parameter log: of a job file: the one that it is about.
  func tellFailure(of answer: LogAnswer, log: LogName?, details: String? = nil) {
    guard let failure = answer.failure else { return }
    console.tell(failure, heading: log.map { "\($0): " } ?? answer.heading, log: log, details: details)
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
      if isJSON { console.answer(FailureReport(failure).json) }
      throw failure.status.code
    }
  }

  /// What the user is told of an error; an error that is none of the user's goes on.
  static func failure(_ error: any Error) throws -> Failure {
    guard let failure = Failure(error) else { throw error }
    return failure
  }
}

extension Failure {
  /// nil for an error that is told elsewhere.
  init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as ConnectionSettingsError: self = .usage("\(error).")
    default: return nil
    }
  }
}

/// An answer in both forms.
protocol Report {
  var text: String { get }
  /// One document, keys sorted.
  var json: String { get }
  /// Whether the text sets colours.
  var isColoured: Bool { get }
  /// What the text has that somebody should act on although all is done; for the log where the text is left out.
  var warnings: [String] { get }
}

extension Report {
  var isColoured: Bool { false }
  var warnings: [String] { [] }
}

/// What is said on stdout when there is nothing else to say.
struct FailureReport: Encodable {
  var status: String
  var exitStatus: Int32
  var message: String
  /// Of a job file: the log.
  var source: String?

  init(_ failure: Failure, log: LogName? = nil) {
    status = failure.status.word
    exitStatus = failure.status.rawValue
    message = failure.sentence
    source = log?.description
  }

  var json: String { JSONText.of(self) }
}

/// What a command answers about one log.
struct LogAnswer {
  let report: any Report
  let status: ExitStatus
  /// For stderr; nil: nothing to add.
  let failure: Failure?
  /// Stands before the sentence of the failure.
  let heading: String

  init(_ report: any Report, _ status: ExitStatus = .done) {
    self.report = report
    self.status = status
    (failure, heading) = (nil, "")
  }

  init(_ report: any Report, _ failure: Failure, heading: String = "error: ") {
    self.report = report
    status = failure.status
    (self.failure, self.heading) = (failure, heading)
  }
}

extension Speaker {
  /// Runs a command for each log of a job, one after another: what goes wrong with one does not stop the others. With a job file
  /// the JSON answer is one document with a report for each, and the status is the worst of all.
  nonisolated(nonsending) func run(
    _ job: Job, _ body: (SettingSources) async throws -> LogAnswer
  ) async throws -> ExitStatus {
    guard let file = job.file else {
      let answer = try await body(try job.onlyLog())
      say(answer)
      return answer.status
    }
    if let warning = file.warning { logger.warning("\(warning)") }
    var worst = ExitStatus.done
    var documents: [String] = []
    var hasAnswered = false
    for sources in job.logs {
      let status: ExitStatus
      let log = try sources.log()
      do {
        let answer = try await body(sources)
        status = answer.status
        if isJSON {
          documents.append(answer.report.json)
          tellFailure(of: answer, log: log)
        } else {
          if hasAnswered, givesAnswer(status) { console.answer("") }
          if say(answer, log: log) { hasAnswered = true }
        }
      } catch {
        let failure = try Speaker.failure(error)
        status = failure.status
        console.tell(failure, heading: "error: \(log): ", log: log)
        documents.append(FailureReport(failure, log: log).json)
      }
      if status.worse(than: worst) { worst = status }
    }
    if isJSON { console.answer(Speaker.document(worst, documents)) }
    return worst
  }

  /// Documents in one; each is indented text, in whose strings no line ends.
  private static func document(_ worst: ExitStatus, _ documents: [String]) -> String {
    let logs = documents.map { document in
      document.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
    }
    return """
      {
        "exit_status" : \(worst.rawValue),
        "logs" : [
      \(logs.joined(separator: ",\n"))
        ],
        "status" : "\(worst.word)"
      }
      """
  }
}
