package import AuditArchive
package import AuditRecord
import BucketArchive
import HTTP
import ObjectStore
package import ObjectStoreFakes
import Synchronization

/// An archive in a bucket as the program keeps it, over an object store in memory.
package final class ObjectBucket: Sendable {
  package let store: FakeStore
  private static let prefix = "some/audit"

  package init() { store = FakeStore() }

  /// A copy of the objects, with every lease released.
  package init(copyOf other: ObjectBucket) {
    store = FakeStore(copyOf: other.store)
    for key in store.keys where key.hasSuffix("/lock") {
      let text = String(decoding: store[key]?.bytes ?? [], as: UTF8.self)
      store.setContents(of: key, Array(text.replacing("\"released\":false", with: "\"released\":true").utf8))
    }
  }

  /// The storage as a new process opens it.
  ///
  /// - Parameter scratch: the disk of its scratch folder, `/scratch`.
  package func storage(
    _ paths: ArchivePaths, clock: BucketClock = BucketClock(),
    scratch: FaultyFileSystem = FaultyFileSystem(folder: "/scratch")
  ) -> any ArchiveStorage {
    let client: StoreClient
    do {
      client = StoreClient(
        endpoint: try Endpoint(bucket: "bucket", region: "us-east-1", url: "https://store.test"),
        credentials: .fixed(clock), transport: store, clock: clock, retry: .test)
    } catch {
      fatalError("\(error)")
    }
    return BucketStorage(
      client, prefix: ObjectBucket.prefix, paths: paths, scratchFolder: "/scratch",
      scratchFiles: scratch, clock: clock)
  }

  /// Lets time pass by the clock of the store.
  package func advance(_ span: TimeSpan) { store.advance(span) }

  // MARK: Content, by path in the archive

  package func contents(of path: String) -> [UInt8]? { store["\(ObjectBucket.prefix)/\(path)"]?.bytes }

  package func setContents(of path: String, _ bytes: [UInt8]?) {
    store.setContents(of: "\(ObjectBucket.prefix)/\(path)", bytes)
  }

  /// The paths of all files, sorted.
  package var paths: [String] { store.keys.map { String($0.dropFirst(ObjectBucket.prefix.count + 1)) } }
}

/// Pauses between requests take no time. What sleeps for ten seconds or longer, such as the renewal of a lease, sleeps until `advance`
/// or until it is cancelled.
package final class BucketClock: RunClock {
  private struct State {
    var elapsed = TimeSpan.zero
    var made = 0
    var sleepers: [Int: (until: TimeSpan, wake: CheckedContinuation<Bool, Never>)] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  package var now: Timestamp { .test + elapsed }
  package var elapsed: TimeSpan { state.withLock(\.elapsed) }
  /// How many tasks sleep.
  package var sleeping: Int { state.withLock { $0.sleepers.count } }

  /// Wakes what has slept long enough.
  package func advance(_ span: TimeSpan) {
    let due = state.withLock { state in
      state.elapsed = state.elapsed + span
      let due = state.sleepers.filter { $0.value.until <= state.elapsed }
      for id in due.keys { state.sleepers[id] = nil }
      return due.values.map(\.wake)
    }
    for wake in due { wake.resume(returning: true) }
  }

  package func sleep(for span: TimeSpan) async throws(CancellationError) {
    if Task.isCancelled { throw CancellationError() }
    guard span >= .seconds(10) else {
      advance(span)
      return await Task.yield()
    }
    let id = state.withLock { state in
      state.made += 1
      return state.made
    }
    let isOver = await withTaskCancellationHandler {
      await withCheckedContinuation { wake in
        state.withLock { $0.sleepers[id] = ($0.elapsed + span, wake) }
        if Task.isCancelled { cancel(id) }
      }
    } onCancel: {
      cancel(id)
    }
    if !isOver { throw CancellationError() }
  }

  private func cancel(_ id: Int) {
    state.withLock { $0.sleepers.removeValue(forKey: id) }?.wake.resume(returning: false)
  }
}
