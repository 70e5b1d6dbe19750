package import AuditRecord

/// The pauses between attempts: exponential backoff with full jitter. A decision without I/O.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
package struct Backoff: Hashable, Sendable {
  /// The longest pause after the first attempt. It doubles with each further one.
  package var base: TimeSpan
  /// No pause is longer.
  package var cap: TimeSpan

  package init(base: TimeSpan, cap: TimeSpan) {
    self.base = base
    self.cap = cap
  }

  /// The pause after so many failed attempts, counted from 1.
  ///
  /// - Parameter random: a number from 0 to below 1. The pause is this share of the longest one.
  package func pause(afterAttempt number: Int, random: Double) -> TimeSpan {
    .seconds(min(cap.seconds, base.seconds * Double(1 << min(max(number, 1) - 1, 30))) * random)
  }
}
