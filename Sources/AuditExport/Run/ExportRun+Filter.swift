import AuditArchive
import AuditRecord
import CloudsmithAPI

/// The way to an old window through the API's own time filter.
extension ExportRun {
  /// Fetches a window through the time filter, if the filter's answers agree with each other.
  ///
  /// - Parameter commits: whether days are committed as they become complete.
  /// - Returns: the parts of the window of which every event has been received.
  mutating func fetchFiltered(_ window: Window, commits: Bool) async throws -> Coverage {
    var proven = Coverage()
    var stretches = FilteredStretches(window)
    while let stretch = stretches.next {
      var walk = FilteredWalk(stretch, known: head?.pagination.count)
      if let reason = try await read(&walk, stretch) {
        observe(.filterGivenUp(reason))
        if proven.isEmpty { committer.counters.timeFilter = nil }
        break
      }
      proven.insert(stretch)
      if commits { try await committer.commitComplete(stretch) }
      stretches.finish(pages: walk.pages)
    }
    return proven
  }

  /// Fetches parts of a window through the time filter once more.
  ///
  /// - Returns: the parts of which every event has been received in both readings.
  mutating func fetchFilteredAgain(_ parts: Coverage) async throws -> Coverage {
    var proven = Coverage()
    for part in parts.intervals.reversed() {
      for again in try await fetchFiltered(part, commits: false).intervals { proven.insert(again) }
    }
    return proven
  }

  /// Reads all that the filter shows of a stretch.
  ///
  /// - Returns: why the stretch is not claimed; nil if it is complete.
  private mutating func read(
    _ walk: inout FilteredWalk, _ stretch: Window
  ) async throws -> IncompleteReason? {
    while true {
      let query: FilterQuery
      let (number, size): (Int, Int)
      switch walk.next {
      case .finished(.unproven(let reason)): return reason
      case .finished: return nil
      case .count(let filter): (query, number, size) = (filter, 1, 1)
      case .read(let page, let filter): (query, number, size) = (filter, page, settings.pageSize)
      }
      switch try await fetcher.answer(to: query, page: number, size: size, counting: &committer.counters) {
      case .page(let page):
        let view = try await committer.collect(page)
        committer.counters.timeFilter = "filter"
        walk.receive(view)
        report(number, page.pagination, reached: stretch.to, stretch)
      case .pastTheEnd: walk.receivePastTheEnd()
      case .refused: walk.receiveRefusal()
      }
    }
  }
}

/// The stretches in which a window is fetched through the time filter, newest first.
///
/// A stretch is whole days. It is short enough that a run which stops loses little, and long enough that quiet days do not
/// cost a request each. No I/O.
struct FilteredStretches: Sendable {
  /// The stretch to fetch; nil when the window is done.
  private(set) var next: Window?
  private let window: Window
  private var days: Int64 = 1

  /// Pages that a stretch should have: after fewer the days double, after more than four times as many they halve.
  static let pages = 4

  init(_ window: Window) {
    self.window = window
    next = stretch(before: window.to)
  }

  /// Goes on to the stretch before `next`, which took so many pages.
  mutating func finish(pages: Int) {
    guard let done = next else { return }
    if pages < FilteredStretches.pages { days *= 2 }
    if pages > 4 * FilteredStretches.pages { days = max(1, days / 2) }
    next = stretch(before: done.from)
  }

  private func stretch(before end: Timestamp) -> Window? {
    guard window.from < end else { return nil }
    let last = Day(containing: Timestamp(microseconds: end.microseconds - 1))
    let first = Day(number: last.number - days + 1)
    return Window(from: max(window.from, first.start), to: end)
  }
}
