import Foundation
import ObjectStore
import TestSupport

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
      // A deletion of a killed run can still be on its way.
      guard let content = try await objects.get(object.key, limit: object.size) else { continue }
      store.setContents(of: String(object.key.dropFirst(prefix.count + 1)), content.bytes)
    }
    return store
  }
}
