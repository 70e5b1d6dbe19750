import AuditArchive
import AuditRecord
import ObjectStoreFakes
import Synchronization
import TestSupport
import Testing

@testable import BucketArchive

/// The lease of a log over an object store in memory.
@Suite struct BucketLeaseTests {
  private static let paths = ArchivePaths(LogName("acme")!)
  private static let me = LockHolder(pid: 1, host: "here", since: .test)
  private static let other = LockHolder(pid: 2, host: "there", since: .test)
  private let bucket = ObjectBucket()

  /// A lock that another run wrote.
  private func record(expiresIn seconds: Double, isReleased: Bool = false) -> [UInt8] {
    var record = LeaseRecord(
      generation: 7, owner: "other", holder: Self.other, expiresAt: .test + .seconds(seconds))
    record.isReleased = isReleased
    return record.bytes
  }

  @Test func `a run that waits for an expired lease says for whom, and is interrupted by a cancellation`()
    async throws
  {
    bucket.setContents(of: Self.paths.lock, record(expiresIn: -30))
    let storage = bucket.storage(Self.paths)
    let events = AsyncStream<LeaseEvent>.makeStream()
    let task = Task { () -> StorageError? in
      do throws(StorageError) {
        _ = try await storage.takeLease(Self.me) { events.continuation.yield($0) }
        return nil
      } catch {
        return error
      }
    }
    var told = events.stream.makeAsyncIterator()
    let expired = ExpiredLease(holder: Self.other, until: .test + .seconds(90))
    #expect(await told.next() == .waiting(expired))
    task.cancel()
    #expect(await task.value?.reason == .interrupted)
    #expect(bucket.contents(of: Self.paths.lock) == record(expiresIn: -30))
  }

  @Test func `an expired lease is taken over after the wait`() async throws {
    bucket.setContents(of: Self.paths.lock, record(expiresIn: -30))
    let clock = BucketClock()
    let storage = bucket.storage(Self.paths, clock: clock)
    let task = Task {
      try await storage.takeLease(Self.me) { event in
        // The wait begins after this.
        if case .waiting = event { Task { await wake(clock, after: .seconds(90)) } }
      }
    }
    guard case .taken(let lease) = try await task.value else {
      Issue.record("it was not taken")
      return
    }
    #expect(lease.isTakeover && lease.generation == 8)
  }

  @Test func `the state of a lease is what a run would find`() async throws {
    func state(_ bytes: [UInt8]?) async throws -> LeaseState {
      bucket.setContents(of: Self.paths.lock, bytes)
      return try await bucket.storage(Self.paths).leaseState()
    }
    func expired(_ holder: LockHolder?, in seconds: Double) -> LeaseState {
      .expired(ExpiredLease(holder: holder, until: .test + .seconds(seconds)))
    }
    #expect(try await state(nil) == .never)
    #expect(try await state(record(expiresIn: 60)) == .held(Self.other))
    #expect(try await state(record(expiresIn: 60, isReleased: true)) == .free)
    #expect(try await state(record(expiresIn: 0)) == expired(Self.other, in: 120))
    #expect(try await state(record(expiresIn: -119)) == expired(Self.other, in: 1))
    #expect(try await state(record(expiresIn: -120)) == .free)
    #expect(try await state(record(expiresIn: 86_400)) == expired(Self.other, in: 120))
    #expect(try await state(Array("not a lease".utf8)) == expired(nil, in: 120))
    #expect(try await state(ArchiveJSON.encode(Self.other, onOneLine: true)) == .free)
  }

  // MARK: The end of a run

