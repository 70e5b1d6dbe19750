package import AuditRecord

/// What an answer tells about the key's allowance (`X-RateLimit-*`), as spans from its arrival.
package struct RateLimit: Hashable, Sendable {
  /// Requests a window. Its length is told nowhere: Cloudsmith documents an hour.
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
  /// against the answer's own `Date` and `Age`, and against `now` only without them.
  package init?(_ headers: HeaderFields, now: Timestamp) {
    self.limit = headers.count("X-RateLimit-Limit", in: HeaderBounds.limit)
    self.remaining = headers.count("X-RateLimit-Remaining", in: HeaderBounds.remaining)
    self.interval = headers.seconds("X-RateLimit-Interval")
    self.resetsIn = headers.instant("X-RateLimit-Reset").flatMap { reset in
      HeaderFields.span(seconds: max(0, (reset - (headers.time ?? now)).seconds))
    }
    if limit == nil, remaining == nil, interval == nil, resetsIn == nil { return nil }
  }
}
