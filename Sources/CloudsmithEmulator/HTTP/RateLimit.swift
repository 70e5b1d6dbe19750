package import AuditRecord

/// So many requests in a window of time that begins with the first of them.
package struct RateLimit: Sendable, Hashable {
  package let limit: Int
  package let window: TimeSpan
  private var start: Timestamp?
  private var used = 0

  package init(limit: Int, window: TimeSpan) {
    self.limit = limit
    self.window = window
  }

  /// Counts one request; false when the window has no room for it.
  package mutating func take(at now: Timestamp) -> Bool {
    begin(at: now)
    guard used < limit else { return false }
    used += 1
    return true
  }

  /// Another user of the same key makes so many requests.
  package mutating func spend(_ requests: Int, at now: Timestamp) {
    begin(at: now)
    used = min(limit, used + requests)
  }

  private mutating func begin(at now: Timestamp) {
    if let start, now < start + window, start <= now { return }
    start = now
    used = 0
  }

  package func remaining(at now: Timestamp) -> Int {
    end(at: now) == nil ? limit : limit - used
  }

  private func end(at now: Timestamp) -> Timestamp? {
    start.flatMap { now < $0 + window ? $0 + window : nil }
  }

  /// UTC seconds since 1970 at which the window ends, rounded up.
  package func reset(at now: Timestamp) -> Int64 {
    let end = end(at: now) ?? now + window
    return -(-end.microseconds).flooredDivision(by: 1_000_000).quotient
  }

  /// Seconds that a client is advised to wait before the next request: what is left of the window, shared out.
  package func interval(at now: Timestamp) -> Double {
    ((end(at: now) ?? now + window) - now).seconds / Double(remaining(at: now) + 1)
  }

  /// Adds the four fields that every answer of the API carries.
  func describe(at now: Timestamp, in headers: inout HTTPFields) {
    headers["X-RateLimit-Limit"] = String(limit)
    headers["X-RateLimit-Remaining"] = String(remaining(at: now))
    headers["X-RateLimit-Reset"] = String(reset(at: now))
    headers["X-RateLimit-Interval"] = String(interval(at: now))
  }

  /// The answer to a request that the window has no room for.
  func refusal(at now: Timestamp) -> EmulatedResponse {
    let seconds = Int(interval(at: now).rounded(.up))
    var response = EmulatedResponse(
      status: 429, detail: "Request was throttled. Expected available in \(seconds).0 seconds.")
    response.headers["Retry-After"] = String(seconds)
    return response
  }

  /// The answer of `/rates/limits/`.
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
