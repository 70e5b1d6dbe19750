package import AuditRecord
import Synchronization

/// The right of one run to write the archive of a log.
///
/// A run can lose its lease: leases expire, and lock files can be removed. The lease is therefore checked before each commit, and
/// the commit chain stays correct without it.
package protocol Lease: Sendable {
  /// Counts the leases of the log.
  var generation: Int { get }
  /// Whether the previous run did not release its lease and may still be writing. `Recovery` then commits a fence before it deletes
  /// anything.
  var isTakeover: Bool { get }
  /// Whether the lease still excludes other runs. Asks the storage if that is not known.
  func isHeld() async throws(StorageError) -> Bool
  /// What is known of the lease, without a call to a remote storage.
  var standing: LeaseStanding { get async }
  func release() async throws(StorageError)
  /// Notes that the fence of a takeover is committed. Until then the next run has to take over, too, however this one ends.
  func noteFence() async
}

/// What a run knows of its lease.
package enum LeaseStanding: Hashable, Sendable {
  case held
  /// Another run may work on the log.
  case lost
  /// It was not renewed for a while, or the storage does not answer.
  case unknown
}

/// The answer to taking a lease.
package enum LeaseAnswer: Sendable {
  case taken(any Lease)
  /// The holder is nil if it is not recorded.
  case held(LockHolder?)
}

/// What happens to the lease of a run.
package enum LeaseEvent: Hashable, Sendable {
  /// The run waits because the last holder has not released an expired lease, and may still be at work.
  case waiting(ExpiredLease)
  /// The lease is known to be lost. Told at most once.
  case lost
}

/// A lease that expired and was not released. Another run can take it after a wait.
package struct ExpiredLease: Hashable, Sendable {
  /// The last holder; nil if it is not recorded.
  package let holder: LockHolder?
  /// When another run can take it, unless it is renewed until then. By the clock of the storage.
  package let until: Timestamp

  package init(holder: LockHolder?, until: Timestamp) {
    self.holder = holder
    self.until = until
  }
}

/// Whether a run could take the lease of a log.
package enum LeaseState: Hashable, Sendable {
  /// At once.
  case free
  /// No run has ever written the log here.
  case never
  /// The holder is nil if it is not recorded.
  case held(LockHolder?)
  /// After a wait.
  case expired(ExpiredLease)
}

extension ArchiveStorage {
  /// Runs `body` with the lease of the log, in a child task that is cancelled if the lease is lost: the current task goes on. Throws
  /// `.locked` at once if another run holds the lease, and `.leaseLost` if the loss ended `body` with a `CancellationError`.
  ///
  /// - Parameter waiting: called before it waits for an expired lease.
  nonisolated(nonsending) func withLease<Result>(
    _ holder: LockHolder, waiting: @escaping @Sendable (ExpiredLease) -> Void,
    undeleted: @Sendable (StorageError) -> Void,
    body: nonisolated(nonsending) (any Lease) async throws -> Result
  ) async throws -> Result {
    let isLost = Mutex(false)
    do {
      return try await inChildTask {
        // `.lost` is not told after the release, so this task is still alive when it is. `UnsafeCurrentTask.cancel` may be called from
        // other tasks (documentation of `UnsafeCurrentTask`).
        nonisolated(unsafe) let task = withUnsafeCurrentTask { $0 }
        let lease: any Lease
        let answer = try await stored(
          await takeLease(holder) { event in
            switch event {
            case .waiting(let lease): waiting(lease)
            case .lost:
              isLost.withLock { $0 = true }
              task?.cancel()
            }
          })
        switch answer {
        case .taken(let taken): lease = taken
        case .held(let other): throw ArchiveError.locked(other)
        }
        let result: Result
        do {
          result = try await body(lease)
        } catch {
          await release(lease, undeleted)
          throw error
        }
        await release(lease, undeleted)
        return result
      }
    } catch is CancellationError where isLost.withLock(\.self) && !Task.isCancelled {
      throw ArchiveError.leaseLost(path: paths.lock)
    }
  }

  private func release(_ lease: any Lease, _ undeleted: @Sendable (StorageError) -> Void) async {
    do throws(StorageError) {
      try await lease.release()
    } catch {
      undeleted(error)
    }
  }
}

/// Runs `body` in a child task, which can be cancelled alone. The current task waits for it; its cancellation, priority, executor and
/// task-local values are also those of the child.
private nonisolated(nonsending) func inChildTask<Result>(
  _ body: nonisolated(nonsending) () async throws -> Result
) async throws -> Result {
  try await withoutActuallyEscaping(body, do: runInChildTask)
}

private nonisolated(nonsending) func runInChildTask<Result>(
  _ body: nonisolated(nonsending) @escaping () async throws -> Result
) async throws -> Result {
  // Only the child uses these two until it has ended.
  nonisolated(unsafe) let body = body
  nonisolated(unsafe) var result: Result?
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { result = try await body() }
    try await group.waitForAll()
  }
  guard let result else { preconditionFailure("a child that ends without an error has a result") }
  return result
}
