package import AuditRecord

/// What an answer tells about the key's allowance (`X-RateLimit-*`), as spans from its arrival.
package struct RateLimit: Hashable, Sendable {
  /// Requests an hour.
  package var limit: Int?
  package var remaining: Int?
  /// Until the allowance is full again.
  package var resetsIn: TimeSpan?
  /// The pause before the next request that the API suggests.
  package var interval: TimeSpan?

  package init(
    limit: Int? = nil, remaining: Int? = nil, resetsIn: TimeSpan? = nil, interval: TimeSpan? = nil
  ) {
    self.limit = limit
    self.remaining = remaining
    self.resetsIn = resetsIn
    self.interval = interval
  }

  /// nil when the answer tells nothing. `X-RateLimit-Reset` is an instant of the other side's clock, so it is measured
  /// against the answer's own `Date`, and against `now` only without one.
  package init?(_ headers: HeaderFields, now: Timestamp) {
    self.limit = headers.count("X-RateLimit-Limit")
    self.remaining = headers.count("X-RateLimit-Remaining")
    self.interval = headers.seconds("X-RateLimit-Interval")
    self.resetsIn = headers["X-RateLimit-Reset"].flatMap { Double($0) }.flatMap { reset in
      let time = headers.date ?? now
      return HeaderFields.span(seconds: reset - Double(time.microseconds) / 1_000_000)
    }
    if limit == nil, remaining == nil, interval == nil, resetsIn == nil { return nil }
  }
}
