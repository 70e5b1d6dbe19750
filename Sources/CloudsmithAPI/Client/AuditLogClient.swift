package import AuditRecord
package import HTTP
internal import Synchronization

/// Fetches pages of one audit log: paced, retried, checked and parsed.
///
/// Safe to call from several tasks at once. All requests share one set of counters, and one pace and rate limit: those of the key, which
/// other clients may use, too.
package final class AuditLogClient: Sendable {
  private let log: LogName
  private let origin: Origin
  private let key: APIKey
  private let transport: any APITransport
  private let clock: any RunClock
  private let retry: RetryPolicy
  private let random: @Sendable () -> Double
  private let observe: @Sendable (ClientEvent) -> Void
  private let pace: SharedPace.Member
  private let state: Mutex<State>
  /// Idle parsers, which have learned the order of members. There are as many as pages were ever parsed at once.
  private let parsers = Mutex<[EventParser]>([])

  private struct State {
    var counters: ClientCounters
    /// No request of this client starts before this time, because the API asked for a wait that is not for the key's limit.
    var heldUntil = TimeSpan.zero
  }

  /// - Parameters:
  ///   - host: the only host that receives the key.
  ///   - transport: sends one request at a time for each caller; it neither retries nor follows redirects.
  ///   - reserve: the share of the rate limit that `.auto` leaves to others.
  ///   - shared: the pace of the key, if other clients may use the key; its clock must be `clock`.
  ///   - random: returns numbers from 0 to below 1, for jitter.
  ///   - observe: called on the task that asks for the page. It should return quickly.
  package init(
    log: LogName, host: APIHost, key: APIKey, transport: any APITransport,
    clock: any RunClock = SystemClock(),
    pace: PaceRule = .perSecond(1), reserve: RateReserve = .fifth, shared: SharedPace? = nil,
    retry: RetryPolicy = RetryPolicy(),
    random: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
    observe: @escaping @Sendable (ClientEvent) -> Void = { _ in }
  ) {
    self.log = log
    self.origin = host.origin
    self.key = key
    self.transport = transport
    self.clock = clock
    self.retry = retry
    self.random = random
    self.observe = observe
    self.pace = (shared ?? SharedPace(clock: clock)).member(pace, reserve)
    self.state = Mutex(State(counters: ClientCounters(now: clock.now, elapsed: clock.elapsed)))
  }

  /// The organisation that owns the log.
  var organization: String { log.organization.description }

  /// A snapshot of what the client has done so far.
  package var counters: ClientCounters { state.withLock(\.counters) }

  /// Fetches one page. Waits for the pace and the rate limit, and retries; the error is final.
  ///
  /// If an answer exceeds the limits, the page is read in parts (`PageParts`).
  ///
  /// - Parameters:
  ///   - number: from 1.
  ///   - size: the most records; the API allows up to 500.
  ///   - query: a search query, not percent-encoded.
  /// - Throws: `APIError`; `.cancelled` promptly when the task is cancelled.
  package func page(
    _ number: Int, size: Int = 500, query: String? = nil
  ) async throws(APIError) -> PageOutcome {
    switch try await answer(number, size: size, query: query) {
    case .outcome(let outcome): return outcome
    case .tooLarge(let unsafe, let answer):
      observe(.tooLarge(page: number, size: size, unsafe))
      var parts = PageParts(page: number, size: size, answer)
      while case .read(let page, let size, let recordLength) = parts.next {
        switch try await self.answer(
          page, size: size, query: query, recordLength: recordLength, measuresBody: size == 1)
        {
        case .outcome(.page(let page)): parts.receive(page)
        case .outcome(.pastTheEnd): parts.receivePastTheEnd()
        case .tooLarge(_, let answer): parts.receiveTooLarge(answer)
        }
      }
      guard parts.next == .finished else { throw .unsafe(unsafe) }
      return parts.outcome()
    }
  }

  private enum PageAnswer {
    case outcome(PageOutcome)
    case tooLarge(UnsafeResponse, OversizedAnswer)
  }

  private func answer(
    _ number: Int, size: Int, query: String?, recordLength: Int? = nil, measuresBody: Bool = false
  ) async throws(APIError) -> PageAnswer {
    let target = AuditLogRequest(log: log, page: number, pageSize: size, query: query).target
    var answer = PageAnswer.outcome(.pastTheEnd)
    let tooLarge = { answer = .tooLarge($0, $1) }
    try await fetch(target, page: number, measuresBody: measuresBody, tooLarge: tooLarge) { response in
      switch read(response, page: number, size: size, recordLength: recordLength) {
      case .page(let page): answer = .outcome(.page(page))
      case .fault(let fault): return fault
      }
      return nil
    }
    return answer
  }

  /// Sends a request until its answer is final, and hands an answer of status 200 to `receive`. A fault that `receive` returns
  /// is retried like any other.
  ///
  /// - Parameters:
  ///   - target: path and query.
  ///   - page: for events, and for the meaning of a 404: after the first page it is no error, and `receive` is not called.
  ///   - measuresBody: see `APIRequest`.
  ///   - tooLarge: takes an answer that exceeds the limits. Without it, such an answer is an error.
  func fetch(
    _ target: String, page: Int, measuresBody: Bool = false,
    tooLarge: ((UnsafeResponse, OversizedAnswer) -> Void)? = nil,
    receive: (APIResponse) -> RetryableError?
  ) async throws(APIError) {
    var request = APIRequest(origin: origin, target: target, key: key)
    request.measuresBody = measuresBody
    var attempt = 1
    var redirects = 0
    var waited = TimeSpan.zero
    while true {
      try await takeTurn(waited: &waited)
      switch try await exchange(request, page: page, receive) {
      case .received:
        return
      case .tooLarge(let unsafe, let answer):
        guard let tooLarge else { throw .unsafe(unsafe) }
        return tooLarge(unsafe, answer)
      case .redirect(let location):
        switch Redirect(to: location, from: request, followed: redirects) {
        case .refuse(let unsafe): throw .unsafe(unsafe)
        case .follow(let target): request.target = target
        }
        redirects += 1
      case .fault(let fault, let asked):
        try await prepareRetry(after: fault, asked: asked, attempt: attempt, waited: &waited)
        attempt += 1
        redirects = 0
        request.target = target
      }
    }
  }

  /// A text of the response as one printable line without the key; nil if nothing is left.
  func printable(_ text: String, of response: APIResponse) -> String? {
    Answer.oneLine(text, limit: 80, hiding: [key, response.token].compactMap(\.self))
  }

  private enum Exchange {
    /// `receive` took the answer, or the page lies past the end of the list.
    case received
    case tooLarge(UnsafeResponse, OversizedAnswer)
    case redirect(location: String?)
    case fault(RetryableError, asked: TimeSpan?)
  }

  private enum Reading {
    case page(Page)
    case fault(RetryableError)
  }

  /// Sends one request, and decides what its answer or failure means.
  private func exchange(
    _ request: APIRequest, page: Int, _ receive: (APIResponse) -> RetryableError?
  ) async throws(APIError) -> Exchange {
    let start = clock.elapsed
    let response: APIResponse
    do {
      response = try await transport.get(request)
    } catch {
      ended(nil)
      switch error {
      case .cancelled: throw .cancelled
      case .untrusted(let cause): throw .unsafe(.certificate(cause))
      case .proxyRefused(let cause): throw .unsafe(.proxy(cause))
      case .bodyTooLarge(let limit, let answer): return .tooLarge(.bodyTooLarge(limit: limit), answer)
      case .inflatedTooFar(let ratio, let answer): return .tooLarge(.inflation(ratio: ratio), answer)
      case .unreachable, .interrupted, .timedOut, .undecodable: return .fault(.transport(error), asked: nil)
      }
    }
    ended(RateLimit(response.headers, now: clock.now))
    readClock(of: response)
    observe(
      .responded(
        page: page, status: response.status, bytes: response.body.count, took: clock.elapsed - start))
    switch ResponseVerdict(response, page: page, key: key, now: clock.now) {
    case .body: return receive(response).map { .fault($0, asked: nil) } ?? .received
    case .pastTheEnd: return .received
    case .redirect(let location): return .redirect(location: location)
    case .refused(let error): throw error
    case .retry(let fault, let asked): return .fault(fault, asked: asked)
    }
  }

  private func read(_ response: APIResponse, page: Int, size: Int, recordLength: Int?) -> Reading {
    let pagination = Pagination(response.headers)
    if let answered = pagination.page, answered != page {
      return .fault(.wrongPage(asked: page, answered: answered))
    }
    var parser = parsers.withLock { $0.popLast() } ?? EventParser()
    defer { parsers.withLock { $0.append(parser) } }
    do {
      let parsed = try parser.parse(response.body, recordLength: recordLength)
      return .page(Page(number: page, requestedSize: size, parsed: parsed, pagination: pagination))
    } catch {
      return .fault(.page(error))
    }
  }

  /// Returns when the pace lets this request start; it counts as started then.
  private func takeTurn(waited: inout TimeSpan) async throws(APIError) {
    // Before joining the queue, where the wait would hold up other clients.
    let held = state.withLock(\.heldUntil) - clock.elapsed
    if held > .zero {
      try admit(held, after: waited)
      try await wait(held, .rateLimit)
      waited = waited + held
    }
    let ticket = pace.join()
    while true {
      if Task.isCancelled {
        pace.leave(ticket)
        throw .cancelled
      }
      let (action, asked) = pace.ask(ticket)
      switch action {
      case .go:
        state.withLock { $0.counters.requests += 1 }
        return
      case .wait(let span, let reason):
        do throws(APIError) {
          if reason == .rateLimit { try admit(asked, after: waited) }
          try await wait(span, reason)
        } catch {
          pace.leave(ticket)
          throw error
        }
        if reason == .rateLimit { waited = waited + asked }
      }
    }
  }

  private func admit(_ asked: TimeSpan, after waited: TimeSpan) throws(APIError) {
    guard waited + asked <= retry.maxWait else {
      throw .waitTooLong(WaitRefusal(asked: asked, waited: waited, limit: retry.maxWait))
    }
  }

  private func prepareRetry(
    after fault: RetryableError, asked: TimeSpan?, attempt: Int, waited: inout TimeSpan
  ) async throws(APIError) {
    switch retry.next(afterTry: attempt, asked: asked, waited: waited, random: random()) {
    case .giveUp: throw .unavailable(fault, attempts: attempt)
    case .refuseToWait(let span):
      throw .waitTooLong(WaitRefusal(asked: span, waited: waited, limit: retry.maxWait))
    case .obey(let span): hold(for: span, because: fault)
    case .backOff(let span, let asked):
      hold(for: asked, because: fault)
      waited = waited + asked
      try await wait(span, .backoff)
    }
    state.withLock { $0.counters.retries += 1 }
    observe(.retrying(attempt: attempt + 1, of: retry.attempts, fault))
  }

  /// Lets no request start for a while. A wait for the key's limit (429) holds all clients of the key, any other only this one.
  private func hold(for span: TimeSpan, because fault: RetryableError) {
    var isOfKey = pace.isAlone
    if case .status(let answer) = fault, answer.status == 429 { isOfKey = true }
    guard !isOfKey else { return pace.hold(for: span) }
    let end = clock.elapsed + span
    state.withLock { $0.heldUntil = max($0.heldUntil, end) }
  }

  private func wait(_ span: TimeSpan, _ reason: WaitReason) async throws(APIError) {
    observe(.waiting(span, reason))
    do {
      try await clock.sleep(for: span)
    } catch {
      throw .cancelled
    }
    state.withLock { $0.counters.waited = $0.counters.waited + span }
  }

  private func readClock(of response: APIResponse) {
    let (now, elapsed) = (clock.now, clock.elapsed)
    let (date, age) = (response.headers.date, response.headers.age)
    state.withLock { state in
      state.counters.clock.receive(date: date, age: age, now: now, elapsed: elapsed)
      if let date { state.counters.clockLead = now - date - (age ?? .zero) }
    }
  }

  /// The time by the API's clock. See `AnswerClock`.
  package var now: Timestamp { state.withLock { $0.counters.clock.now(at: clock.elapsed) } }

  private func ended(_ rate: RateLimit?) {
    pace.ended(rate)
    if let rate { state.withLock { $0.counters.rateLimit = rate } }
  }
}
