/// Why a run does not claim what it has read.
package enum IncompleteReason: Hashable, Sendable {
  /// A page repeats more than the list grew by, or the list became shorter; nil where the answer gave no count.
  case overlap(page: Int, expected: Int?, found: Int)
  /// The list has more events above this place than were received, or fewer, and its growth does not explain it.
  case uncounted(page: Int, missing: Int)
  /// The first page, read once more, does not show what the pages after it prove to be there.
  case headDiffers(missing: Int)
  /// The list ended before the page that the page before it had announced.
  case endedEarly(page: Int)
  /// The list ends, but it had more events a moment ago; nil where the answers do not say how many.
  case shrinkingEnd(from: Int?, to: Int?)
  /// More than one event in ten disappeared from the list while it was read.
  case listShrank(from: Int, to: Int)
  /// The list ends after a full page, and the answers do not say how long it is: it may have been cut there.
  case unconfirmedEnd(page: Int)
  /// The list ends at a round number of events, as lists do that are cut there.
  case roundCount(Int)
  /// The API refuses pages from this one on.
  case refused(page: Int)
  /// A page has another number of records than its own count and size say.
  case short(page: Int, expected: Int, found: Int)
  /// The list grew by a page or more before each of many requests, so that nothing older came into sight.
  case outrun(page: Int)
  /// The page size in force changed while the list was read.
  case pageSizeChanged(from: Int, to: Int)
  /// The list, or what the time filter shows of it, does not have the distinct records that it counts; nil where the
  /// answer gave no count.
  case unreconciled(expected: Int?, found: Int)
  /// The time filter is refused or not answered.
  case filterFailed
  /// Events that the archive holds are no longer shown: so many of those that were looked for.
  case vanished(missing: Int, of: Int)
  /// A replacement would drop more than half of the rows that the archive holds of its window.
  case replacementTooLarge(dropped: Int, of: Int)
  /// A replacement would drop rows, and the answers do not say how many events there are: nothing shows that all were received.
  case replacementUncounted(dropped: Int)

  /// Whether it contradicts what was read before, and not only ends the reading.
  package var refutesClaims: Bool {
    switch self {
    case .uncounted, .headDiffers, .listShrank, .vanished: true
    case .overlap, .endedEarly, .shrinkingEnd, .unconfirmedEnd, .roundCount, .refused, .short, .outrun,
      .pageSizeChanged, .unreconciled, .filterFailed, .replacementTooLarge, .replacementUncounted:
      false
    }
  }
}
