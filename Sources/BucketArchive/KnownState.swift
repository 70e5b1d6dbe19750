import AuditArchive

/// The state objects of a log, as far as the run that holds its lease knows them.
struct KnownState: Sendable {
  enum Object: Sendable {
    case present([UInt8], FileState)
    case absent
  }

  /// Larger objects are read again.
  private static let limit = 4 << 20

  /// Only the holder of the lease knows that nobody else changes them.
  private(set) var isLeased = false
  private var objects: [String: Object] = [:]
  /// The folder that was listed, the path after which, and what was there.
  private var listing: (folder: String, after: String?, paths: Set<String>)?

  subscript(path: String) -> Object? {
    // The kind of an archive changes only while no log is written.
    if !isLeased, path != ArchivePaths.kind { return nil }
    if let object = objects[path] { return object }
    guard let listing, path.hasPrefix(listing.folder + "/"), !listing.paths.contains(path),
      listing.after.map({ $0.utf8.lexicographicallyPrecedes(path.utf8) }) ?? true
    else { return nil }
    return .absent
  }

  /// From now on, no other run changes the objects.
  mutating func beginLease() {
    objects = [:]
    isLeased = true
  }

  mutating func note(_ path: String, _ bytes: [UInt8], _ state: FileState) {
    listing?.paths.insert(path)
    guard path.hasPrefix("_manifest/"), isLeased || path == ArchivePaths.kind,
      bytes.count <= KnownState.limit
    else { return }
    objects[path] = .present(bytes, state)
  }

  mutating func noteAbsent(_ path: String) {
    guard isLeased else { return forget(path) }
    if path.hasPrefix("_manifest/") { objects[path] = .absent }
    listing?.paths.remove(path)
  }

  /// Forgets an object that is being written.
  mutating func forget(_ path: String) {
    objects[path] = nil
    listing?.paths.insert(path)
  }

  /// Whether the objects after `path` are worth a listing: there was none yet, and that path is known to be there.
  func mayList(after path: String?) -> Bool {
    guard isLeased, listing == nil else { return false }
    guard let path else { return true }
    if case .present = objects[path] { return true }
    return false
  }

  mutating func list(_ folder: String, after path: String?, _ paths: [String]) {
    listing = (folder, path, Set(paths))
  }
}
