import Foundation
import ObjectStore
import TestSupport
import Testing

/// Archives of the program, copied into memory to check their table.
extension SimulatedStore {
  /// A copy of the archive in a folder that exists.
  static func copy(ofFolder folder: String) throws -> SimulatedStore {
    let store = SimulatedStore.emptyBucket()
    for file in try ArchiveOnDisk(folder).files() {
      store.setContents(
        of: String(file.dropFirst(folder.count + 1)), Array(try Data(contentsOf: URL(filePath: file))))
    }
    return store
  }

  /// A copy of the archive below a prefix of the bucket.
  static func copy(ofPrefix prefix: String, in objects: StoreClient) async throws -> SimulatedStore {
    let store = SimulatedStore.emptyBucket()
    for object in try await objects.listAll(prefix: prefix + "/") {
      let content = try #require(try await objects.get(object.key, limit: object.size))
      store.setContents(of: String(object.key.dropFirst(prefix.count + 1)), content.bytes)
    }
    return store
  }
}
