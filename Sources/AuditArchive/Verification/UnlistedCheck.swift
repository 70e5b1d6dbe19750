import AuditRecord

/// Finds files among the data that no commit names. A loader that reads whole folders would take them for data. What other
/// programs leave everywhere is told by itself.
///
/// Looks twice: a run that goes on at the same time puts its files in place just before it commits them, and deletes the ones
/// that they replace just after.
struct UnlistedCheck {
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let state: Manifest
  /// What a run said that it would put in its place, and what the newest commit removed: the next run deletes these.
  private var known: Set<String>
  private var candidates: [StoredFile]
  /// What other programs have left, in the log's folders of state too.
  private(set) var leftByOthers: [LeftByOthers] = []

  /// The first look. `alsoNamed`: what readers of an older manifest may still be after.
  init(
    _ state: Manifest, alsoNamed manifest: Manifest?, known: Set<String>, in listing: ArchiveListing,
    storage: any ArchiveStorage
  ) {
    let paths = storage.paths

    self.known = known
    self.storage = storage
    self.state = state
    let named = state.paths.union(manifest?.paths ?? [])
    candidates = listing.data.filter { !named.contains($0.path) }.sorted { $0.path < $1.path }
    let folders = PartFormat.allCases.map { paths.days($0) } + [paths.quarantine, paths.state]
    func others(_ files: [StoredFile]) -> [LeftByOthers] {
      files.compactMap { file in folders.lazy.compactMap { LeftByOthers(file.path, below: $0) }.first }
    }
    leftByOthers = (others(candidates) + others(listing.state) + listing.hidden).sorted { $0.path < $1.path }
    let explained = Set(leftByOthers.map(\.path))
    candidates.removeAll { explained.contains($0.path) }
  }

  /// Whether a run that is under way may still explain one of them.
  var isInDoubt: Bool { candidates.contains { ![.foreign, .stray].contains(kind(of: $0.path)) } }

  /// Another look. `later`: the commits that have come since the first one; `intent`: what is said now.
  mutating func lookAgain(_ later: [Commit], _ intent: CommitIntent?) async throws(StorageError) {
    known.formUnion(intent?.files ?? [])
    let explained = Set(later.flatMap { $0.filesAdded + $0.filesRemoved })
    var remaining: [StoredFile] = []
    for file in candidates where !explained.contains(file.path) {
      if try await storage.entry(file.path)?.kind == .file { remaining.append(file) }
    }
    candidates = remaining
  }

  private func kind(of path: String) -> Finding.Problem.Unlisted {
    let place: (isLater: Bool, isEarlier: Bool)
    if let name = paths.partName(path) {
      let revision = state.partition(name.day)?.revision ?? 0
      place = (name.revision > revision, name.revision < revision)
    } else if let name = paths.quarantineName(path) {
      place = (name.commit > state.commit, false)
    } else {
      return .foreign
    }
    if known.contains(path), place.isLater || place.isEarlier {
      return .leftover(place.isLater ? .neverCommitted : .superseded)
    }
    return place.isLater ? .later : place.isEarlier ? .returned : .stray
  }

  var findings: [Finding] {
    candidates.map { file in
      Finding(.unlisted(kind(of: file.path)), at: file.path, day: paths.partName(file.path)?.day)
    }
  }
}

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

/// A file of other programs among those of an archive: no damage, and no data either.
package struct LeftByOthers: Hashable, Sendable {
  package enum Kind: String, Sendable {
    /// Its name, or that of a folder on the way to it, begins with a dot: readers of tables skip it.
    case hidden
    /// A file that was deleted over NFS while a program on that machine has it open.
    case deletedOverNFS = "deleted-over-nfs"
    /// Of a file manager, a network storage, or a file system.
    case ofSystem = "of-system"
    /// Of an editor.
    case backup
    /// Of a `check` that was stopped.
    case trial
  }

  /// Relative to the archive.
  package var path: String
  package var kind: Kind

  /// nil when nothing in the path below `folder` is a name that other programs are known to leave.
  init?(_ path: String, below folder: String) {
    guard path.hasPrefix(folder + "/") else { return nil }
    let names = path.dropFirst(folder.count + 1).split(separator: "/")
    guard let kind = names.lazy.compactMap(LeftByOthers.kind).first else { return nil }
    (self.path, self.kind) = (path, kind)
  }

  /// nil for a name that nobody is known to leave.
  private static func kind(_ name: Substring) -> Kind? {
    if name.hasPrefix(".nfs") { return .deletedOverNFS }
    if name.hasPrefix(".") { return .hidden }
    if name.hasPrefix("_check-") { return .trial }
    if ofSystem.contains(name.lowercased()) { return .ofSystem }
    let isBackup =
      name.hasSuffix("~") || name.hasPrefix("~$") || (name.hasPrefix("#") && name.hasSuffix("#"))
      || backupEndings.contains(where: name.hasSuffix)
    return isBackup ? .backup : nil
  }

  private static let ofSystem: Set<String> = [
    "@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot",  // network storages
    "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information",  // Windows
    "__macosx", "icon\r", "network trash folder", "temporary items",  // macOS
    "lost+found",
  ]
  private static let backupEndings = [".bak", ".orig", ".swp", ".swo"]
}
