package import AuditArchive
package import AuditRecord
package import CloudsmithAPI

/// The report of a run, complete or not. Rows and commits that it counts are in the archive.
package struct ExportSummary: Sendable {
  /// How a run ended.
  package enum Outcome: Sendable {
    /// Every window of the plan is archived.
    case complete
    /// The list could not be shown to be complete. Received events are archived without a claim.
    case incomplete(IncompleteReason)
    /// An error of the API stopped the run.
    case stoppedByAPI(APIError)
    /// The run took longer than this limit, and stopped as after a signal.
    case overdue(TimeSpan)
    /// The requested window is in the future by the API's clock. Nothing was fetched.
    case requestInFuture(Timestamp, now: Timestamp)
    /// An error of the archive stopped the run.
    case stoppedByArchive(ArchiveError)
  }

  /// The plan of the run.
  package var plan: ExportPlan
  package var outcome: Outcome
  /// The counters of all commits of the run, added up, and what was requested and received since the last commit.
  package var counters: RunCounters
  /// Pages received, including those that were read again.
  package var pagesReceived = 0
  /// Numbers of the commits written, oldest first.
  package var commits: [Int] = []
  /// Days with a new revision, oldest first.
  package var daysWritten: [Day] = []
  /// Rows that a replacement dropped, because the API no longer shows them.
  package var rowsDropped = 0
  /// The end of the coverage that the run proved and leaves to a later run to record; nil if it recorded all.
  package var unrecordedEnd: Timestamp?
  /// Days that stay as they are, because their archived rows cannot be read. Oldest first.
  package var damagedDays: [Day] = []
  /// The manifest after the run; nil if the archive has no commit yet.
  package var manifest: Manifest?
  /// Whether the archive has missing or altered files that this run did not replace.
  package var isDamaged = false
  /// Missing and altered files that were found when the archive was opened and that this run did not replace.
  package var damagedFiles: [Finding] = []
  /// Why commits could not be appended to the table; nil if they were, or if the archive is no table.
  package var tableObstacle: TableObstacle?
  /// Records that a killed run put in quarantine and may not have reported.
  package var unreportedQuarantined = 0
  /// By how much this machine's clock is ahead of the API's; negative if it is behind, zero within `clockTolerance`.
  package var clockLead = TimeSpan.zero
  /// Whether the API's answers had a time. If not, the run used this machine's clock.
  package var isClockTold = true
  /// Whether nothing was claimed because the list showed no event at all.
  package var isNothingVisible = false

  /// The difference between clocks that is ignored: `Date` has whole seconds, and an answer takes time.
  package static let clockTolerance = TimeSpan.minutes(2)

  /// Whether the API answered all requests of the run.
  package var hasAnswers: Bool {
    switch outcome {
    case .complete, .incomplete: true
    case .stoppedByAPI, .stoppedByArchive, .requestInFuture, .overdue: false
    }
  }

  /// See `Manifest.loss(after:now:)`.
  package func loss(after retention: TimeSpan, now: Timestamp) -> (lacking: Timestamp, lostAt: Timestamp)? {
    manifest?.loss(after: retention, now: now)
  }
}

extension ExportSummary {
  /// The summary of a run that ended before the archive was opened.
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

extension ExportSettings.Request {
  /// The latest instant of the request if it is in the future; nil otherwise.
  ///
  /// - Parameter now: the time by the API's clock.
  package func future(now: Timestamp) -> Timestamp? {
    let latest =
      switch self {
      case .incremental(let start): start ?? .earliest
      case .window(let window, _): window.to
      }
    return latest > now + ExportSummary.clockTolerance ? latest : nil
  }
}

extension Manifest {
  /// The first instant that the archive lacks, and when it expires from the API. Nil unless it expires soon: within a
  /// quarter of the retention.
  package func loss(after retention: TimeSpan, now: Timestamp) -> (lacking: Timestamp, lostAt: Timestamp)? {
    let lacking = self.highWaterMark
    let lostAt = lacking + retention
    guard lostAt > now, lostAt - now < TimeSpan(microseconds: retention.microseconds / 4) else { return nil }
    return (lacking, lostAt)
  }
}

/// Progress of a run, for its observer.
package enum ExportEvent: Sendable {
  case planned(ExportPlan)
  /// A page has been read.
  case page(Progress)
  /// Pages are read again, because the list changed in a way that its count does not explain.
  case rereading(IncompleteReason)
  /// The answers of the time filter could not be reconciled. The run seeks the rest of the window.
  case filterGivenUp(IncompleteReason)
  /// A commit was made: its days are in the archive.
  case committed(Commit)
  /// Archived days were converted to the formats of this run.
  case converted([Day])
  /// The archived rows of a day cannot be read. The day stays as it is.
  case damaged(Day, ArchiveError)

  /// How far a walk has come.
  package struct Progress: Hashable, Sendable {
    /// The page that was read, from 1.
    package var page: Int
    /// Pages of the list, as the API counts them; nil if it does not.
    package var pagesInList: Int?
    /// Events received so far.
    package var events: Int
    /// The oldest instant down to which the list is known to be complete; nil if nothing is known.
    package var reached: Timestamp?
    /// The span that the walk has to cover.
    package var span: Window
  }
}

extension ExportEvent {
  /// Whether the event reports a commit.
  package var isCommit: Bool {
    switch self {
    case .committed, .converted: true
    case .planned, .page, .rereading, .filterGivenUp, .damaged: false
    }
  }
}
