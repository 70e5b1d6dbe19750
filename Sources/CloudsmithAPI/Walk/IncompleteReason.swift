/// Why a run does not claim a window that it has read. Messages for users are made elsewhere.
package enum IncompleteReason: Hashable, Sendable {
  /// A page repeats more records than the list grew by, or the list became shorter. `expected` is the growth; nil without
  /// counts.
  case overlap(page: Int, expected: Int?, found: Int)
  /// The list has more events above this page than were received, or fewer, and its growth does not explain it.
  case uncounted(page: Int, missing: Int)
  /// The head of the list, read again, does not show events that later pages prove to exist.
  case headDiffers(missing: Int)
  /// The list ended, although the page before announced this page.
  case endedEarly(page: Int)
  /// The list ends, but it had more events a moment ago. Nil where the answers do not count them.
  case shrinkingEnd(from: Int?, to: Int?)
  /// More than one event in ten disappeared from the list while it was read.
  case listShrank(from: Int, to: Int)
  /// The list ends after a full page, and the answers do not count it: it may have been cut there.
  case unconfirmedEnd(page: Int)
  /// The list ends at a round number of events: it may have been cut there.
  case roundCount(Int)
  /// The API refuses pages from this one on.
  case refused(page: Int)
  /// A page has another number of records than its own fields say.
  case short(page: Int, expected: Int, found: Int)
  /// The list grew by a page or more before each of many requests, so no older event was shown.
  case outrun(page: Int)
  /// The page size changed while the list was read.
  case pageSizeChanged(from: Int, to: Int)
  /// The list, or the part that the time filter shows, does not have as many distinct records as it counts. Nil without a
  /// count.
  case unreconciled(expected: Int?, found: Int)
  /// The API refuses the time filter or does not answer it.
  case filterFailed
  /// The list no longer shows `missing` of the `of` archived events that it must still have.
  case vanished(missing: Int, of: Int)
  /// A replacement would drop more than half of the archived rows of its window.
  case replacementTooLarge(dropped: Int, of: Int)
  /// A replacement would drop rows, and the answers do not count the list: nothing shows that all events were received.
  case replacementUncounted(dropped: Int)

  /// Whether the reason is evidence against earlier claims, not only an end of the reading.
  package var refutesClaims: Bool {
    switch self {
    case .uncounted, .headDiffers, .listShrank, .vanished: true
    case .overlap, .endedEarly, .shrinkingEnd, .unconfirmedEnd, .roundCount, .refused, .short, .outrun,
      .pageSizeChanged, .unreconciled, .filterFailed, .replacementTooLarge, .replacementUncounted:
      false
    }
  }
}
