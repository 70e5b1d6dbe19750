package import AuditArchive
package import AuditRecord
package import AuditReport
package import ExportConfiguration

/// The result of `status`.
package struct StatusResult: CommandResult {
  package let manifest: Manifest
  /// Newest first.
  package let commits: [Commit]
  /// Newest first.
  package let runs: [RecentRun]
  /// Files that the manifest lists and that are missing or have another size.
  package let damaged: [Finding]
  /// The table that the archive is; nil if it is none.
  package let table: TableState?
  /// The first time that the archive lacks, and when the API deletes it. nil if that is far away.
  package let loss: (lacking: Timestamp, lostAt: Timestamp)?
  /// The present time.
  package let now: Timestamp
  /// Whether the text lists every day.
  package let listsDays: Bool
  package let style: TerminalStyle
  /// Which files are damaged, and how to repair them. nil if none is.
  package let failure: Failure?

  package init(
    manifest: Manifest, commits: [Commit], runs: [RecentRun], damaged: [Finding], table: TableState?,
    loss: (lacking: Timestamp, lostAt: Timestamp)?, now: Timestamp, listsDays: Bool, style: TerminalStyle,
    failure: Failure?
  ) {
    self.manifest = manifest
    self.commits = commits
    self.runs = runs
    self.damaged = damaged
    self.table = table
    self.loss = loss
    self.now = now
    self.listsDays = listsDays
    self.style = style
    self.failure = failure
  }

  // MARK: - Text

  package var isColored: Bool { true }

  package var text: String {
    StatusPage(
      manifest: manifest, runs: runs, damaged: damaged, table: table, loss: loss, now: now,
      listsDays: listsDays,
      style: style
    ).text
  }

  // MARK: - JSON

  package var document: any Encodable {
    Document(
      status: status.word, exitStatus: status.rawValue, damaged: damaged.map(\.description),
      table: table.map(TableMember.init), manifest: manifest,
      highWaterMarkLagSeconds: (now - manifest.highWaterMark).seconds,
      lastCommits: commits, lastRuns: runs.map(Document.Run.init),
      retentionLoss: loss.map {
        Document.Loss(lackingFrom: $0.lacking.description, keptUntil: $0.lostAt.description)
      })
  }

  private struct Document: Encodable {
    struct Run: Encodable {
      var firstCommit: Int
      var lastCommit: Int
      var committedAt: String
      var rowsAdded: Int
      var eventsReceived: Int
      var lateEvents: Int
      var requests: Int
      var complete: Bool

      init(_ run: RecentRun) {
        firstCommit = run.commits.lowerBound
        lastCommit = run.commits.upperBound
        committedAt = run.committedAt.description
        rowsAdded = run.rowsAdded
        eventsReceived = run.eventsReceived
        lateEvents = run.lateEvents
        requests = run.requests
        complete = run.isComplete
      }
    }

    struct Loss: Encodable {
      var lackingFrom: String
      var keptUntil: String
    }

    var status: String
    var exitStatus: Int32
    var damaged: [String]
    var table: TableMember?
    var manifest: Manifest
    var highWaterMarkLagSeconds: Double
    var lastCommits: [Commit]
    var lastRuns: [Run]
    var retentionLoss: Loss?
  }
}
