package import AuditArchive
package import AuditRecord

/// All that stands in a report.
package struct ReportContent {
  /// What a verification of the archive found.
  package enum Verification {
    /// It was not asked for.
    case skipped
    /// Sound: what was looked at, in words.
    case sound(checked: [(what: String, count: String)])
    /// Not sound.
    case damaged(
      checked: [(what: String, count: String)], findings: [(kind: String, path: String, sentence: String)])
  }

  package var manifest: Manifest
  /// Only what lies in it is counted and shown; nil: everything.
  package var window: Window?
  package var tally: EventTally
  /// Days whose rows could not be read, and so are not counted, and why.
  package var unread: [(day: Day, why: String)]
  package var verification: Verification
  /// Newest first.
  package var runs: [RecentRun]
  package var loss: (lacking: Timestamp, lostAt: Timestamp)?
  /// When the report was made.
  package var now: Timestamp
  /// Such as `cloudsmith-audit-export 1.0.0`.
  package var maker: String

  package init(
    manifest: Manifest, window: Window?, tally: EventTally, unread: [(day: Day, why: String)],
    verification: Verification, runs: [RecentRun], loss: (lacking: Timestamp, lostAt: Timestamp)?,
    now: Timestamp, maker: String
  ) {
    self.manifest = manifest
    self.window = window
    self.tally = tally
    self.unread = unread
    self.verification = verification
    self.runs = runs
    self.loss = loss
    self.now = now
    self.maker = maker
  }
}
