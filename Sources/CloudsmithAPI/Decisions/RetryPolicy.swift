package import AuditRecord

/// Whether and when a request is tried again: exponential backoff with full jitter, and what the API asks for.
package struct RetryPolicy: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    /// Wait by ourselves, then try. `asked` is what the API asked for, which is over before.
    case backOff(TimeSpan, asked: TimeSpan = .zero)
    /// Wait as long as the API asked, then try.
    case obey(TimeSpan)
    case giveUp
    /// What the API asked for, with what was waited before, is longer than `maxWait`.
    case refuseToWait(TimeSpan)
  }

  /// Requests for one page, the first included; at least 1.
  package var tries: Int
  /// The most that is waited before the second try; it doubles with each.
  package var base: TimeSpan
  package var cap: TimeSpan
  /// What the API may make one page wait in all.
  package var maxWait: TimeSpan

  /// The defaults of the settings.
  package enum Default {
    package static let attempts = 6
    package static let maxWait = TimeSpan.hours(2)
  }

  package init(
    tries: Int = Default.attempts, base: TimeSpan = .seconds(1), cap: TimeSpan = .seconds(120),
    maxWait: TimeSpan = Default.maxWait
  ) {
    self.tries = tries
    self.base = base
    self.cap = cap
    self.maxWait = maxWait
  }

  /// - Parameters:
  ///   - number: how many tries have failed.
  ///   - asked: what the API asked to wait.
  ///   - waited: what this page has waited so far because the API asked.
  ///   - random: from 0 to below 1.
  package func next(
    afterTry number: Int, asked: TimeSpan?, waited: TimeSpan, random: Double
  ) -> Action {
    guard number < tries else { return .giveUp }
    let doubled = base.seconds * Double(1 << min(max(number, 1) - 1, 30))
    let backoff = TimeSpan.seconds(min(cap.seconds, doubled) * random)
    guard let asked, asked > .zero else { return .backOff(backoff) }
    guard waited + asked <= maxWait else { return .refuseToWait(asked) }
    return backoff > asked ? .backOff(backoff, asked: asked) : .obey(asked)
  }
}
