package import AuditRecord

/// What the API's rate fields leave to `auto`: how long the window is that they describe, and what is left of it.
///
/// What is left, less the reserve, is spread over the time that is left until the reset, and never goes faster than the
/// whole limit less the reserve would over the whole window: so nothing comes in a burst, and idle time is not saved up.
///
/// No field tells how long the window is. It is the longest time to a reset that was told, once a window has been seen
/// to begin: nobody had used anything of it, or a reset has passed. Until then it may be longer than that, and the next
/// usual length is assumed.
struct RateAllowance: Hashable, Sendable {
  private let reserve: RateReserve
  /// Requests a window; where the API tells no limit, the most that it told as left.
  private var limit: Double?
  /// The longest time to a reset that was told.
  private var longest: TimeSpan?
  private var hasSeenBeginning = false
  /// Starts left before the reserve until the reset; nil when the API tells no number.
  private var startsLeft: Double?
  /// The pause that the API suggests until the reset.
  private var pause = TimeSpan.zero
  private var resetsAt: TimeSpan?

  /// The pace while the API has told nothing, and the time to a reset that should have passed.
  static let caution = TimeSpan.seconds(1)
  /// When the API tells that little is left, but not until when.
  private static let unknownReset = TimeSpan.minutes(1)
  /// Windows are as long as one of these, as a rule; the hour is what Cloudsmith documents.
  private static let usualLengths = [TimeSpan.minutes(1), .hours(1), .days(1)]
  /// `Date` and `X-RateLimit-Reset` are whole seconds.
  private static let precision = TimeSpan.seconds(2)

  init(reserve: RateReserve) {
    self.reserve = reserve
  }

  /// A request has started.
  mutating func start() {
    startsLeft? -= 1
  }

  /// Takes what an answer told.
  ///
  /// - Parameters:
  ///   - started: requests that have been started so far, this one included.
  ///   - inFlight: requests that are not answered yet; the answer may not have counted them.
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
    // By the clocks the window is over, and the answer was still of it.
    if resetsIn == .zero { resetsIn = RateAllowance.caution }
    resetsAt = now + resetsIn
    pause = min(rate.interval ?? .zero, resetsIn)
    startsLeft = rate.remaining.map { Double($0 - inFlight) - (limit ?? 0) * reserve.share }
  }

  /// The time from one start to the next.
  ///
  /// - Parameter last: the newest start.
  func spacing(after last: TimeSpan, at now: TimeSpan) -> TimeSpan {
    let steady = steady ?? RateAllowance.caution
    guard let resetsAt, resetsAt > now else {
      // A new window, of which nothing is told yet.
      return hasSeenBeginning ? steady : max(steady, RateAllowance.caution)
    }
    let spread = startsLeft.map { TimeSpan.seconds((resetsAt - last).seconds / max($0 + 1, 1)) }
    return max(steady, spread ?? .zero, pause)
  }

  /// What the whole limit, less the reserve, comes to; nil when the API tells no limit.
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
