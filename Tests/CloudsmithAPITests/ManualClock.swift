import AuditRecord
import CloudsmithAPI
import Synchronization

/// Time that moves only when somebody sleeps, and then at once.
final class ManualClock: RunClock {
  private let state = Mutex((elapsed: TimeSpan.zero, slept: [TimeSpan]()))
  private let start: Timestamp

  init(start: Timestamp = Timestamp(microseconds: 1_700_000_000_000_000)) {
    self.start = start
  }

  var now: Timestamp { start + elapsed }
  var elapsed: TimeSpan { state.withLock(\.elapsed) }
  var slept: [TimeSpan] { state.withLock(\.slept) }

  func sleep(for span: TimeSpan) async throws {
    try Task.checkCancellation()
    state.withLock {
      $0.elapsed = TimeSpan(microseconds: $0.elapsed.microseconds + span.microseconds)
      $0.slept.append(span)
    }
  }
}

/// Time that stands still: whoever sleeps sleeps until cancelled.
struct FrozenClock: RunClock {
  let now = Timestamp(microseconds: 0)
  let elapsed = TimeSpan.zero

  func sleep(for span: TimeSpan) async throws {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    for await _ in stream {}
    _ = continuation
    throw CancellationError()
  }
}
