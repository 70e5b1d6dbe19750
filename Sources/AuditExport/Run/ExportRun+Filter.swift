import AuditArchive
import AuditRecord
import CloudsmithAPI

/// The way to an old window through the API's own time filter.
extension ExportRun {
  /// Fetches a window through the time filter, where that is asked for or saves requests, and commits its days; the
  /// filter has to be measured to work, and what it shows to be as much as it counts.
  ///
  /// - Returns: what of the window is to be fetched in another way; nil when all is done.
  mutating func fetchFiltered(_ window: Window) async throws -> Window? {
    guard let verdict = try await filterVerdict(for: window), verdict.isUsable else { return window }
    var stretches = FilteredStretches(window)
    while let stretch = stretches.next {
      var walk = FilteredWalk()
      let doubt = try await read(&walk, verdict.query(for: stretch), stretch)
      if let doubt {
        observe(.filterGivenUp(doubt))
        return Window(from: window.from, to: stretch.to)
      }
      try await commitComplete(stretch)
      stretches.finish(pages: walk.pages)
    }
    return nil
  }

  /// nil when the window is to be reached in another way, and there is no need to know.
  private mutating func filterVerdict(for window: Window) async throws -> FilterVerdict? {
    guard settings.timeFilter == .filter || settings.timeFilter == .auto else { return nil }
    if head == nil { head = try await read(1) }
    guard let head else { return nil }
    if settings.timeFilter == .auto {
      // What a replacement does not receive is deleted: that takes the way that assumes least.
      guard plan.replaced == nil, FilterProbe.pays(for: window, below: head) else { return nil }
    }
    if let filterVerdict { return filterVerdict }
    let verdict = try await probe(head)
    filterVerdict = verdict
    counters.filterVerdict = verdict.rawValue
    observe(.filterJudged(verdict))
    return verdict
  }

  private mutating func probe(_ head: PageView) async throws -> FilterVerdict {
    var probe = FilterProbe(head)
    while true {
      let answer: FilterAnswer
      switch probe.next {
      case .judged(let verdict): return verdict
      case .ask(let query): answer = try await ask(pages(of: query), 1)
      case .count(let query): answer = try await ask(pages(of: query, size: 1), 1)
      }
      switch answer {
      case .page(let page): probe.receive(PageView(page))
      case .refused: probe.receiveRefusal()
      case .pastTheEnd, .nothing: probe.receiveNothing()
      }
    }
  }

  /// Reads all of what the filter shows of a stretch; what it returns keeps the stretch from being claimed.
  private mutating func read(
    _ walk: inout FilteredWalk, _ query: FilterQuery, _ stretch: Window
  ) async throws -> PageWalk.Doubt? {
    let pages = pages(of: query)
    var pagesLeft = 0
    defer { pages.stop() }
    while case .read(let number) = walk.next {
      switch try await ask(pages, number, expecting: pagesLeft) {
      case .page(let page):
        pagesLeft = (page.pagination.pageTotal ?? 0) - number - 1
        try await collect(page)
        counters.timeFilter = "filter"
        walk.receive(PageView(page))
        observe(
          .page(
            ExportEvent.Progress(
              page: number, pagesInList: page.pagination.pageTotal,
              events: eventsReceived, reached: stretch.to,
              span: stretch)))
      case .pastTheEnd: walk.receivePastTheEnd()
      case .refused, .nothing: return .filterFailed
      }
    }
    if case .finished(.unproven(let doubt)) = walk.next { return doubt }
    return nil
  }

  private enum FilterAnswer {
    case page(Page)
    case pastTheEnd
    /// The API will not have the query.
    case refused
    /// After all tries. The way without the filter may still be open.
    case nothing
  }

  private func pages(of query: FilterQuery, size: Int? = nil) -> PagesAhead {
    PagesAhead(
      client, size: size ?? settings.pageSize, query: query.text(with: settings.query),
      limit: settings.maxConcurrentRequests)
  }

  private mutating func ask(
    _ pages: PagesAhead, _ number: Int, expecting more: Int = 0
  ) async throws(APIError) -> FilterAnswer {
    if Task.isCancelled { throw .cancelled }
    defer { countRequests() }
    do {
      switch try await pages.page(number, expecting: more) {
      case .page(let page): return .page(page)
      case .pastTheEnd: return .pastTheEnd
      }
    } catch {
      switch error {
      case .requestRefused: return .refused
      case .notFound, .unavailable: return .nothing
      case .keyRefused, .planWithoutAuditLog, .waitTooLong, .unsafe, .cancelled: throw error
      }
    }
  }
}
