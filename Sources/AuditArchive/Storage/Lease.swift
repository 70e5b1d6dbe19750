/// The right to write the archive of a log, which one run has at a time.
///
/// Whoever holds it may lose it: a lease that is not renewed ends, and a lock file can be removed. So it is asked before each
/// commit, and the chain of commits does not rely on it.
package protocol Lease: Sendable {
  /// One more than that of the run that held it before.
  var generation: Int { get }
  /// Whether it was taken from a run that did not give it back, and that may still be at work. Then a commit of one's own comes
  /// first: that run's next one fails.
  var isTakeover: Bool { get }
  /// Whether it still keeps others out.
  func isHeld() async throws(StorageError) -> Bool
  /// Gives it back.
  func release() async throws(StorageError)
}

package enum LeaseAnswer: Sendable {
  case taken(any Lease)
  /// By whom, where it says so.
  case held(LockHolder?)
}

package enum LeaseState: Hashable, Sendable {
  case free
  /// No run has ever written the log here.
  case never
  /// nil: it does not say by whom.
  case held(LockHolder?)
}

extension ArchiveStorage {
  /// Holds the lease of the log for the length of `body`, and cancels the task when it is lost. Throws `.locked`, at once, when
  /// another run holds it.
  nonisolated(nonsending) func withLease<Result>(
    _ holder: LockHolder, untidied: @Sendable (StorageError) -> Void,
    body: nonisolated(nonsending) (any Lease) async throws -> Result
  ) async throws -> Result {
    // This task does not end before the lease is released, and tells nobody of its loss after that. To cancel is what another task
    // may do to it (UnsafeCurrentTask, of the standard library).
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
      await release(lease, untidied)
      throw error
    }
    await release(lease, untidied)
    return result
  }

  private func release(_ lease: any Lease, _ untidied: @Sendable (StorageError) -> Void) async {
    do throws(StorageError) {
      try await lease.release()
    } catch {
      untidied(error)
    }
  }
}
