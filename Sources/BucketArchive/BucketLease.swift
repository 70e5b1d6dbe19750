import AuditArchive
import AuditRecord
import HTTP
import ObjectStore

/// A lease on a log in a bucket: an object that the run renews every 30 seconds, whatever else it waits for.
///
/// It saves useless work. Safety does not depend on it: the commit chain refuses the commit of a run that lost its lease.
actor BucketLease: Lease {
  nonisolated let generation: Int
  nonisolated let isTakeover: Bool
  private let lock: LockObject
  private let clock: any RunClock
  private let lost: @Sendable () -> Void
  private var held: HeldLease
  private var renewals: Task<Void, Never>?
  /// The renewal that is under way.
  private var renewal: Task<Void, Never>?
  /// Why the last renewal failed.
  private var failure: StorageError?
  private var isReleased = false
  /// Whether the next run must take over even if this one ends in order: a request of this run may still reach the store.
  private var isUncertain: Bool

  /// - Parameters:
  ///   - sentAt: when the request that took it was sent, on the monotonic clock.
  ///   - lost: called at most once, when another run has taken the lease.
  init(
    _ record: LeaseRecord, _ state: FileState, isTakeover: Bool, sentAt: TimeSpan, lock: LockObject,
    clock: any RunClock, lost: @escaping @Sendable () -> Void
  ) {
    generation = record.generation
    self.isTakeover = isTakeover
    self.lock = lock
    self.clock = clock
    self.lost = lost
    isUncertain = isTakeover
    held = HeldLease(record, state, sentAt: sentAt)
  }

  /// Renews the lease every 30 seconds from now on.
  func keepRenewing() {
    renewals = Task { [clock] in
      while true {
        do { try await clock.sleep(for: LeaseClaim.renewal) } catch { return }
        await self.renew()
        if self.isOver { return }
      }
    }
  }

  private var isOver: Bool { held.isLost || isReleased }

  /// Renews the lease first if it was not renewed for half a term. Throws if the store then does not answer.
  func isHeld() async throws(StorageError) -> Bool {
    if held.isLost || isReleased { return false }
    if held.isFresh(at: clock.elapsed) { return true }
    await renew()
    if held.isLost || isReleased { return false }
    if held.isFresh(at: clock.elapsed) { return true }
    throw failure ?? lock.error(.unreachable, "the lease was not renewed in time")
  }

  var standing: LeaseStanding {
    if held.isLost { return .lost }
    return !isReleased && held.isFresh(at: clock.elapsed) ? .held : .unknown
  }

  /// The fence is committed.
  func noteFence() { isUncertain = false }

  /// It is not known whether a commit was made.
  func noteUncertainty() { isUncertain = true }

  /// Ends the lease, so that the next run need not wait. A lease that was lost is left to its holder. If it is not known whether
  /// a commit was made, the lease is left to expire: the run that takes it over begins with a fence.
  func release() async throws(StorageError) {
    renewals?.cancel()
    // The renewals of the last minute had no answer.
    if !held.isFresh(at: clock.elapsed) { lock.bucket.outages.noteSilence() }
    if let renewal { await lock.bucket.with(.tidying).end(of: renewal) }
    guard !isOver else { return }
    isReleased = true
    guard !isUncertain else { return }
    var record = held.record
    record.isReleased = true
    do {
      _ = try await lock.with(.tidying).write(record, since: held.state)
    } catch let error where error.reason == .outrun {
      // Another run has taken it.
    }
  }

  // MARK: Renewal

  /// Waits for the renewal that is under way, or makes one.
  private func renew() async {
    if let renewal { return await renewal.value }
    let task = Task { await self.renewNow() }
    renewal = task
    await task.value
    renewal = nil
  }

  private func renewNow() async {
    failure = nil
    let lock = lock.with(.cancellable)
    // The second attempt is for a renewal that the store made although its answer was lost.
    for _ in 0..<2 where !isOver {
      let sentAt = clock.elapsed
      var record = held.record
      record.expiresAt = lock.now + LeaseClaim.term
      do throws(StorageError) {
        return held.renewed(record, try await lock.write(record, since: held.state), sentAt: sentAt)
      } catch {
        failure = error
        guard error.reason == .outrun else { return }
      }
      do throws(StorageError) {
        let found = try await lock.read()
        held.found(found?.bytes, found?.state ?? .absent)
      } catch {
        failure = error
        return
      }
      if held.isLost { lost() }
    }
  }
}

/// The lock object of a log.
struct LockObject: Sendable {
  let bucket: Bucket
  let path: String

  func with(_ patience: Bucket.Patience) -> LockObject {
    LockObject(bucket: bucket.with(patience), path: path)
  }

  /// By the store's clock, as far as it is known.
  var now: Timestamp { bucket.now }

  func read() async throws(StorageError) -> (bytes: [UInt8], state: FileState)? {
    try await bucket.read(path, limit: 1 << 16)
  }

  /// Throws `.outrun` if it has changed since `seen`.
  func write(_ record: LeaseRecord, since seen: FileState) async throws(StorageError) -> FileState {
    try await bucket.write(path, record.bytes, since: seen, .lock)
  }

  func error(_ reason: StorageError.Reason, _ detail: String) -> StorageError {
    StorageError(operation: .lock, path: bucket.name(of: path), reason: reason, detail: detail)
  }
}
