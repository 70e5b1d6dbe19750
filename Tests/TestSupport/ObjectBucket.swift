package import AuditArchive
import AuditRecord
import BucketArchive
import HTTP
import ObjectStore
package import ObjectStoreFakes

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
  package func storage(_ paths: ArchivePaths) -> any ArchiveStorage {
    let clock = BucketClock()
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
      scratchFiles: FaultyFileSystem(folder: "/scratch"), clock: clock)
  }

  // MARK: Content, by path in the archive

  package func contents(of path: String) -> [UInt8]? { store["\(ObjectBucket.prefix)/\(path)"]?.bytes }

  package func setContents(of path: String, _ bytes: [UInt8]?) {
    store.setContents(of: "\(ObjectBucket.prefix)/\(path)", bytes)
  }

  /// The paths of all files, sorted.
  package var paths: [String] { store.keys.map { String($0.dropFirst(ObjectBucket.prefix.count + 1)) } }
}

/// Pauses between requests take no time. What sleeps longer, the renewal of a lease, sleeps until it is cancelled.
private final class BucketClock: RunClock {
  private let manual = ManualClock()

  var now: Timestamp { manual.now }
  var elapsed: TimeSpan { manual.elapsed }

  func sleep(for span: TimeSpan) async throws(CancellationError) {
    guard span > .seconds(25) else { return try await manual.sleep(for: span) }
    do { try await Task.sleep(for: .seconds(1_000_000)) } catch { throw CancellationError() }
  }
}
