import AuditRecord

/// Finds data files that no commit names, because a loader that reads whole folders would load them. Files that other programs
/// typically leave are listed separately.
///
/// Looks twice, because a run puts files in place just before it commits them, and deletes replaced ones just after.
struct UnlistedCheck {
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let state: Manifest
  /// Files that the next run deletes: those of the intent, and those that the newest commits removed.
  private var known: Set<String>
  private var candidates: [StoredFile]
  /// Superseded files that an intent names, for readers of the table.
  private(set) var kept: [StoredFile] = []
  /// Files of other programs, also in the folders of the state.
  private(set) var foreignFiles: [ForeignFile] = []

  /// The first look.
  ///
  /// - Parameters:
  ///   - manifest: an older state that readers may still use.
  ///   - intent: the intent at that time.
  init(
    _ state: Manifest, alsoNamed manifest: Manifest?, known: Set<String>, _ intent: CommitIntent?,
    in listing: ArchiveListing, storage: any ArchiveStorage
  ) {
    let paths = storage.paths
    self.known = known
    self.storage = storage
    self.state = state
    let named = state.paths.union(manifest?.paths ?? [])
    candidates = listing.data.filter { !named.contains($0.path) }.sorted { $0.path < $1.path }
    let folders = PartFormat.allCases.map { paths.days($0) } + [paths.quarantine, paths.state]
    func others(_ files: [StoredFile]) -> [ForeignFile] {
      files.compactMap { file in folders.lazy.compactMap { ForeignFile(file.path, below: $0) }.first }
    }
    foreignFiles = (others(candidates) + others(listing.state) + listing.hidden).sorted { $0.path < $1.path }
    let explained = Set(foreignFiles.map(\.path))
    candidates.removeAll { explained.contains($0.path) }
    takeKept(intent)
  }

  private mutating func takeKept(_ intent: CommitIntent?) {
    let superseded = Set(intent?.superseded(in: state, paths).map(\.path) ?? [])
    guard !superseded.isEmpty else { return }
    kept += candidates.filter { superseded.contains($0.path) }
    candidates.removeAll { superseded.contains($0.path) }
  }

  /// Whether a running export may explain one of them.
  var isInDoubt: Bool { candidates.contains { ![.foreign, .stray].contains(kind(of: $0.path)) } }

  /// Another look, with the commits since the first one and the present intent.
  mutating func lookAgain(_ later: [Commit], _ intent: CommitIntent?) async throws(StorageError) {
    known.formUnion(intent?.files ?? [])
    takeKept(intent)
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

/// The entries of a log's folders and of the folders above them, where the pattern of a reader could match them.
struct ArchiveListing {
  /// Files of the folders of parts and of quarantine.
  private(set) var data: [StoredFile] = []
  /// Files of the state.
  private(set) var state: [StoredFile] = []
  /// Entries that are neither files nor folders, and folders where files belong. Sorted by path.
  private(set) var irregular: [StoredFile] = []
  /// Irregular entries under names that readers skip.
  private(set) var hidden: [ForeignFile] = []

  /// - Parameter withCommits: list the commit records too.
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
    // Entries beside the folders of logs belong to no log, but readers of the whole table find them.
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
      let left = ForeignFile(entry.path, below: folder)
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
  /// The first entry on the way to a folder, or at its place, that is no folder; nil if there is none.
  func obstacle(to folder: String) async throws(StorageError) -> StoredFile? {
    for path in ArchivePaths.foldersAbove(folder) + [folder] {
      guard let entry = try await entry(path) else { return nil }
      if entry.kind != .folder { return entry }
    }
    return nil
  }
}

/// A file of another program in the archive: neither damage nor data.
package struct ForeignFile: Hashable, Sendable {
  /// Which program left the file. The raw value is part of the JSON output.
  package enum Kind: String, Sendable {
    /// Its name, or that of a folder above it, begins with a dot; readers of tables skip it.
    case hidden
    /// Deleted over NFS while a program has it open.
    case deletedOverNFS = "deleted-over-nfs"
    /// Of a file manager, a network storage, or a file system.
    case ofSystem = "of-system"
    /// Of an editor.
    case backup
    /// Of a stopped `check`.
    case trial
  }

  /// Relative to the archive.
  package var path: String
  package var kind: Kind

  /// nil if no name in the path below `folder` is one that other programs typically leave.
  init?(_ path: String, below folder: String) {
    guard path.hasPrefix(folder + "/") else { return nil }
    let names = path.dropFirst(folder.count + 1).split(separator: "/")
    guard let kind = names.lazy.compactMap(ForeignFile.kind).first else { return nil }
    (self.path, self.kind) = (path, kind)
  }

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
