package import AuditExport
package import AuditRecord
package import CloudsmithAPI
package import ExportConfiguration

/// Messages about the completeness of the log: what could not be proven, and what the API's time filter does.
extension Messages {
  /// The run ended, and part of its window is not proven to be complete.
  package func incomplete(_ doubt: IncompleteReason) -> Failure {
    let advice =
      switch doubt {
      case .vanished:
        """
        The received events are archived, and nothing new counts as covered. Check that the key's account may still read the audit log \
        (Manager or Owner) and that audit logging is on; if the search index is being rebuilt, run again later. If the events are \
        gone for good, accept that with --from, --to and --replace.
        """
      case .replacementUncounted:
        """
        Nothing was changed, because events that the API left out cannot be distinguished from events that are gone. To drop the \
        rows anyway, add --allow-mass-removal.
        """
      case .replacementTooLarge:
        """
        Nothing was changed. Check that the key's account may still read the whole audit log. To drop the rows anyway, add \
        --allow-mass-removal.
        """
      case .overlap, .uncounted, .headDiffers, .endedEarly, .shrinkingEnd, .listShrank, .unconfirmedEnd,
        .roundCount, .refused, .short, .outrun,
        .pageSizeChanged, .unreconciled, .filterFailed:
        continuation("All received events are kept, and only what was proven counts as covered. Run again.")
      }
    return Failure(
      status: .incomplete,
      sentence: "The audit log of '\(log)' could not be proven complete: \(words(for: doubt)). \(advice)"
    )
  }

  /// What `check` found out about the API's time filter. Starts in lowercase and has no full stop at the end.
  package func sentence(on finding: TimeFilterFinding) -> String {
    let words =
      switch finding {
      case .counts: "counts as many events as the list"
      case .ignored: "has no effect"
      case .refused: "is refused"
      case .differs: "counts a different number of events than the list"
      }
    return "the API's time filter \(words); a run uses it only where the API refuses deep pages"
  }

  /// Why completeness is not proven. Starts in lowercase and has no full stop at the end.
  package func words(for doubt: IncompleteReason) -> String {
    switch doubt {
    case .overlap(let page, let expected?, let found):
      "page \(page) repeats \(found) events of earlier pages, but the list grew by \(expected)"
    case .overlap(let page, nil, let found):
      "page \(page) repeats \(found) events of earlier pages, and the API does not report how much the list grew"
    case .uncounted(let page, let missing) where missing > 0:
      "the position of page \(page) in the list implies \(missing) more earlier events than were received"
    case .uncounted(let page, let missing):
      "the position of page \(page) in the list implies \(-missing) fewer earlier events than were received"
    case .headDiffers(let missing):
      "the first page, read again, does not contain \(missing) events that later pages imply"
    case .endedEarly(let page): "the list ended before page \(page), which the API had announced"
    case .shrinkingEnd(let before?, let now?):
      "the list ends after \(now) events, but had \(before) a moment ago"
    case .shrinkingEnd: "the list no longer reaches events that it contained a moment ago"
    case .listShrank(let before, let now):
      "the list has \(now) events, but had \(before) a moment ago"
    case .unconfirmedEnd(let page):
      "the list ends after page \(page), which is full, and the API does not report the number of events"
    case .roundCount(let count):
      "the list ends after exactly \(count) events, so it may have been cut off"
    case .refused(let page): "the API refuses page \(page) and all later pages"
    case .short(let page, let expected, let found):
      "page \(page) has \(found) events, but its count and page size imply \(expected)"
    case .outrun(let page):
      "the list grows as fast as it is read: up to page \(page) no older events appeared"
    case .pageSizeChanged(let before, let now):
      "the page size changed from \(before) to \(now) while the list was read"
    case .unreconciled(let expected?, let found):
      "the API reports \(expected) events in a list, but returned \(found)"
    case .unreconciled(nil, let found):
      "the API returned \(found) events in a list, and does not report how many there are"
    case .filterFailed: "the API refuses its time filter, or its responses contradict each other"
    case .vanished(let missing, let all):
      "the API no longer returns \(missing) of \(all) archived events that were looked up"
    case .replacementTooLarge(let dropped, let all):
      "the API no longer returns \(dropped) of the \(all) archived events in the window"
    case .replacementUncounted(let dropped):
      "the API did not return \(dropped) archived events, and does not report how many there are"
    }
  }
}

/// What a user should know about a plan before the run starts.
package enum PlanMessages {
  /// The message for a note of a plan.
  package static func sentence(_ note: ExportPlan.Note, log: LogName, archive: String) -> String {
    switch note {
    case .beginsNow(let time):
      """
      There was no archive of '\(log)' in \(quoted(archive)), so a new one begins now, \(time), without past events. If one should \
      exist, check --archive and that its volume is mounted; with --existing a run never creates one. To include past events, pass \
      --backfill-start-time, such as 2024-01-01T00:00:00Z.
      """
    case .startMovedBack(let before, let now):
      "The archive of '\(log)' now begins at \(now) instead of \(before). This run fills the gap."
    case .laterStartIgnored(let asked, let start):
      "--backfill-start-time \(asked) has no effect: the archive of '\(log)' already begins at \(start)."
    case .beyondReach(let window, let retention):
      """
      The time from \(window.from) to \(window.to) is older than the \(retention) that Cloudsmith keeps (--retention), so it does \
      not count as covered.
      """
    case .nothingShown(let window):
      """
      The API shows no events from \(window.from) to \(window.to), and none that are older. They may have expired, so this period \
      does not count as covered.
      """
    case .coverageInFuture(let window):
      """
      The archive of '\(log)' claims to cover \(window.from) to \(window.to), which is in the future: a clock was ahead. This run \
      drops all coverage after the newest archived event, and reads that time again.
      """
    case .noWholeDay:
      "No day in the window is over yet (--whole-days), so there is nothing to export."
    case .notSettled(let window):
      """
      Events from \(window.from) on may still arrive late. This run exports what is there now, and the next incremental run covers \
      that time.
      """
    case .nothingYet(let time):
      "There is nothing to fetch before \(time): newer events have not settled yet (--settle)."
    }
  }
}
