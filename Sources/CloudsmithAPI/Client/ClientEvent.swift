package import AuditRecord

/// What a client does while it fetches a page, for its observer.
package enum ClientEvent: Hashable, Sendable {
  /// The client waits before it sends a request.
  case waiting(TimeSpan, WaitReason)
  /// Attempt `attempt` of at most `of` begins, after this fault. From 2.
  case retrying(attempt: Int, of: Int, RetryableError)
  /// The answer to a page of `size` records exceeds the limits. The page is read in parts.
  case tooLarge(page: Int, size: Int, UnsafeResponse)
  /// A whole answer of any status has arrived; `bytes` are of its decoded body.
  case responded(page: Int, status: Int, bytes: Int, took: TimeSpan)
}

/// What a client has done since it was made.
package struct ClientCounters: Hashable, Sendable {
  /// Requests sent, including retries and followed redirects.
  package var requests = 0
  package var retries = 0
  /// Time spent waiting for pace, rate limit and backoff, added up over all requests.
  package var waited = TimeSpan.zero
  /// The rate limit, from the last answer that reported one.
  package var rateLimit: RateLimit?
  /// By how much this machine's clock was ahead of the API's at the last answer with a time; negative if it was
  /// behind, nil if no answer had one. Precise to a second plus the time that the answer took.
  package var clockLead: TimeSpan?
  /// The API's clock.
  package var clock: AnswerClock

  package init(now: Timestamp, elapsed: TimeSpan) {
    clock = AnswerClock(now: now, elapsed: elapsed)
  }
}

/// The API's clock, from the `Date` of its answers (RFC 9110, section 6.6.1) plus the `Age` of answers from a cache (RFC 9111,
/// section 5.1).
///
/// Windows, the settle window and claims follow this clock, so a wrong clock of this machine claims nothing. If answers
/// disagree, the earliest time counts. If none has a time, the earliest reading of this machine's clock counts.
package struct AnswerClock: Hashable, Sendable {
  /// The time when `elapsed` was zero, from the answer that gives the earliest; nil before the first answer with a time.
  private var origin: Timestamp?
  /// The same by this machine's clock.
  private var local: Timestamp

  /// The years 2000 to 2199. A server with another time has no usable clock.
  private static let plausible =
    Timestamp(microseconds: 946_684_800_000_000)...Timestamp(microseconds: 7_258_118_400_000_000)

  /// - Parameters:
  ///   - now: this machine's wall clock.
  ///   - elapsed: the clock that only grows, read at the same moment.
  package init(now: Timestamp, elapsed: TimeSpan) {
    local = now - elapsed
  }

  /// Whether an answer had a time.
  package var isTold: Bool { origin != nil }

  /// Takes the `Date` and `Age` of an answer that has just arrived, and this machine's clocks.
  package mutating func receive(date: Timestamp?, age: TimeSpan?, now: Timestamp, elapsed: TimeSpan) {
    local = min(local, now - elapsed)
    guard let date, AnswerClock.plausible.contains(date) else { return }
    let start = date + (age ?? .zero) - elapsed
    origin = min(origin ?? start, start)
  }

  /// The API's time at a reading of the clock that only grows.
  package func now(at elapsed: TimeSpan) -> Timestamp { (origin ?? local) + elapsed }
}
