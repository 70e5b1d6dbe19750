import AuditRecord
import HTTP
import Synchronization

/// Stops the run of one log after a time limit, as a signal would stop it.
final class RunDeadline: Sendable {
  let limit: TimeSpan
  private let passed = Atomic(false)

  init(_ limit: TimeSpan) {
    self.limit = limit
  }

  /// Whether the run was cancelled because of the limit.
  var hasPassed: Bool { passed.load(ordering: .acquiring) }

  /// Runs `body` in a child task, which is cancelled when the time is up.
  func limiting<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws
    -> Result
  {
    try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask { try await body() }
      group.addTask { [self] in
        do {
          try await SystemClock().sleep(for: limit)
        } catch {
          return nil  // The run has ended.
        }
        passed.store(true, ordering: .releasing)
        return nil
      }
      defer { group.cancelAll() }
      while let next = try await group.next() {
        if let result = next { return result }
        if hasPassed { group.cancelAll() }
      }
      throw CancellationError()
    }
  }
}
