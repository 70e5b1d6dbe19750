import AuditRecord

/// The records of a log at one instant: the manifest, the intent, and the numbers of the commits to read.
struct RecordedState {
  /// nil if it is missing or unreadable.
  private(set) var manifest: RecordedManifest?
  /// The intent of a running or killed run.
  private(set) var intent: CommitIntent?
  /// Where the verification begins; nil for the first commit.
  private(set) var base: ChainBase?
  /// The numbers of the records after `base`, in order. With a base, some may be missing.
  private(set) var numbers: [Int] = []
  private(set) var findings: [Finding] = []
  private var hasManifest = false

  /// Whether there is no trace of a commit.
  var isEmpty: Bool { !hasManifest && numbers.isEmpty }

  /// Reads the records, and repeats that while the manifest is behind: a run replaces it after its commit.
  ///
  /// Throws if nothing can be read.
  static func read(
    _ storage: any ArchiveStorage, _ settings: VerificationSettings, looks: Int, _ patience: () -> Void
  ) async throws(ArchiveError) -> RecordedState {
    var state = try await RecordedState(storage, settings)
    for _ in 1..<looks where state.isBehind {
      patience()
      state = try await RecordedState(storage, settings)
    }
    if !state.hasManifest, let newest = state.numbers.last, newest > 1 {
      state.findings.append(Finding(.missing(), at: storage.paths.manifest))
    }
    return state
  }

  /// Reads the manifest first, so that the numbers include its commits.
  private init(
    _ storage: any ArchiveStorage, _ settings: VerificationSettings
  ) async throws(ArchiveError) {
    let paths = storage.paths
    do throws(ArchiveError) {
      if let bytes = try await stored(await storage.read(paths.manifest))?.bytes {
        hasManifest = true
        let recorded = try RecordedManifest(bytes, path: paths.manifest)
        let found = recorded.manifest.source.log
        if found == paths.log {
          manifest = recorded
        } else if found.isOtherSpelling(of: paths.log),
          try await !stored(await storage.isSpelledSo(paths.state))
        {
          throw ArchiveError.otherSpelling(found: found, asked: paths.log)
        } else {
          let problem = Finding.Problem.wrongManifest(
            member: "source", expected: "\(paths.log)", found: "\(found)")
          findings.append(Finding(problem, at: paths.manifest))
        }
      }
    } catch {
      switch error {
      case .newerFormat, .otherSpelling: throw error
      case .storage(let error) where [.denied, .tooManyOpenFiles, .disconnected].contains(error.reason):
        throw .storage(error)
      default: findings.append(Finding(.unreadable(error.reason), at: paths.manifest))
      }
      hasManifest = true
    }
    do throws(ArchiveError) {
      intent = try await ArchiveState(storage).intent()
    } catch {
      switch error {
      case .damaged(let finding): findings.append(finding)
      case .storage(let error) where ![.denied, .tooManyOpenFiles, .disconnected].contains(error.reason):
        let path = error.path.hasSuffix(paths.beginning) ? paths.beginning : paths.intent
        findings.append(Finding(.unreadable("\(error)"), at: path))
      default: throw error
      }
    }
    if let manifest = manifest?.manifest, let base = await ChainBase(manifest, settings, storage) {
      self.base = base
      numbers = Array(base.number + 1...(try await newest(from: manifest.commit, storage)))
    } else {
      numbers = try await stored(await storage.list(paths.commits)).compactMap { paths.commitNumber($0.path) }
        .sorted().filter { $0 < .max }
    }
  }

  /// The newest commit from the manifest's on. Skips a single missing record.
  private func newest(from number: Int, _ storage: any ArchiveStorage) async throws(ArchiveError) -> Int {
    let paths = storage.paths
    var newest = number
    while true {
      if try await stored(await storage.entry(paths.commit(newest + 1))) != nil {
        newest += 1
      } else if try await stored(await storage.entry(paths.commit(newest + 2))) != nil {
        newest += 2
      } else {
        return newest
      }
    }
  }

  private var isBehind: Bool {
    guard let newest = numbers.last else { return false }
    return manifest.map { $0.manifest.commit < newest } ?? !hasManifest
  }
}

/// A manifest and its bytes.
struct RecordedManifest {
  let manifest: Manifest
  let bytes: [UInt8]

  /// Throws `.newerFormat`, and `.damaged` also for JSON that parsers read differently.
  init(_ bytes: [UInt8], path: String) throws(ArchiveError) {
    self.bytes = bytes
    manifest = try ArchiveJSON.decode(Manifest.self, from: bytes, path: path)
    do throws(JSONTreeError) {
      _ = try RecordText(bytes, expected: ArchiveJSON.encode(manifest))
    } catch {
      throw .unreadable(path, "\(error)")
    }
  }
}

