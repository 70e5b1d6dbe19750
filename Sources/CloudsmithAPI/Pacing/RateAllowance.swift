package import AuditRecord
package import HTTP

/// The pace of `auto`, from the API's rate fields.
///
/// The requests left, less the reserve, are spread over the time until the reset. The pace is never faster than the whole
/// limit less the reserve over the whole window, so there are no bursts and idle time is not saved up.
///
/// No field gives the length of the window. Once a window has been seen to begin (nothing of it was used, or a reset has
/// passed), it is the longest reported time to a reset. Until then the window may be longer, and the next usual length
/// is assumed. No I/O.
struct RateAllowance: Hashable, Sendable {
  var reserve: RateReserve
  /// Requests per window. If the API reports no limit, the largest reported remainder.
  private var limit: Double?
  /// The longest reported time to a reset.
  private var longest: TimeSpan?
  private var hasSeenBeginning = false
  /// Requests left until the reset, less the reserve; nil if the API reports no number.
  private var startsLeft: Double?
  /// The pause that the API suggests until the reset.
  private var pause = TimeSpan.zero
  private var resetsAt: TimeSpan?

  /// The spacing before the API has reported anything, and the assumed time to a reset that is overdue.
  static let caution = TimeSpan.seconds(1)
  /// The assumed time to a reset if the API does not report it.
  private static let unknownReset = TimeSpan.minutes(1)
  /// The usual lengths of windows. Cloudsmith documents an hour.
  private static let usualLengths = [TimeSpan.minutes(1), .hours(1), .days(1)]
  /// `Date` and `X-RateLimit-Reset` are whole seconds.
  private static let precision = TimeSpan.seconds(2)

  init(reserve: RateReserve) {
    self.reserve = reserve
  }

  /// Counts a request that has started.
  mutating func start() {
    startsLeft? -= 1
  }

  /// Takes the rate fields of an answer.
  ///
  /// - Parameters:
  ///   - started: requests started so far, including the one answered.
  ///   - inFlight: requests without an answer yet. The answer may not have counted them.
  mutating func receive(_ rate: RateLimit, started: Int, inFlight: Int, at now: TimeSpan) {
    if let told = rate.limit {
      limit = Double(told)
    } else if let remaining = rate.remaining {
      limit = max(limit ?? 0, Double(remaining))
    }
    if let resetsIn = rate.resetsIn, resetsIn > .zero, resetsIn <= .days(1) + RateAllowance.precision {
      let isUnused = rate.limit.map { (rate.remaining ?? 0) + started >= $0 } ?? false
      let hasRestarted = resetsAt.map { $0 <= now } ?? false
      if longest == nil ? isUnused : hasRestarted { hasSeenBeginning = true }
      longest = max(longest ?? .zero, resetsIn)
    }
    var resetsIn = rate.resetsIn ?? rate.interval ?? RateAllowance.unknownReset
    // The window is over by the clocks, but the answer still belongs to it.
    if resetsIn == .zero { resetsIn = RateAllowance.caution }
    resetsAt = now + resetsIn
    pause = min(rate.interval ?? .zero, resetsIn)
    startsLeft = rate.remaining.map { Double($0 - inFlight) - (limit ?? 0) * reserve.share }
  }

  /// The least time from one start to the next.
  ///
  /// - Parameter last: the latest start.
  func spacing(after last: TimeSpan, at now: TimeSpan) -> TimeSpan {
    let steady = steady ?? RateAllowance.caution
    guard let resetsAt, resetsAt > now else {
      // A new window, about which the API has reported nothing yet.
      return hasSeenBeginning ? steady : max(steady, RateAllowance.caution)
    }
    let spread = startsLeft.map { TimeSpan.seconds((resetsAt - last).seconds / max($0 + 1, 1)) }
    return max(steady, spread ?? .zero, pause)
  }

  /// The spacing of the whole limit, less the reserve; nil if the API reports no limit.
  private var steady: TimeSpan? {
    guard let limit, limit > 0 else { return nil }
    let spacing = Double(length.microseconds) / (limit * (1 - reserve.share))
    return TimeSpan(microseconds: Int64(spacing.rounded(.up)))
  }

  private var length: TimeSpan {
    guard let longest else { return .hours(1) }
    if hasSeenBeginning { return longest }
    return RateAllowance.usualLengths.first { longest <= $0 + RateAllowance.precision } ?? longest
  }
}

/// The rate limit of a key, from the `X-RateLimit-*` fields of an answer. Times are spans since its arrival.
package struct RateLimit: Hashable, Sendable {
  /// Requests per window. No field gives its length; Cloudsmith documents an hour.
  package var limit: Int?
  /// Requests left in the window.
  package var remaining: Int?
  /// The time until the window ends.
  package var resetsIn: TimeSpan?
  /// The pause before the next request, as the API suggests it.
  package var interval: TimeSpan?

  package init(
    limit: Int? = nil, remaining: Int? = nil, resetsIn: TimeSpan? = nil, interval: TimeSpan? = nil
  ) {
    self.limit = limit
    self.remaining = remaining
    self.resetsIn = resetsIn
    self.interval = interval
  }

  /// Nil if the answer has no rate field. `X-RateLimit-Reset` is an instant of the server's clock, so it is compared with the
  /// answer's own `Date` and `Age`, and with `now` only without them.
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
