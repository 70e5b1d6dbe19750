package import AuditRecord

/// Decides when a run commits the days that it has staged.
///
/// Every commit writes the whole manifest anew, so days share one. What a run that is killed loses is bounded all the same: by
/// the time since its last commit, and by the text that has been staged since.
package struct CommitSchedule: Sendable {
  /// Time from one commit to the next, on the clock that only grows.
  package static let interval = TimeSpan.seconds(30)
  /// Bytes of rows as text, staged since the last commit.
  package static let textLimit = 64 << 20

  private let limit: Int
  private var lastCommit: TimeSpan
  private var stagedText = 0

  /// - Parameter elapsed: when the run began.
  package init(at elapsed: TimeSpan, textLimit: Int = CommitSchedule.textLimit) {
    lastCommit = elapsed
    limit = textLimit
  }

  /// Takes note of a day that has been staged.
  package mutating func stage(textBytes: Int) { stagedText += textBytes }

  /// Takes note of a commit.
  package mutating func commit(at elapsed: TimeSpan) {
    lastCommit = elapsed
    stagedText = 0
  }

  /// Whether what is staged is to be committed now.
  package func isDue(at elapsed: TimeSpan) -> Bool {
    stagedText >= limit || elapsed - lastCommit >= CommitSchedule.interval
  }
}
