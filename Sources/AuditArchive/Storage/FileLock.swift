/// A file lock (flock). It ends with the process at the latest, so the lock of a killed run is free.
struct FileLock: Lease {
  let files: any FileSystem
  let file: OpenFile
  let generation: Int
  var isTakeover: Bool { false }

  func isHeld() async throws(StorageError) -> Bool { try files.isInPlace(file) }

  var standing: LeaseStanding {
    get async {
      do throws(StorageError) {
        return try files.isInPlace(file) ? .held : .lost
      } catch {
        return .unknown
      }
    }
  }

  func release() async throws(StorageError) { try files.close(file) }
  func noteFence() async {}
}
