package import AuditExport
package import AuditRecord
package import CloudsmithAPI
package import ExportConfiguration

/// Messages about completeness.
extension Messages {
  package func incomplete(_ doubt: IncompleteReason) -> Failure {
    let advice =
      switch doubt {
      case .vanished:
        """
        Events received were archived, and nothing new is claimed as covered. Check that the key's account may still read the \
        audit log (Manager or Owner) and that audit logging is on; if the search index is being rebuilt, run again later. If the \
        events are gone for good, accept that with --from, --to and --replace.
        """
      case .replacementUncounted:
        """
        Nothing was changed: events that the answers leave out cannot be told from events that are gone. To drop the rows all the \
        same, add --allow-mass-removal.
        """
      case .replacementTooLarge:
        """
        Nothing was changed. Check that the key's account may still read the whole audit log; to drop the rows all the same, \
        add --allow-mass-removal.
        """
      case .overlap, .uncounted, .headDiffers, .endedEarly, .shrinkingEnd, .listShrank, .unconfirmedEnd,
        .roundCount, .refused, .short, .outrun,
        .pageSizeChanged, .unreconciled, .filterFailed:
        "All events received are kept, and only what was proven is claimed as covered. Run again."
      }
    return Failure(
      status: .incomplete,
      sentence: "The audit log of '\(log)' could not be shown to be complete: \(words(for: doubt)). \(advice)"
    )
  }

  /// What was found of the API's time filter.
  package func sentence(on finding: TimeFilterFinding) -> String {
    let words =
      switch finding {
      case .counts: "counts what the list has"
      case .ignored: "has no effect"
      case .refused: "is refused"
      case .differs: "counts other events than the list has"
      }
    return "the API's time filter \(words); a run uses it only where the API refuses pages far down the list"
  }

  package func words(for doubt: IncompleteReason) -> String {
    switch doubt {
    case .overlap(let page, let expected?, let found):
      "page \(page) repeats \(found) events of the pages before it where the list grew by \(expected)"
    case .overlap(let page, nil, let found):
      "page \(page) repeats \(found) events of the pages before it and the API does not say how the list grew"
    case .uncounted(let page, let missing) where missing > 0:
      "by its place in the list, page \(page) has \(missing) more events above it than were received"
    case .uncounted(let page, let missing):
      "by its place in the list, page \(page) has \(-missing) fewer events above it than were received"
    case .headDiffers(let missing):
      "the first page, read again, does not account for \(missing) events that later pages show to be there"
    case .endedEarly(let page): "the list ended before page \(page), which had been announced"
    case .shrinkingEnd(let before?, let now?):
      "the list ends at \(now) events, and counted \(before) a moment ago"
    case .shrinkingEnd: "the list ends above events that it showed a moment ago"
    case .listShrank(let before, let now):
      "the list counts \(now) events, and counted \(before) a moment ago"
    case .unconfirmedEnd(let page):
      "the list ends after page \(page), which is full, and the API does not say how many events there are"
    case .roundCount(let count):
      "the list ends at exactly \(count) events, where it may have been cut"
    case .refused(let page): "the API refuses page \(page) and those after it"
    case .short(let page, let expected, let found):
      "page \(page) has \(found) events where its own count and size say \(expected)"
    case .outrun(let page):
      "the list grows as fast as it is read: up to page \(page) nothing older came into sight"
    case .pageSizeChanged(let before, let now):
      "the page size changed from \(before) to \(now) while the list was read"
    case .unreconciled(let expected?, let found):
      "the API counts \(expected) events in a list, and showed \(found)"
    case .unreconciled(nil, let found):
      "the API showed \(found) events in a list, and does not say how many there are"
    case .filterFailed: "the API's time filter is refused, or its answers contradict each other"
    case .vanished(let missing, let all):
      "of \(all) archived events that were looked for, the API no longer shows \(missing)"
    case .replacementTooLarge(let dropped, let all):
      "the API no longer shows \(dropped) of the \(all) events that the archive holds of the window"
    case .replacementUncounted(let dropped):
      "the API did not show \(dropped) events that the archive holds, and does not say how many there are"
    }
  }
}

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