/// The commit at which a verification begins that does not read all records, with the part of its state that the manifest shows.
///
/// The manifest is the sum of all commits. So a day that no later commit changes had the same entry at this commit. For other days,
/// the record of the first commit that changes them shows the former revision and the removed files.
struct ChainBase {
  let number: Int
  /// The SHA-256 of its record's bytes.
  let sha256: String
  /// The entries of the manifest that are at most this old, and the standing of the record.
  let state: Manifest

  /// The manifest's own commit.
  private let manifestCommit: Int
  private let paths: ArchivePaths
  /// Days that later commits have changed.
  private var changed: Set<Day> = []

  /// nil if all records have to be read: the settings ask for it, or one of the two records that it needs is missing or unreadable.
  ///
  /// The record of the manifest's own commit always comes later, so that it is compared with the manifest.
  init?(
    _ manifest: Manifest, _ settings: VerificationSettings, _ storage: any ArchiveStorage
  ) async {
    let paths = storage.paths
    guard !settings.readsHistory else { return nil }
    let number = min(settings.since?.number ?? .max, manifest.commit - 1)
    guard number > 0 else { return nil }
    do throws(ArchiveError) {
      guard try await stored(await storage.entry(paths.commit(manifest.commit))) != nil,
        let (commit, sha256) = try await ArchiveState(storage).commit(number),
        commit.commit == number
      else { return nil }
      self.number = number
      self.sha256 = sha256
      self.manifestCommit = manifest.commit
      self.paths = paths
      state = Manifest(
        standing: commit.standing, commitSHA256: sha256,
        partitions: manifest.orderedPartitions.filter { $0.changedInCommit <= number },
        quarantine: manifest.quarantine.filter { (paths.quarantineName($0.path)?.commit ?? 0) <= number })
    } catch {
      return nil  // reading all records reports it
    }
  }

  /// Completes the state before a commit with what its record shows of it.
  mutating func complete(_ state: inout Manifest?, before commit: Commit) {
    guard commit.commit <= manifestCommit, var complete = state else { return }
    for partition in commit.partitionsChanged where changed.insert(partition.eventDate).inserted {
      complete.set(partition.eventDate, before(partition, in: commit))
    }
    for day in commit.partitionsRemoved where changed.insert(day).inserted {
      let revision = commit.filesRemoved.lazy.compactMap(paths.partName).first { $0.day == day }?.revision
      complete.set(
        day, Partition(day, revision: revision ?? 0, files: gone(of: day, revision ?? 0, in: commit)))
    }
    let known = Set(complete.quarantine.map(\.path))
    let given = commit.filesRemoved.filter { path in
      !known.contains(path) && paths.quarantineName(path).map { $0.commit <= number } ?? false
    }
    complete.quarantine += given.map { QuarantineFile(path: $0, records: 0, bytes: 0, sha256: "") }
    state = complete
  }

  /// The entry of a day before the first commit that changes it; nil if it had none, or no rows.
  private func before(_ partition: Partition, in commit: Commit) -> Partition? {
    // Only the state changed; the rest of the entry is older.
    guard partition.changedInCommit == commit.commit else {
      return partition.changedInCommit <= number ? partition : nil
    }
    let (day, revision) = (partition.eventDate, partition.revision - 1)
    guard revision > 0 else { return nil }
    return Partition(day, revision: revision, files: gone(of: day, revision, in: commit))
  }

  private func gone(of day: Day, _ revision: Int, in commit: Commit) -> [PartFile] {
    commit.filesRemoved.compactMap { path in
      guard let name = paths.partName(path), name.day == day, name.revision == revision else { return nil }
      return PartFile(
        path: path, format: name.format, rows: 0, bytes: 0, uncompressedBytes: 0, sha256: "",
        minEventAt: day.start, maxEventAt: day.start)
    }
  }
}

extension Manifest {
  /// Sorted, each day once, as the code that uses a state expects.
  var orderedPartitions: [Partition] {
    Dictionary(partitions.map { ($0.eventDate, $0) }, uniquingKeysWith: { $1 }).values
      .sorted { $0.eventDate < $1.eventDate }
  }

  /// Sets or, with nil, removes the entry of a day.
  fileprivate mutating func set(_ day: Day, _ entry: Partition?) {
    let index = partitions.partitioningIndex { $0.eventDate >= day }
    if index < partitions.count, partitions[index].eventDate == day { partitions.remove(at: index) }
    if let entry { partitions.insert(entry, at: index) }
  }
}

extension Partition {
  /// An entry of which only this much is known.
  fileprivate init(_ day: Day, revision: Int, files: [PartFile]) {
    self.init(
      eventDate: day, state: .open, revision: revision, changedInCommit: 0, rows: 0, minEventAt: nil,
      maxEventAt: nil, contentSHA256: "", files: files)
  }
}
