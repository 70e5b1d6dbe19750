package import AuditRecord
internal import HTTP

/// How often and how fast a request is repeated.
package struct StoreRetry: Sendable {
  /// Requests for one call, the first included.
  package var attempts: Int
  /// A number from 0 to below 1, for jitter.
  package var random: @Sendable () -> Double
  private let backoff: Backoff

  /// - Parameters:
  ///   - base: the longest pause after the first attempt. It doubles with each further one.
  ///   - cap: no pause is longer.
  package init(
    attempts: Int = 6, base: TimeSpan = .seconds(0.5), cap: TimeSpan = .seconds(20),
    random: @escaping @Sendable () -> Double
  ) {
    self.attempts = attempts
    self.backoff = Backoff(base: base, cap: cap)
    self.random = random
  }

  /// The pause after so many attempts: a random part of the longest one, and at least what the store asked for.
  ///
  /// - Parameter asked: of `Retry-After`; at most `cap` of it counts.
  func pause(afterAttempt number: Int, asked: TimeSpan? = nil) -> TimeSpan {
    max(backoff.pause(afterAttempt: number, random: random()), min(asked ?? .zero, backoff.cap))
  }
}
