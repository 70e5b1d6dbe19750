package import AuditRecord

/// The time, for everything that signs, waits or expires. Tests bring their own.
package protocol StoreClock: Sendable {
  /// The wall clock, which can jump.
  var now: Timestamp { get }
  /// Throws `CancellationError` promptly when the task is cancelled.
  func sleep(for span: TimeSpan) async throws(CancellationError)
}

/// How often and how fast a request is repeated: exponential backoff with full jitter.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
package struct StoreRetry: Sendable {
  /// Requests for one call, the first included.
  package var attempts: Int
  /// The longest pause after the first attempt. It doubles with each further one.
  package var base: TimeSpan
  /// No pause is longer.
  package var cap: TimeSpan
  /// A number from 0 to below 1.
  package var random: @Sendable () -> Double

  package init(
    attempts: Int = 6, base: TimeSpan = .seconds(0.5), cap: TimeSpan = .seconds(20),
    random: @escaping @Sendable () -> Double
  ) {
    self.attempts = attempts
    self.base = base
    self.cap = cap
    self.random = random
  }

  /// The pause after so many attempts: a random part of the longest one, and at least what the store asked for.
  ///
  /// - Parameter asked: of `Retry-After`; at most `cap` of it counts.
  func pause(afterAttempt number: Int, asked: TimeSpan? = nil) -> TimeSpan {
    let longest = min(cap.seconds, base.seconds * Double(1 << min(max(number, 1) - 1, 30)))
    return max(.seconds(longest * random()), min(asked ?? .zero, cap))
  }
}
