import AuditArchive
import AuditRecord

/// One log's part in a run of the program, whatever became of it, as those see it who watch from outside.
struct LogRun: Sendable {
  let log: LogName
  /// nil when the settings do not name one.
  let archive: ArchiveLocation?
  /// How long the API keeps events.
  let retention: TimeSpan
  /// By the API's clock, where this machine's differs from it.
  var began: Timestamp
  let duration: TimeSpan
  let status: ExitStatus
  /// What a person reads about it, on one line or more.
  let text: String
  /// Of what was done; all zero where nothing was begun.
  var counters = RunCounters()
  var pagesReceived = 0
  var commits = 0

  var ended: Timestamp { began + duration }
}
