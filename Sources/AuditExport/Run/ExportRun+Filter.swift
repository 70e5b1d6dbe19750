import AuditArchive
import AuditRecord
import CloudsmithAPI

/// The way to an old window through the API's own time filter.
extension ExportRun {
  /// Fetches a window through the time filter, as far as its answers agree with each other, and commits its days.
  ///
  /// - Returns: what of the window has been received as a whole.
  mutating func fetchFiltered(_ window: Window, commits: Bool) async throws -> Coverage {
    var proven = Coverage()
    var stretches = FilteredStretches(window)
    while let stretch = stretches.next {
      var walk = FilteredWalk(stretch, known: head?.pagination.count)
      if let reason = try await read(&walk, stretch) {
        observe(.filterGivenUp(reason))
        if proven.isEmpty { counters.timeFilter = nil }
        break
      }
      proven.insert(stretch)
      if commits { try await commitComplete(stretch) }
      stretches.finish(pages: walk.pages)
    }
    return proven
  }

  /// Reads all of what the filter shows of a stretch; what it returns keeps the stretch from being claimed.
  private mutating func read(
    _ walk: inout FilteredWalk, _ stretch: Window
  ) async throws -> IncompleteReason? {
    while true {
      let answer: FilterAnswer
      let number: Int
      switch walk.next {
      case .finished(.unproven(let reason)): return reason
      case .finished: return nil
      case .count(let query):
        number = 1
        answer = try await ask(query, 1, size: 1)
      case .read(let page, let query):
        number = page
        answer = try await ask(query, page, size: settings.pageSize)
      }
      switch answer {
      case .page(let page):
        let view = try await collect(page)
        counters.timeFilter = "filter"
        walk.receive(view)
        observe(
          .page(
            ExportEvent.Progress(
              page: number, pagesInList: page.pagination.pageTotal, events: eventsReceived,
              reached: stretch.to,
              span: stretch)))
      case .pastTheEnd: walk.receivePastTheEnd()
      case .refused: walk.receiveRefusal()
      }
    }
  }

  private enum FilterAnswer {
    case page(Page)
    case pastTheEnd
    /// The API will not have the query, or does not answer it after all attempts. The way without the filter may be open.
    case refused
  }

  private mutating func ask(
    _ query: FilterQuery, _ number: Int, size: Int
  ) async throws(APIError) -> FilterAnswer {
    if Task.isCancelled { throw .cancelled }
    defer { countRequests() }
    do {
      switch try await client.page(number, size: size, query: query.text(with: settings.query)) {
      case .page(let page):
        countEvents(of: page)
        return .page(page)
      case .pastTheEnd: return .pastTheEnd
      }
    } catch {
      switch error {
      case .requestRefused, .notFound, .unavailable: return .refused
      case .keyRefused, .planWithoutAuditLog, .waitTooLong, .unsafe, .cancelled: throw error
      }
    }
  }
}

/// The pieces in which a window is fetched through the time filter, newest first: whole days, and each so many that
/// losing one, when the run is stopped, is no great loss, and that quiet days do not cost a request each.
struct FilteredStretches: Sendable {
  /// nil when the window is done.
  private(set) var next: Window?
  private let window: Window
  private var days: Int64 = 1

  /// A stretch of fewer pages is followed by one of twice the days, one of more than four times as many by one of half.
  static let pages = 4

  init(_ window: Window) {
    self.window = window
    next = stretch(before: window.to)
  }

  /// Takes note that `next` is fetched, and took so many pages.
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
