package import AuditRecord

/// A limit on the requests in a window of time. The first request opens the window.
package struct RateLimit: Sendable, Hashable {
  /// The most requests in a window.
  package let limit: Int
  /// The length of a window.
  package let window: TimeSpan
  private var start: Timestamp?
  private var used = 0

  package init(limit: Int, window: TimeSpan) {
    self.limit = limit
    self.window = window
  }

  /// Counts one request. Returns false if the limit is reached.
  package mutating func take(at now: Timestamp) -> Bool {
    begin(at: now)
    guard used < limit else { return false }
    used += 1
    return true
  }

  /// Counts requests that another user of the same key makes.
  package mutating func spend(_ requests: Int, at now: Timestamp) {
    begin(at: now)
    used = min(limit, used + requests)
  }

  private mutating func begin(at now: Timestamp) {
    if let start, now < start + window, start <= now { return }
    start = now
    used = 0
  }

  /// The number of requests left in the window.
  package func remaining(at now: Timestamp) -> Int {
    end(at: now) == nil ? limit : limit - used
  }

  private func end(at now: Timestamp) -> Timestamp? {
    start.flatMap { now < $0 + window ? $0 + window : nil }
  }

  /// The end of the window in seconds since 1970 (UTC), rounded up.
  package func reset(at now: Timestamp) -> Int64 {
    let end = end(at: now) ?? now + window
    return -(-end.microseconds).flooredDivision(by: 1_000_000).quotient
  }

  /// The advised pause before the next request in seconds: the rest of the window, divided by the requests left plus one.
  package func interval(at now: Timestamp) -> Double {
    ((end(at: now) ?? now + window) - now).seconds / Double(remaining(at: now) + 1)
  }

  /// Adds the four `X-RateLimit-*` fields that every response of the API has.
  func describe(at now: Timestamp, in headers: inout HTTPFields) {
    headers["X-RateLimit-Limit"] = String(limit)
    headers["X-RateLimit-Remaining"] = String(remaining(at: now))
    headers["X-RateLimit-Reset"] = String(reset(at: now))
    headers["X-RateLimit-Interval"] = String(interval(at: now))
  }

  /// The 429 response to a request over the limit.
  func refusal(at now: Timestamp) -> EmulatedResponse {
    let seconds = Int(interval(at: now).rounded(.up))
    var response = EmulatedResponse(
      status: 429, detail: "Request was throttled. Expected available in \(seconds).0 seconds.")
    response.headers["Retry-After"] = String(seconds)
    return response
  }

  /// The response of `/rates/limits/`.
  func report(at now: Timestamp) -> EmulatedResponse {
    let reset = reset(at: now)
    let left = remaining(at: now)
    return EmulatedResponse(
      json: Array(
        """
        {"resources": {"core": {"interval": \(interval(at: now)), "limit": \(limit), "remaining": \(left), \
        "reset": \(reset), "reset_iso_8601": "\(Timestamp(microseconds: reset * 1_000_000))", \
        "throttled": \(left == 0)}}}
        """.utf8))
  }
}
