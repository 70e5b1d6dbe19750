import AuditArchive
import AuditRecord
import ObjectStoreFakes
import Synchronization
import TestSupport
import Testing

@testable import BucketArchive

/// The lease of a log over an object store in memory.
@Suite(.timeLimit(.minutes(1))) struct BucketLeaseTests {
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

  /// Lets time pass once something sleeps.
  private func wake(_ clock: BucketClock, after span: TimeSpan) async {
    while clock.sleeping == 0 { await Task.yield() }
    clock.advance(span)
  }
}
