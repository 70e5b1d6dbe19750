package import AuditArchive
import AuditRecord
import Synchronization

extension BucketStorage {
  package func leaseState() async throws(StorageError) -> LeaseState {
    let lock = LockObject(bucket: bucket, path: paths.lock)
    guard let found = try await lock.read() else { return .never }
    // The same decision as that of a run, which would write this record next.
    let nobody = LockHolder(pid: 0, host: "", since: bucket.now)
    var claim = LeaseClaim(owner: "", holder: nobody)
    claim.found(found.bytes, found.state, hasState: true, now: bucket.now)
    switch claim.next {
    case .held(let holder): return .held(holder)
    case .wait(_, let lease): return .expired(lease)
    case .read, .write: return .free
    }
  }

  /// The lease of this storage. Its release also discards the known state.
  struct Leased: Lease {
    let lease: BucketLease
    let state: BucketStorage
    var generation: Int { lease.generation }
    var isTakeover: Bool { lease.isTakeover }

    var standing: LeaseStanding { get async { await lease.standing } }

    func isHeld() async throws(StorageError) -> Bool { try await lease.isHeld() }
    func noteFence() async { await lease.noteFence() }

    func release() async throws(StorageError) {
      state.state.withLock { $0 = KnownState() }
      state.lease.withLock { $0 = nil }
      try await lease.release()
    }
  }

  /// S3 has no conditional deletion everywhere, so the lease keeps a run from deleting what another run needs. A call that deletes ends
  /// before another run can have taken a lease that was held when it began.
  func checkLease() async throws(StorageError) {
    guard let lease = lease.withLock(\.self) else { return }
    let standing = await lease.standing
    if standing == .held { return }
    // A run that ends leaves it to the next one.
    if standing == .unknown, !Task.isCancelled, try await lease.isHeld() { return }
    throw StorageError(
      operation: .delete, path: name(of: paths.lock), reason: .outrun,
      detail: "this run may delete nothing any more, because another one may have taken the lease")
  }
}
