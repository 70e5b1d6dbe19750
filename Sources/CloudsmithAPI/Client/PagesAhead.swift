internal import Synchronization

/// Pages of one list, several in flight at once, handed out in the order in which they are asked for.
///
/// The answers come in any order, and one asked for ahead can show the list as it was before the page above it was
/// read: `Seam` tells such pages by their count.
package final class PagesAhead: Sendable {
  private typealias Flight = Task<Result<PageOutcome, APIError>, Never>

  private let client: AuditLogClient
  private let size: Int
  private let query: String?
  private let limit: Int
  private let flights = Mutex<[Int: Flight]>([:])

  /// - Parameters:
  ///   - size: records a page.
  ///   - limit: requests in flight at once, from 1.
  package init(_ client: AuditLogClient, size: Int, query: String?, limit: Int) {
    self.client = client
    self.size = size
    self.query = query
    self.limit = limit
  }

  deinit { stop() }

  /// One page, from 1. The `more` pages after it are expected to be asked for next; of them as many are asked for ahead
  /// as may be in flight. Those that were asked for earlier and are not expected any more are given up.
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

  /// Gives up what is in flight.
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
