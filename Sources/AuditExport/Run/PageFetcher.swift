import AuditArchive
import AuditRecord
import CloudsmithAPI
import HTTP

/// The answer to a request for a page.
enum PageAnswer<Content> {
  case page(Content)
  case pastTheEnd
  /// The API refuses this page or query for good, and still answers others.
  case refused
}

/// Asks for pages, and counts what was requested, received and waited for.
///
/// Counts go to the `RunCounters` of the next commit, which the caller passes in. A page counts as soon as it arrives,
/// whatever becomes of it.
struct PageFetcher: ~Copyable {
  private let client: AuditLogClient
  private let pages: PagesAhead
  private let query: String?
  /// The client's counters when they were added last.
  private var counted: ClientCounters
  /// Pages of the list received, including those that were read again.
  private(set) var pagesReceived = 0
  /// Events received, including those of pages that were read again.
  private(set) var eventsReceived = 0

  init(_ settings: ExportSettings, _ time: RunTime) {
    client = time.client
    pages = PagesAhead(
      client, size: settings.pageSize, query: settings.query, limit: settings.maxConcurrentRequests)
    query = settings.query
    counted = ClientCounters(now: time.clock.now, elapsed: time.began)
  }

  // MARK: - Pages of the list

  /// Fetches one page of the list; nil past its end.
  ///
  /// - Parameter more: how many pages after it are likely to be asked for next; they are requested ahead.
  mutating func page(
    _ number: Int, expecting more: Int = 0, counting counters: inout RunCounters
  ) async throws(APIError) -> Page? {
    if Task.isCancelled { throw .cancelled }
    defer { countRequests(&counters) }
    guard case .page(let page) = try await pages.page(number, expecting: more) else { return nil }
    countEvents(of: page, &counters)
    return page
  }

  /// Fetches one page of the list, and takes an error for a refusal if the API may mean that the page lies too far down.
  mutating func answer(
    to number: Int, expecting more: Int, counting counters: inout RunCounters
  ) async throws(APIError) -> PageAnswer<Page> {
    do {
      return try await page(number, expecting: more, counting: &counters).map { .page($0) } ?? .pastTheEnd
    } catch {
      guard number > 1, error.mayMeanTooDeep else { throw error }
      // An API that is down does not answer its first page either.
      if case .requestRefused = error { return .refused }
      _ = try await page(1, counting: &counters)
      return .refused
    }
  }

  /// Cancels the requests that are in flight.
  func stop() { pages.stop() }

  // MARK: - Other requests

  /// Fetches one page of what the time filter shows. An error that may be the filter's own is a refusal: the list may
  /// still be read without it.
  mutating func answer(
    to filter: FilterQuery, page number: Int, size: Int, counting counters: inout RunCounters
  ) async throws(APIError) -> PageAnswer<Page> {
    if Task.isCancelled { throw .cancelled }
    defer { countRequests(&counters) }
    do {
      switch try await client.page(number, size: size, query: filter.text(with: query)) {
      case .page(let page):
        countEvents(of: page, &counters)
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

  /// Asks for one event and drops it, so that a wrong key or name fails now.
  func probe() async throws(APIError) {
    _ = try await client.page(1, size: 1, query: query)
  }

  /// Whether the API shows that the account may read the log: there is an event without the search term, or the account has
  /// a role that may. Up to three requests.
  func isLogReadable() async throws(APIError) -> Bool {
    if query != nil, case .page(let page) = try await client.page(1, size: 1), page.parsed.recordCount > 0 {
      return true
    }
    return try await client.mayReadAuditLog()
  }

  // MARK: - Counters

  /// Adds the requests, retries and waits since the last call.
  mutating func countRequests(_ counters: inout RunCounters) {
    let now = client.counters
    counters.requests += now.requests - counted.requests
    counters.retries += now.retries - counted.retries
    counters.secondsWaited += now.waited.seconds - counted.waited.seconds
    counted = now
  }

  private mutating func countEvents(of page: Page, _ counters: inout RunCounters) {
    pagesReceived += 1
    counters.eventsReceived += page.parsed.recordCount
    eventsReceived += page.parsed.recordCount
  }
}

/// The times that a run goes by. Windows, claims and commits follow the API's clock; intervals follow this machine's.
struct RunTime: Sendable {
  let client: AuditLogClient
  let clock: any RunClock
  /// When the run began, on the clock that only grows.
  let began: TimeSpan

  init(_ client: AuditLogClient, _ clock: any RunClock) {
    self.client = client
    self.clock = clock
    began = clock.elapsed
  }

  /// The API's clock, as known from its answers so far.
  var answers: AnswerClock { client.counters.clock }
  /// Now, by the API's clock.
  var now: Timestamp { client.now }
  /// When the run began, by the API's clock.
  var start: Timestamp { answers.now(at: began) }
  /// On the clock that only grows.
  var elapsed: TimeSpan { clock.elapsed }
}

extension APIError {
  /// Whether an API that still answers its first page may mean by this error that a page lies too far down.
  fileprivate var mayMeanTooDeep: Bool {
    switch self {
    case .requestRefused, .unavailable(.status, _), .unavailable(.transport(.timedOut), _): true
    case .keyRefused, .notFound, .planWithoutAuditLog, .unavailable, .waitTooLong, .unsafe, .cancelled: false
    }
  }
}
