internal import Synchronization

/// Fetches pages of one list ahead, several at once, and returns them in the order in which they are asked for.
///
/// Answers arrive in any order. A page fetched ahead may show the list as it was before the page above it was read; `Seam`
/// recognises such pages by their count.
package final class PagesAhead: Sendable {
  private typealias Flight = Task<Result<PageOutcome, APIError>, Never>

  private let client: AuditLogClient
  private let size: Int
  private let query: String?
  private let limit: Int
  private let flights = Mutex<[Int: Flight]>([:])

  /// - Parameters:
  ///   - size: the most records per page.
  ///   - limit: the most requests in flight at once, at least 1.
  package init(_ client: AuditLogClient, size: Int, query: String?, limit: Int) {
    self.client = client
    self.size = size
    self.query = query
    self.limit = limit
  }

  deinit { stop() }

  /// Fetches one page, and requests as many of the `more` pages after it ahead as the limit allows. Cancels requests for
  /// other pages.
  ///
  /// - Throws: the `APIError` of this page. Errors of pages requested ahead surface when their turn comes.
  package func page(_ number: Int, expecting more: Int = 0) async throws(APIError) -> PageOutcome {
    guard limit > 1 else { return try await client.page(number, size: size, query: query) }
    let flight = depart(number, number + max(0, min(more, limit - 1)))
    let landed = await withTaskCancellationHandler {
      await flight.value
    } onCancel: {
      flight.cancel()
    }
    return try landed.get()
  }

  /// Cancels all requests in flight.
  package func stop() {
    flights.withLock { flights in
      for flight in flights.values { flight.cancel() }
      flights = [:]
    }
  }

  private func depart(_ number: Int, _ last: Int) -> Flight {
    flights.withLock { flights in
      for (page, flight) in flights where page < number || page > last { flight.cancel() }
      flights = flights.filter { (number...last).contains($0.key) }
      let first = flights.removeValue(forKey: number) ?? launch(number)
      for page in number..<last where flights[page + 1] == nil { flights[page + 1] = launch(page + 1) }
      return first
    }
  }

  private func launch(_ number: Int) -> Flight {
    Flight { [client, size, query] in
      do throws(APIError) {
        return .success(try await client.page(number, size: size, query: query))
      } catch {
        return .failure(error)
      }
    }
  }
}
