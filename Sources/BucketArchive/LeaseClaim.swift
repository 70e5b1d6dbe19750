import AuditArchive
import AuditRecord

/// Decides how a run takes the lease of a log. No I/O: what was found goes in, and `next` says what to do.
///
/// A lease that was not released can be taken over one term after it expired. Times are those of the store, so the clocks of the
/// machines do not matter. A holder that sleeps so long and then wakes up is stopped by the fence of the commit chain (`Recovery`).
struct LeaseClaim {
  enum Step: Hashable {
    case read
    /// Read again after this time.
    case wait(TimeSpan, for: ExpiredLease)
    /// Write the record if the lock is still as it was read; then `wasOutrun` if it is not.
    case write(LeaseRecord, since: FileState, isTakeover: Bool)
    /// The holder is nil if it is not recorded.
    case held(LockHolder?)
  }

  /// How long a lease lasts after it was written.
  static let term = TimeSpan.seconds(120)
  /// How long after a renewal a run may rely on the lease.
  static let trusted = TimeSpan.seconds(60)
  /// How often it is renewed.
  static let renewal = TimeSpan.seconds(30)

  private(set) var next = Step.read
  private let owner: String
  private let holder: LockHolder
  /// The version of an expired lease that was found before the wait.
  private var expired: FileState?

  init(owner: String, holder: LockHolder) {
    self.owner = owner
    self.holder = holder
  }

  /// Takes the present content of the lock object.
  ///
  /// - Parameters:
  ///   - bytes: nil if there is no lock.
  ///   - hasState: whether the log has an archive. If there is no lock then, somebody has removed it, perhaps from a run at work.
  ///   - now: by the store's clock.
  mutating func found(_ bytes: [UInt8]?, _ state: FileState, hasState: Bool, now: Timestamp) {
    guard let bytes else { return write(generation: 1, since: .absent, isTakeover: hasState, now) }
    guard let record = LeaseRecord(bytes) else {
      // The lock file of an archive that was copied from a folder excludes nobody.
      if LeaseRecord.isLockFile(bytes) { return write(generation: 1, since: state, isTakeover: true, now) }
      guard state == expired else { return wait(LeaseClaim.term, for: state, nil, now) }
      let last = LeaseRecord.generation(bytes) ?? 0
      return write(generation: last &+ 1, since: state, isTakeover: true, now)
    }
    if record.isReleased {
      return write(generation: record.generation &+ 1, since: state, isTakeover: false, now)
    }
    // Somebody has renewed it during the wait.
    let isRenewed = expired.map { $0 != state } ?? false
    // No run writes a longer term: then the times cannot be compared, and only a wait can tell.
    let isPlausible = record.expiresAt < now + LeaseClaim.term * 2
    if isRenewed || (now < record.expiresAt && isPlausible) {
      next = .held(record.holder)
      return
    }
    let rest = min(record.expiresAt + LeaseClaim.term - now, LeaseClaim.term)
    guard state == expired || rest <= .zero else { return wait(rest, for: state, record.holder, now) }
    write(generation: record.generation &+ 1, since: state, isTakeover: true, now)
  }

  /// Another run has written the lock since it was read.
  mutating func wasOutrun() {
    expired = nil
    next = .read
  }

  private mutating func wait(
    _ span: TimeSpan, for state: FileState, _ holder: LockHolder?, _ now: Timestamp
  ) {
    expired = state
    next = .wait(span, for: ExpiredLease(holder: holder, until: now + span))
  }

  private mutating func write(generation: Int, since state: FileState, isTakeover: Bool, _ now: Timestamp) {
    next = .write(
      LeaseRecord(
        generation: generation, owner: owner, holder: holder, expiresAt: now + LeaseClaim.term),
      since: state, isTakeover: isTakeover)
  }
}

/// What a run knows of the lease that it holds. No I/O.
struct HeldLease {
  private(set) var record: LeaseRecord
  /// The version of the lock that this run wrote last.
  private(set) var state: FileState
  private(set) var isLost = false
  /// When the last request that renewed it was sent, on the monotonic clock.
  private var renewedAt: TimeSpan

  init(_ record: LeaseRecord, _ state: FileState, sentAt time: TimeSpan) {
    self.record = record
    self.state = state
    renewedAt = time
  }

  /// Whether it was renewed less than half a term ago, so no other run can take it yet.
  func isFresh(at time: TimeSpan) -> Bool { !isLost && time - renewedAt < LeaseClaim.trusted }

  mutating func renewed(_ record: LeaseRecord, _ state: FileState, sentAt time: TimeSpan) {
    self.record = record
    self.state = state
    renewedAt = max(renewedAt, time)
  }

  /// Takes the content of the lock object after a renewal found another version of it. The run's own record is there if the answer to
  /// an earlier renewal was lost; then the renewal can be repeated.
  mutating func found(_ bytes: [UInt8]?, _ state: FileState) {
    guard let bytes, let other = LeaseRecord(bytes), other.owner == record.owner, !other.isReleased else {
      isLost = true
      return
    }
    self.state = state
  }
}
