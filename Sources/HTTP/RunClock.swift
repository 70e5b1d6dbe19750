package import AuditRecord
import Platform

/// The clocks of everything that waits. Tests bring their own, so no test sleeps.
package protocol RunClock: Sendable {
  /// The wall clock. It may jump.
  var now: Timestamp { get }
  /// The time since any fixed origin. It never decreases.
  var elapsed: TimeSpan { get }
  /// Sleeps.
  ///
  /// - Throws: `CancellationError`, promptly when the task is cancelled.
  func sleep(for span: TimeSpan) async throws(CancellationError)
}

/// The clocks of this machine. `elapsed` counts from the creation of the value, so a run shares one value.
package struct SystemClock: RunClock {
  private let origin = ContinuousClock.now

  package init() {}

  package var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }

  package var elapsed: TimeSpan {
    let (seconds, attoseconds) = (ContinuousClock.now - origin).components
    return TimeSpan(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
  }

  package func sleep(for span: TimeSpan) async throws(CancellationError) {
    do {
      try await Task.sleep(for: .microseconds(span.microseconds), tolerance: .zero, clock: .continuous)
    } catch {
      // It throws nothing else.
      throw CancellationError()
    }
  }
}
