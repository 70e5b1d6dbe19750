package import AuditRecord

/// How the API treats a bound on `event_at` in a query.
package enum TimeFilterFinding: Hashable, Sendable {
  /// The filter counts as many events before an instant as the list has.
  case counts
  /// The filter has no effect.
  case ignored
  /// The API refuses the query, or does not answer it.
  case refused
  /// The filter counts another number of events than the list has.
  case differs
}

extension AuditLogClient {
  /// Asks how many events lie before an instant of the first page, and compares the count with the list. One request.
  ///
  /// - Parameter held: page 1, read just now without the filter.
  /// - Returns: nil without a request if the page has too few distinct times to decide.
  /// - Throws: `APIError`, unless the filter may be its cause.
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
      // Events may have arrived between the two requests.
      if count >= total { return .ignored }
      let below = total - held.records.count { $0.time.map { $0 >= cut } ?? true }
      return count == below ? .counts : .differs
    } catch {
      switch error {
      // The log answered without the filter, so the filter is the cause.
      case .requestRefused, .notFound, .unavailable: return .refused
      case .keyRefused, .planWithoutAuditLog, .waitTooLong, .unsafe, .cancelled: throw error
      }
    }
  }

  /// The time of the oldest event that the list shows; nil for an empty list. Usually one request; about forty if the list's
  /// own total is wrong.
  ///
  /// - Parameter first: page 1, read just now.
  /// - Throws: `APIError`, as `page` does.
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
