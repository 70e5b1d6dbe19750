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
  mutating func lookAgain(_ later: [Commit], _ intent: Intent?) async throws(StorageError) {
    known.formUnion(intent?.files ?? [])
    let explained = Set(later.flatMap { $0.filesAdded + $0.filesRemoved })
    var remaining: [StoredFile] = []
    for file in candidates where !explained.contains(file.path) {
      if try await storage.entry(file.path)?.kind == .file { remaining.append(file) }
    }
    candidates = remaining
  }

  private func kind(of path: String) -> Flaw.Unlisted {
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

extension Manifest {
  /// Of all files that it names.
  var paths: Set<String> { Set(partitions.flatMap { $0.files.map(\.path) } + quarantine.map(\.path)) }
}
