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
