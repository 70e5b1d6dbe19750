import AuditRecord

/// What stands in the folders of a log, and on the way to them, where a reader's pattern would find it.
struct ArchiveListing {
  /// Files of parts and of quarantine.
  private(set) var data: [StoredFile] = []
  /// Files of the log's state.
  private(set) var state: [StoredFile] = []
  /// What is neither a file nor a folder, or a folder in a file's place; by path.
  private(set) var irregular: [StoredFile] = []
  /// Such things under a name that readers skip.
  private(set) var hidden: [LeftByOthers] = []

  /// `withCommits`: lists the commit records too.
  init(_ storage: any ArchiveStorage, withCommits: Bool) async throws(StorageError) {
    let paths = storage.paths
    var found: [(entry: StoredFile, below: String)] = []
    let data = PartFormat.allCases.map { paths.days($0) } + [paths.quarantine]
    var above: Set<String> = []
    for folder in data + [paths.state] {
      var files: [StoredFile] = []
      if let obstacle = try await storage.obstacle(to: folder) {
        found.append((obstacle, ArchivePaths.folder(of: obstacle.path)))
      } else {
        let isDeep = folder != paths.state || withCommits
        files = try await storage.list(folder, after: nil, isDeep: isDeep)
        if !isDeep { files.removeAll { $0.kind == .folder && !paths.isNameOfFile($0.path) } }
      }
      if folder == paths.state { state = files } else { self.data += files }
      found += files.filter { $0.kind != .file }.map { ($0, folder) }
      above.formUnion(ArchivePaths.foldersAbove(folder))
    }
    // What stands beside the folders of the logs is no log's own, and found by whoever reads the whole table.
    for folder in above.sorted() {
      guard try await storage.obstacle(to: folder) == nil else { continue }
      found += try await storage.list(folder, after: nil, isDeep: false).filter {
        $0.kind != .file && $0.kind != .folder
      }
      .map { ($0, folder) }
    }
    if let obstacle = try await storage.obstacle(to: paths.staging) {
      found.append((obstacle, ArchivePaths.folder(of: obstacle.path)))
    }
    self.data.removeAll { $0.kind != .file }
    state.removeAll { $0.kind != .file }
    for (entry, folder) in found where !irregular.contains(entry) {
      let left = LeftByOthers(entry.path, below: folder)
      if let left, left.kind == .hidden || left.kind == .deletedOverNFS {
        hidden.append(left)
      } else {
        irregular.append(entry)
      }
    }
    irregular.sort { $0.path < $1.path }
  }
}

extension ArchiveStorage {
  /// The first thing on the way to a folder, and in its place, that is no folder; nil where the way is free, or ends.
  func obstacle(to folder: String) async throws(StorageError) -> StoredFile? {
    for path in ArchivePaths.foldersAbove(folder) + [folder] {
      guard let entry = try await entry(path) else { return nil }
      if entry.kind != .folder { return entry }
    }
    return nil
  }
}