  @Test(arguments: [false, true])
  func `an interrupted run gives up tidying after ten seconds if the store does not answer`(
    isRenewing: Bool
  ) async throws {
    let clock = BucketClock()
    let storage = bucket.storage(Self.paths, clock: clock)
    let lease = try await taken(storage)
    await untilSleeping(1, clock)  // until the next renewal
    bucket.store.goSilent()
    if isRenewing {
      clock.advance(.seconds(30))
      await untilSleeping(0, clock)
    }
    let sent = bucket.store.requests.count
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return [
        await failure { () throws(StorageError) in try await storage.delete(["csv/a", "csv/b"]) },
        await failure { () throws(StorageError) in try await lease.release() },
      ]
    }
    // Two deletions at once, beside the renewal.
    await untilSleeping(isRenewing ? 2 : 3, clock)
    clock.advance(.seconds(10))
    // After a deletion of unknown outcome the lease is left to expire.
    #expect(await task.value.map { $0?.reason } == [.unreachable, nil])
    // The renewal may have been sent before or after the count.
    let requests = bucket.store.requests.dropFirst(sent).filter { !$0.hasSuffix("/lock") }
    #expect(requests.count == 2, "\(requests)")
  }

  @Test func `a renewal on its way does not hold up the end of an interrupted run`() async throws {
    let clock = BucketClock()
    let lease = try await taken(bucket.storage(Self.paths, clock: clock))
    await untilSleeping(1, clock)
    bucket.store.goSilent()
    let sent = bucket.store.requests.count
    clock.advance(.seconds(30))
    while bucket.store.requests.count == sent { await Task.yield() }
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await failure { () throws(StorageError) in try await lease.release() }
    }
    await untilSleeping(1, clock)
    clock.advance(.seconds(10))
    #expect(await task.value?.reason == .unreachable)
    #expect(bucket.store.requests.count == sent + 1)
  }

  @Test
  func `after a call without an answer the lease is released with one attempt, after an answer with all`()
    async throws
  {
    for isBack in [false, true] {
      let bucket = ObjectBucket()
      let storage = bucket.storage(Self.paths)
      let lease = try await taken(storage)
      bucket.store.die(at: 1, isDone: false)
      #expect(
        await failure { () throws(StorageError) in try await storage.create("a", [1]) }?.reason
          == .unreachable)
      if isBack {
        bucket.store.restart()
        try await storage.create("b", [1])
        bucket.store.fail(Dictionary(uniqueKeysWithValues: (1...5).map { ($0, .refuse) }))
      }
      let sent = bucket.store.requests.count
      let error = await failure { () throws(StorageError) in try await lease.release() }
      #expect(bucket.store.requests.count - sent == (isBack ? 6 : 1))
      #expect((error == nil) == isBack)
    }
  }

  @Test func `a failed upload is aborted with one attempt if the store does not answer`() async throws {
    let storage = bucket.storage(Self.paths)
    let scratch = try await storage.makeScratch { Issue.record("\($0)") }
    let file = try scratch.create()
    try scratch.append([UInt8](repeating: 7, count: PartUpload.piece + 1), to: file)
    try scratch.seal(file)
    // The upload is created, and nothing after that arrives.
    bucket.store.die(at: 2, isDone: false)
    let error = await failure { () throws(StorageError) in try await storage.put([(file, "csv/a")]) }
    #expect(error?.reason == .unreachable)
    // Six attempts at the first piece.
    #expect(bucket.store.requests.count == 1 + 6 + 1, "\(bucket.store.requests)")
    #expect(bucket.store.requests.last?.hasPrefix("DELETE ") == true, "\(bucket.store.requests)")
  }

  @Test func `a wait for a store that does not answer at the begin of a run can be interrupted`() async throws
  {
    let storage = bucket.storage(Self.paths)
    bucket.store.goSilent()
    let task = Task {
      await failure { () throws(StorageError) in _ = try await storage.takeLease(Self.me) { _ in } }
    }
    while bucket.store.requests.isEmpty { await Task.yield() }
    task.cancel()
    #expect(await task.value?.reason == .interrupted)
  }

  // MARK: After a loss

  @Test func `a run that has lost its lease deletes nothing`() async throws {
    let clock = BucketClock()
    let storage = bucket.storage(Self.paths, clock: clock)
    let (losses, loss) = AsyncStream<Void>.makeStream()
    guard
      case .taken(let lease) = try await storage.takeLease(
        Self.me, observe: { if $0 == .lost { loss.yield() } })
    else {
      Issue.record("it was not taken")
      return
    }
    try await storage.create("csv/a", [1])
    bucket.setContents(of: Self.paths.lock, record(expiresIn: 60))
    await untilSleeping(1, clock)
    clock.advance(.seconds(30))
    for await _ in losses { break }
    #expect(await lease.standing == .lost)
    #expect(
      await failure { () throws(StorageError) in try await storage.delete(["csv/a"]) }?.reason == .outrun)
    #expect(bucket.contents(of: "csv/a") == [1])
    try await lease.release()
    #expect(bucket.contents(of: Self.paths.lock) == record(expiresIn: 60))
  }

  @Test func `an interrupted run whose lease was not renewed for a minute leaves its files to the next one`()
    async throws
  {
    let clock = BucketClock()
    let storage = bucket.storage(Self.paths, clock: clock)
    let lease = try await taken(storage)
    try await storage.create("csv/a", [1])
    await untilSleeping(1, clock)
    bucket.store.goSilent()
    clock.advance(.seconds(61))
    #expect(await lease.standing == .unknown)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await failure { () throws(StorageError) in try await storage.delete(["csv/a"]) }
    }
    #expect(await task.value?.reason == .outrun)
    #expect(bucket.contents(of: "csv/a") == [1])
  }

  // MARK: Support

  private func taken(_ storage: any ArchiveStorage) async throws -> any Lease {
    let answer = try await storage.takeLease(Self.me) { _ in }
    guard case .taken(let lease) = answer else { throw StorageError.notTaken }
    return lease
  }

  private func failure(
    _ body: () async throws(StorageError) -> Void
  ) async -> StorageError? {
    do throws(StorageError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  private func untilSleeping(_ count: Int, _ clock: BucketClock) async {
    while clock.sleeping != count { await Task.yield() }
  }

  /// Lets time pass once something sleeps.
  private func wake(_ clock: BucketClock, after span: TimeSpan) async {
    while clock.sleeping == 0 { await Task.yield() }
    clock.advance(span)
  }
}

extension StorageError {
  fileprivate static let notTaken = StorageError(
    operation: .lock, path: "", reason: .other, detail: "it was not taken")
}
