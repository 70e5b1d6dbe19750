import AuditRecord
import Logging

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
