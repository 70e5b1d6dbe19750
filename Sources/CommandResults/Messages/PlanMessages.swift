package import AuditExport
package import AuditRecord
import ExportConfiguration

/// What a person should know of a plan.
package enum PlanMessages {
  package static func sentence(_ note: ExportPlan.Note, log: LogName, archive: String) -> String {
    switch note {
    case .beginsNow(let time):
      """
      There was no archive of '\(log)' in \(quoted(archive)): a new one begins now, \(time), without any past event. If there \
      should be one, check --archive and that its volume is mounted; with --existing a run never makes a new one. To begin one on \
      purpose, give --backfill-start-time, such as 2024-01-01T00:00:00Z: it fetches the past too.
      """
    case .startMovedBack(let before, let now):
      "The archive of '\(log)' now begins at \(now) instead of \(before); the gap is filled by this run."
    case .laterStartIgnored(let asked, let start):
      "--backfill-start-time \(asked) changes nothing: the archive of '\(log)' begins at \(start) already."
    case .beyondReach(let window, let retention):
      """
      From \(window.from) to \(window.to) lies beyond the \(retention) that Cloudsmith keeps (--retention): nothing there is \
      claimed as covered.
      """
    case .nothingShown(let window):
      """
      The API shows no event from \(window.from) to \(window.to), and none that is older: they may be gone from the plan's log, so \
      nothing there is claimed as covered.
      """
    case .coverageInFuture(let window):
      """
      The archive of '\(log)' claims to cover \(window.from) to \(window.to), which has not happened yet: a clock was \
      ahead. All that is claimed since the newest archived event is withdrawn, and read again.
      """
    case .noWholeDay:
      "No day in the window is over (--whole-days): nothing to export yet."
    case .notSettled(let window):
      """
      Events from \(window.from) on may still be written late: what is there now is exported, and the next incremental run \
      covers it.
      """
    case .nothingYet(let time):
      "Nothing to fetch before \(time): the newest edge is left alone until it has settled (--settle)."
    }
  }
}
