import AuditRecord

/// Finds files among the data that no commit names. A loader that reads whole folders would take them for data. What other
/// programs leave everywhere is told by itself.
///
/// Looks twice: a run that goes on at the same time puts its files in place just before it commits them, and deletes the ones
/// that they replace just after.
struct UnlistedCheck {
  private let storage: any ArchiveStorage
  private let paths: ArchivePaths
  private let state: Manifest
  private var candidates: [StoredFile]
  /// What other programs have left, in the log's folders of state too.
  private(set) var leftByOthers: [LeftByOthers] = []

  /// The first look. `alsoNamed`: what readers of an older manifest may still be after.
  init(
    _ state: Manifest, alsoNamed manifest: Manifest?, in listing: ArchiveListing,
    storage: any ArchiveStorage, paths: ArchivePaths
  ) {
    self.storage = storage
    self.paths = paths
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
  var isInDoubt: Bool { !leftovers.isEmpty }

  /// Another look. `later`: the commits that have come since the first one.
  mutating func lookAgain(_ later: [Commit]) throws(StorageError) {
    let explained = Set(later.flatMap { $0.filesAdded + $0.filesRemoved })
    var remaining: [StoredFile] = []
    for file in candidates where !explained.contains(file.path) {
      if try storage.entry(file.path)?.kind == .file { remaining.append(file) }
    }
    candidates = remaining
  }

  private var leftovers: [Leftover] {
    Recovery(paths: paths, state: state, beginning: [], files: candidates).leftovers
  }

  var findings: [Finding] {
    let reasons = Dictionary(leftovers.map { ($0.path, $0.reason) }, uniquingKeysWith: { first, _ in first })
    return candidates.map { file in
      let name = paths.partName(file.path)
      let isOurs = name != nil || paths.quarantineName(file.path) != nil
      let kind = reasons[file.path].map(Flaw.Unlisted.leftover) ?? (isOurs ? .stray : .foreign)
      return Finding(.unlisted(kind), at: file.path, day: name?.day)
    }
  }
}

extension Manifest {
  /// Of all files that it names.
  var paths: Set<String> { Set(partitions.flatMap { $0.files.map(\.path) } + quarantine.map(\.path)) }
}
