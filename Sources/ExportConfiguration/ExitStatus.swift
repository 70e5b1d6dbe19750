import HTTP

/// The exit statuses: one for each reaction that a script may want.
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

  /// What the status means, for help and the manual page.
  package var meaning: String {
    switch self {
    case .done: "done (also: nothing new)"
    case .failed: "failed; the message says why and what to do"
    case .damaged: "the archive is damaged"
    case .incomplete: "incomplete; what was fetched is kept; run again"
    case .quarantined: "done, but unreadable records were put into quarantine"
    case .noArchive: "no archive"
    case .locked: "another run holds the lock, or this run lost it"
    case .keyRefused: "key refused (401, 403)"
    case .notFound: "organization or repository not found (404)"
    case .planWithoutAuditLog: "the plan has no audit log (402)"
    case .usage: "usage: the command line or the settings are invalid"
    case .storage: "storage: disk full, no permission, I/O error"
    case .unavailable: "the API was unreachable or kept failing; run again"
    case .interrupted: "interrupted; completed days are kept"
    }
  }

  /// From best to worst, for a run of several logs: nothing to do, fixed by another run, needs a person, broken, and interrupted
  /// before all logs were started.
  private static let order: [ExitStatus] = [
    .done, .quarantined, .incomplete, .unavailable, .locked, .noArchive, .notFound, .planWithoutAuditLog,
    .keyRefused, .usage, .failed, .storage, .damaged, .interrupted,
  ]

  /// The numbers from best to worst, for help: `0, 4, 3, …`.
  package static var inOrder: String { order.map { String($0.rawValue) }.joined(separator: ", ") }

  /// Whether this status is worse than another, in the order for several logs.
  package func worse(than other: ExitStatus) -> Bool {
    let order = ExitStatus.order
    return (order.firstIndex(of: self) ?? order.endIndex) > (order.firstIndex(of: other) ?? order.endIndex)
  }

  /// The word for the status in JSON output. Scripts rely on it.
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

  /// All statuses with their meanings, one per line, for help.
  package static var table: String {
    allCases.map { status in
      let number = String(status.rawValue)
      return String(repeating: " ", count: 3 - number.count) + number + "  " + status.meaning
    }.joined(separator: "\n")
  }
}

/// Why a command failed: the message for the user, and the exit status.
package struct Failure: Error {
  package var status: ExitStatus
  /// The message: complete sentences, without a heading such as `error:`.
  package var sentence: String

  package init(status: ExitStatus, sentence: String) {
    self.status = status
    self.sentence = sentence
  }

  /// A failure with the status `usage`.
  package static func usage(_ sentence: String) -> Failure { Failure(status: .usage, sentence: sentence) }
}

extension Failure {
  /// The failure for an error that a command may throw. nil for any other error.
  package init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as ConnectionSettingsError: self = .usage("\(error).")
    default: return nil
    }
  }
}
