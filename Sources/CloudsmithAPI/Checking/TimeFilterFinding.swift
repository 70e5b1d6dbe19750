package import AuditRecord

/// What the API makes of a bound on `event_at` in a query.
package enum TimeFilterFinding: Hashable, Sendable {
  /// It counts as many events before an instant as the list has there.
  case counts
  /// It has no effect.
  case ignored
  /// The API refuses the query, or does not answer it.
  case refused
  /// It counts another number of events than the list has.
  case differs
}

extension AuditLogClient {
  /// Asks how many events lie before an instant of the newest page, and compares: one request.
  ///
  /// - Parameter held: the newest page of the list, read just now.
  /// - Returns: nil when the page has too little on it to tell, and nothing was asked.
  package func measureTimeFilter(
    _ held: PageView, query: String? = nil
  ) async throws(APIError) -> TimeFilterFinding? {
    let instants = Set(held.records.compactMap(\.time)).sorted(by: >)
    guard held.isNewestFirst, let total = held.pagination.count, instants.count >= 3 else { return nil }
    let cut = instants[instants.count / 2]
    let asked = FilterQuery(to: cut)
    do {
      guard case .page(let page) = try await page(1, size: 1, query: asked.text(with: query)),
        let count = page.pagination.count
      else { return .refused }
      // Events may arrive between the two requests.
      if count >= total { return .ignored }
      let below = total - held.records.count { $0.time.map { $0 >= cut } ?? true }
      return count == below ? .counts : .differs
    } catch {
      switch error {
      // Without the filter the log was there: what fails is the filter.
      case .requestRefused, .notFound, .unavailable: return .refused
      case .keyRefused, .planWithoutAuditLog, .waitTooLong, .unsafe, .cancelled: throw error
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
