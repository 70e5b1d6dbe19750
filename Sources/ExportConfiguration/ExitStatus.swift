import CloudsmithAPI

/// How the program ends: one number for each thing that a script may want to do next.
package enum ExitStatus: Int32, CaseIterable {
  case done = 0
  case failed = 1
  case damaged = 2
  case incomplete = 3
  case quarantined = 4
  case noArchive = 10
  case locked = 11
  case keyRefused = 20
  case notFound = 21
  case planWithoutAuditLog = 22
  case usage = 64
  case storage = 74
  case unavailable = 75
  case interrupted = 130

  package var meaning: String {
    switch self {
    case .done: "done (also: nothing new)"
    case .failed: "failed; the message says why and what to do"
    case .damaged: "the archive is damaged"
    case .incomplete: "incomplete; all that was fetched is kept; run again"
    case .quarantined: "done, but records that could not be read are newly in quarantine"
    case .noArchive: "no archive there"
    case .locked: "another run holds the archive, or the lock was taken away"
    case .keyRefused: "key refused (401, 403)"
    case .notFound: "organisation or repository not found (404)"
    case .planWithoutAuditLog: "the plan has no audit log (402)"
    case .usage: "usage: the command line or the settings are wrong"
    case .storage: "storage: disk full, no permission, I/O error"
    case .unavailable: "the API could not be reached, or kept failing; what is complete is kept; run again"
    case .interrupted: "interrupted; all that was complete is kept"
    }
  }

  /// From best to worst, for a run of several logs: what needs nothing done, what another run mends, what somebody has to set
  /// right, what is broken; and that the rest was not begun.
  private static let order: [ExitStatus] = [
    .done, .quarantined, .incomplete, .unavailable, .locked, .noArchive, .notFound, .planWithoutAuditLog,
    .keyRefused, .usage, .failed, .storage, .damaged, .interrupted,
  ]

  /// `0, 4, 3, …`, for help.
  package static var inOrder: String { order.map { String($0.rawValue) }.joined(separator: ", ") }

  package func worse(than other: ExitStatus) -> Bool {
    let order = ExitStatus.order
    return (order.firstIndex(of: self) ?? order.endIndex) > (order.firstIndex(of: other) ?? order.endIndex)
  }

  /// One word for programs, as in the JSON output.
  package var word: String {
    switch self {
    case .done: "done"
    case .failed: "failed"
    case .damaged: "damaged"
    case .incomplete: "incomplete"
    case .quarantined: "quarantined"
    case .noArchive: "no_archive"
    case .locked: "locked"
    case .keyRefused: "key_refused"
    case .notFound: "not_found"
    case .planWithoutAuditLog: "plan_without_audit_log"
    case .usage: "usage"
    case .storage: "storage"
    case .unavailable: "unavailable"
    case .interrupted: "interrupted"
    }
  }

  package static var table: String {
    allCases.map { status in
      let number = String(status.rawValue)
      return String(repeating: " ", count: 3 - number.count) + number + "  " + status.meaning
    }.joined(separator: "\n")
  }
}

/// Why the program ends before its work: a sentence, and the status.
package struct Failure: Error {
  package var status: ExitStatus
  package var sentence: String

  package init(status: ExitStatus, sentence: String) {
    self.status = status
    self.sentence = sentence
  }

  package static func usage(_ sentence: String) -> Failure { Failure(status: .usage, sentence: sentence) }
}

extension Failure {
  /// nil for an error that is told elsewhere.
  package init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as ConnectionSettingsError: self = .usage("\(error).")
    default: return nil
    }
  }
}
