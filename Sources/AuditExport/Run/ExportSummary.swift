package import AuditArchive
package import AuditRecord
package import CloudsmithAPI

/// What a run did, whether it came to its end or not. Everything it counts is in the archive.
package struct ExportSummary: Sendable {
  package enum Outcome: Sendable {
    /// All of the plan is archived.
    case complete
    /// The list could not be shown to be complete; what was received is archived, without a claim.
    case incomplete(IncompleteReason)
    /// The API ended the run.
    case stoppedByAPI(APIError)
    /// The window asked for lies in the future, by the API's clock.
    case requestInFuture(Timestamp, now: Timestamp)
    /// The archive ended the run.
    case stoppedByArchive(ArchiveError)
  }

  package var plan: ExportPlan
  package var outcome: Outcome
  /// The counters of all commits of the run, added up; of what was not committed, what was received.
  package var counters: RunCounters
  /// Pages of the list that the run received, those that were read again too.
  package var pagesReceived = 0
  /// Commits written, oldest first.
  package var commits: [Int] = []
  /// Days with a new revision, oldest first.
  package var daysWritten: [Day] = []
  /// Rows that a replacement dropped because the API no longer shows them.
  package var rowsDropped = 0
  /// Days that were left as they are because what is archived cannot be read.
  package var damagedDays: [Day] = []
  /// The state after the run; nil if the archive has no commit yet.
  package var manifest: Manifest?
  /// Whether the archive has files that are missing or altered, and that this run did not replace.
  package var isDamaged = false
  /// Those that were found when the archive was opened, and that this run did not replace.
  package var damagedFiles: [Finding] = []
  /// Records that a run which was killed stored in quarantine, and that nobody may have been told of.
  package var untoldQuarantined = 0
  /// By how much this machine's clock is ahead of the API's, or below zero behind it, where that is more than
  /// `clockTolerance`; else zero.
  package var clockLead = TimeSpan.zero
  /// Whether the API's answers tell the time; else this machine's clock counted.
  package var isClockTold = true
  /// Whether the list showed no event at all, so that nothing was claimed.
  package var isNothingVisible = false

  /// `Date` is to the second, and an answer can take a while.
  package static let clockTolerance = TimeSpan.minutes(2)

  /// Whether the API answered what the run asked.
  package var hasAnswers: Bool {
    switch outcome {
    case .complete, .incomplete: true
    case .stoppedByAPI, .stoppedByArchive, .requestInFuture: false
    }
  }

  /// See `Manifest.loss(after:now:)`.
  package func loss(after retention: TimeSpan, now: Timestamp) -> (lacking: Timestamp, lostAt: Timestamp)? {
    manifest?.loss(after: retention, now: now)
  }
}

extension ExportSummary {
  /// Of a run that ended before an archive was begun.
  package init(
    _ settings: ExportSettings, endedBy outcome: Outcome, after client: ClientCounters, now: Timestamp
  ) {
    self.init(
      plan: ExportPlan(settings, standing: nil, now: now), outcome: outcome,
      counters: RunCounters())
    counters.requests = client.requests
    counters.retries = client.retries
    counters.secondsWaited = client.waited.seconds
  }
}

extension Manifest {
  /// The first instant that the archive lacks, and when the API stops keeping it, where that is near: less than a
  /// quarter of the retention away. nil when there is time.
  package func loss(after retention: TimeSpan, now: Timestamp) -> (lacking: Timestamp, lostAt: Timestamp)? {
    let lacking = self.highWaterMark
    let lostAt = lacking + retention
    guard lostAt > now, lostAt - now < TimeSpan(microseconds: retention.microseconds / 4) else { return nil }
    return (lacking, lostAt)
  }
}

/// What a run tells whoever watches it.
package enum ExportEvent: Sendable {
  case planned(ExportPlan)
  /// A page has been read.
  case page(Progress)
  /// Pages are read again, because the list shifted in a way that its count does not explain.
  case rereading(IncompleteReason)
  /// What the time filter shows could not be reconciled; the rest of the window is sought.
  case filterGivenUp(IncompleteReason)
  /// Days are in the archive now.
  case committed(Commit)
  /// Days that the archive had are in it in the formats that are asked for now.
  case converted([Day])
  /// What the archive holds of a day cannot be read; the day is left as it is.
  case damaged(Day, ArchiveError)

  /// How far a walk is.
  package struct Progress: Hashable, Sendable {
    package var page: Int
    /// Pages in the list, as the API counts them.
    package var pagesInList: Int?
    /// Events received so far.
    package var events: Int
    /// The oldest instant reached.
    package var reached: Timestamp?
    /// The span the walk has to cover.
    package var span: Window
  }
}

extension ExportEvent {
  /// Whether a commit has just been made.
  package var isCommit: Bool {
    switch self {
    case .committed, .converted: true
    case .planned, .page, .rereading, .filterGivenUp, .damaged: false
    }
  }
}
