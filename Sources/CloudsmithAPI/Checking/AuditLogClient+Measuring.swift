package import AuditRecord

extension AuditLogClient {
  /// Measures what the API makes of bounds on `event_at`: at most `FilterProbe.requestLimit` requests.
  ///
  /// - Parameter held: the newest page of the list, read just now.
  /// - Returns: nil when the page has too little on it to tell, and nothing was asked.
  package func measureTimeFilter(_ held: PageView, query: String? = nil) async throws(APIError)
    -> FilterVerdict?
  {
    var probe = FilterProbe(held)
    if case .judged = probe.next { return nil }
    while true {
      let asked: (query: FilterQuery, size: Int)
      switch probe.next {
      case .judged(let verdict): return verdict
      case .ask(let query): asked = (query, held.pagination.pageSize ?? 500)
      case .count(let query): asked = (query, 1)
      }
      do {
        switch try await page(1, size: asked.size, query: asked.query.text(with: query)) {
        case .page(let page): probe.receive(PageView(page))
        case .pastTheEnd: probe.receiveNothing()
        }
      } catch {
        switch error {
        case .requestRefused: probe.receiveRefusal()
        // Without the filter the log was there: what fails is the filter.
        case .notFound, .unavailable: probe.receiveNothing()
        case .keyRefused, .planWithoutAuditLog, .waitTooLong, .unsafe, .cancelled: throw error
        }
      }
    }
  }

  /// The oldest event that the list shows; nil for an empty list. A request, or two where the list shrinks meanwhile.
  ///
  /// - Parameter first: the newest page of the list, read just now.
  package func oldestEvent(below first: PageView, query: String? = nil) async throws(APIError) -> Timestamp? {
    var ends = ListEnds(first)
    while let number = ends.next {
      switch try await page(number, size: first.pagination.pageSize ?? 500, query: query) {
      case .page(let page): ends.receive(PageView(page), number: number)
      case .pastTheEnd: ends.receive(nil, number: number)
      }
    }
    return ends.oldest
  }
}
