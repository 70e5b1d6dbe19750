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
  /// Whether the lease still excludes other runs.
  func isHeld() async throws(StorageError) -> Bool
  func release() async throws(StorageError)
  /// Notes that the fence of a takeover is committed. Until then the next run has to take over, too, however this one ends.
  func noteFence() async
}

extension Lease {
  /// Whether the lease is known to be held; false if the storage does not answer.
  var isKnownToBeHeld: Bool {
    get async {
      do {
        return try await isHeld()
      } catch {
        return false  // unknown
      }
    }
  }
}

/// The answer to taking a lease.
package enum LeaseAnswer: Sendable {
  case taken(any Lease)
  /// The holder is nil if it is not recorded.
  case held(LockHolder?)
}

/// Whether the lease of a log is held.
package enum LeaseState: Hashable, Sendable {
  case free
  /// No run has ever written the log here.
  case never
  /// The holder is nil if it is not recorded.
  case held(LockHolder?)
}

extension ArchiveStorage {
  /// Runs `body` with the lease of the log. The current task is cancelled if the lease is lost. Throws `.locked` at once if another
  /// run holds it.
  nonisolated(nonsending) func withLease<Result>(
    _ holder: LockHolder, undeleted: @Sendable (StorageError) -> Void,
    body: nonisolated(nonsending) (any Lease) async throws -> Result
  ) async throws -> Result {
    // `lost` is not called after the release, so this task is still alive when it is. `UnsafeCurrentTask.cancel` may be called from
    // other tasks (documentation of `UnsafeCurrentTask`).
    nonisolated(unsafe) let task = withUnsafeCurrentTask { $0 }
    let lease: any Lease
    switch try await stored(await takeLease(holder, lost: { task?.cancel() })) {
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

  private func release(_ lease: any Lease, _ undeleted: @Sendable (StorageError) -> Void) async {
    do throws(StorageError) {
      try await lease.release()
    } catch {
      undeleted(error)
    }
  }
}
