import AuditArchive
import AuditRecord
import CloudsmithAPI
import Logging

/// How this run speaks: text or JSON on stdout, log and progress on stderr.
struct Speaker {
  let console: Console
  private(set) var logger: Logger
  let isJSON: Bool

  /// - Parameter isJSON: nil: as the options say.
  init(_ options: OutputOptions, _ environment: [String: String], isJSON: Bool? = nil) throws {
    do {
      let isLogJSON = try Settings.isLogJSON.resolve(options.logFormat, environment) ?? false
      console = Console(isQuiet: options.quiet, isLogJSON: isLogJSON)
      let asked = try Settings.isJSON.resolve(options.outputFormat, environment)
      self.isJSON = isJSON ?? asked ?? false
      logger = console.logger(
        try Settings.logLevel.resolve(options.logLevel, environment)
          ?? (console.showsProgress ? .notice : .info))
    } catch let failure {
      Console(isQuiet: false).tell(failure)
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
    console.answer(isJSON ? report.json : report.text)
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
