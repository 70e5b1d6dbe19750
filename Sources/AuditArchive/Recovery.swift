package import AuditRecord

/// Decides what a crashed run left behind that has to go, and which files of the state are not as they were sealed.
///
/// Only names that `ArchivePaths` reads back are looked at, and nothing that the state names is ever a leftover.
struct Recovery {
  let leftovers: [Leftover]
  let damaged: [DamagedFile]

  /// `files`: everything in the log's folders of parts and quarantine. `beginning`: what a first run was putting there;
  /// as long as there is no state, nothing else is a leftover.
  init(paths: ArchivePaths, state: Manifest?, beginning: Set<String>, files: [StoredFile]) {
    var found = Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var damaged: [DamagedFile] = []
    func expect(_ path: String, _ bytes: Int, _ day: Day?) {
      let file = found.removeValue(forKey: path)
      guard let damage = Damage(to: file, bytes: bytes) else { return }
      damaged.append(DamagedFile(path: path, day: day, damage: damage))
    }
    for partition in state?.partitions ?? [] {
      for file in partition.files { expect(file.path, file.bytes, partition.eventDate) }
    }
    for file in state?.quarantine ?? [] { expect(file.path, file.bytes, nil) }
    self.damaged = damaged

    self.leftovers = found.values.filter { $0.kind == .file }.map(\.path).sorted().compactMap { path in
      guard state != nil || beginning.contains(path) else { return nil }
      if let name = paths.partName(path) {
        let revision = state?.partition(name.day)?.revision ?? 0
        if name.revision > revision { return Leftover(path: path, reason: .neverCommitted) }
        if name.revision < revision { return Leftover(path: path, reason: .superseded) }
      } else if let name = paths.quarantineName(path), name.commit > state?.commit ?? 0 {
        return Leftover(path: path, reason: .neverCommitted)
      }
      return nil
    }
  }
}

extension Damage {
  /// As far as a look at the name tells; nil for none. `found`: what stands there; nil for nothing.
  init?(to found: StoredFile?, bytes: Int) {
    guard let found else {
      self = .missing
      return
    }
    guard found.kind == .file else {
      self = .notAFile(found.kind)
      return
    }
    guard found.size != bytes else { return nil }
    self = .size(expected: bytes, found: found.size)
  }
}

/// A file of ours that no reader may take for data.
package struct Leftover: Hashable, Sendable {
  package enum Reason: String, Sendable {
    /// Of a run that died before its commit.
    case neverCommitted = "never committed"
    /// Of a revision that a commit replaced.
    case superseded
    /// Unsealed work of a run that died.
    case staging
  }

  package var path: String
  package var reason: Reason

  package init(path: String, reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

/// What opening an archive for writing found and did.
package struct RecoveryReport: Hashable, Sendable {
  /// Commits that the manifest did not have yet.
  package var rolledForward: [Int] = []
  package var deleted: [Leftover] = []
  package var damaged: [DamagedFile] = []
  /// Whether the file system has no fsync of folders: a power failure may take back the names of the last files.
  package var lacksDurableNames = false

  package init() {}

  /// The days that cannot be merged into.
  package var damagedDays: Set<Day> { Set(damaged.compactMap(\.day)) }
}
