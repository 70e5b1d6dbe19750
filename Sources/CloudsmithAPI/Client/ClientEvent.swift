package import AuditRecord

/// What the client does between asking and answering, for those who watch.
package enum ClientEvent: Hashable, Sendable {
  case waiting(TimeSpan, WaitReason)
  /// The try that comes now, from 2, of at most so many, and what ended the one before.
  case retrying(attempt: Int, of: Int, Fault)
  /// The answer with so many records is larger than the limits; it is asked for in smaller parts.
  case tooLarge(page: Int, size: Int, Hazard)
  /// An answer of any status has arrived whole.
  case responded(page: Int, status: Int, bytes: Int, took: TimeSpan)
}

/// What the client has done since it was made.
package struct ClientCounters: Hashable, Sendable {
  /// Requests sent: retries and followed redirects too.
  package var requests = 0
  package var retries = 0
  /// For pace, rate limit and backoff; waits of several requests at once each count.
  package var waited = TimeSpan.zero
  /// As the last answer that told it had it.
  package var rateLimit: RateLimit?
  /// By how much this machine's clock was ahead of the API's at the last answer that told the time (to the second, and with
  /// the time that the answer took); below zero where it is behind, nil where none told it.
  package var clockLead: TimeSpan?
  package var clock: AnswerClock

  package init(now: Timestamp, elapsed: TimeSpan) {
    clock = AnswerClock(now: now, elapsed: elapsed)
  }
}

/// The API's clock, as its answers tell it (`Date`, plus the `Age` of an answer from a cache).
///
/// Windows, the settle window and claims follow this clock. The clock of this machine measures how long things take. Where no
/// answer has told the time, this machine's clock counts, by its earliest reading.
package struct AnswerClock: Hashable, Sendable {
  /// What an answer says the time was when `elapsed` was zero; the earliest of all answers.
  private var origin: Timestamp?
  /// As `origin`, by this machine's clock.
  private var local: Timestamp

  /// A server that says another time has no clock.
  private static let plausible =
    Timestamp(microseconds: 946_684_800_000_000)...Timestamp(microseconds: 7_258_118_400_000_000)

  /// - Parameters:
  ///   - now: this machine's clock.
  ///   - elapsed: a clock that only grows, read at the same moment.
  package init(now: Timestamp, elapsed: TimeSpan) {
    local = now - elapsed
  }

  /// Whether an answer has told the time.
  package var isTold: Bool { origin != nil }

  /// Takes an answer that has just arrived.
  package mutating func receive(date: Timestamp?, age: TimeSpan?, now: Timestamp, elapsed: TimeSpan) {
    local = min(local, now - elapsed)
    guard let date, AnswerClock.plausible.contains(date) else { return }
    let start = date + (age ?? .zero) - elapsed
    origin = min(origin ?? start, start)
  }

  /// The time there.
  package func now(at elapsed: TimeSpan) -> Timestamp { (origin ?? local) + elapsed }
}
