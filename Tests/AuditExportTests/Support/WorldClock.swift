import AuditRecord
import CloudsmithAPI
import Synchronization

/// Time that moves when somebody sleeps, at once, or when the test says so.
final class WorldClock: RunClock {
  private let start: Timestamp
  private let passed = Mutex(TimeSpan.zero)

  init(now: Timestamp) {
    start = now
  }

  var now: Timestamp { start + elapsed }
  var elapsed: TimeSpan { passed.withLock(\.self) }

  func sleep(for span: TimeSpan) async throws {
    try Task.checkCancellation()
    passed.withLock { $0 = TimeSpan(microseconds: $0.microseconds + span.microseconds) }
  }

  /// Never backwards.
  func advance(to time: Timestamp) {
    passed.withLock { $0 = max($0, time - start) }
  }
}
