import AuditRecord

/// Which records a log has at one instant: the manifest as it stands, and the numbers of the commits that are to be read.
struct RecordedState {
  /// nil when there is none, or none that can be read.
  private(set) var manifest: RecordedManifest?
  /// Of a run that is at work, or was killed.
  private(set) var intent: CommitIntent?
  /// Where the verification begins; nil: with the first commit.
  private(set) var base: ChainBase?
  /// Of the commit records after `base`, in order. Some may be missing where there is a base.
  private(set) var numbers: [Int] = []
  private(set) var findings: [Finding] = []
  private var hasManifest = false

  /// Whether nothing was ever committed, as far as can be seen.
  var isEmpty: Bool { !hasManifest && numbers.isEmpty }

  /// A run that goes on commits, and then replaces the manifest: in between the manifest is one behind, and is looked at again.
  ///
  /// Throws what keeps everything from being read.
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

  /// The manifest first: so every commit that it has is among the numbers.
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

  /// The newest commit, looked for from the manifest's on; one that is missing between two is passed over.
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

/// A manifest as it stands on disk.
struct RecordedManifest {
  let manifest: Manifest
  let bytes: [UInt8]

  /// Throws `.damaged` for bytes that readers do not read alike, and `.newerFormat`.
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

/// Where a verification that does not read all of history begins: a commit, and the state at it, as far as the manifest tells it.
///
/// The manifest is the sum of all commits, so a day that no later commit changes was at this commit what it is in the manifest. Of a
/// day that a later commit changes, only that commit's record tells what it was before: its revision and the files that went.
struct ChainBase {
  let number: Int
  /// Of its record's bytes.
  let sha256: String
  /// What the manifest says of it, with the standing of the record.
  let state: Manifest

  /// The manifest's own: what later commits change, it tells as it was before.
  private let manifestCommit: Int
  private let paths: ArchivePaths
  /// Days that a commit after this one has changed.
  private var changed: Set<Day> = []

  /// nil where all records have to be read: because the settings ask for it, or because the manifest, or one of the two records that
  /// are needed, is not there or cannot be read.
  ///
  /// The record of the manifest's own commit is always among those that come after, so that it is compared with the manifest.
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
      return nil  // reading all records finds it, and reports it
    }
  }

  /// Completes the state before a commit with what its record says of it.
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

  /// What a day was before the first commit that changes it; nil: it had no entry, or one without rows.
  private func before(_ partition: Partition, in commit: Commit) -> Partition? {
    // A change of state alone: the rest of the entry is of an earlier commit.
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
  /// In order and each day once, as everything that is built on a state takes it to be.
  var orderedPartitions: [Partition] {
    Dictionary(partitions.map { ($0.eventDate, $0) }, uniquingKeysWith: { $1 }).values
      .sorted { $0.eventDate < $1.eventDate }
  }

  /// `entry`: nil takes the day's away.
  fileprivate mutating func set(_ day: Day, _ entry: Partition?) {
    let index = partitions.partitioningIndex { $0.eventDate >= day }
    if index < partitions.count, partitions[index].eventDate == day { partitions.remove(at: index) }
    if let entry { partitions.insert(entry, at: index) }
  }
}

extension Partition {
  /// An entry of which only this is known.
  fileprivate init(_ day: Day, revision: Int, files: [PartFile]) {
    self.init(
      eventDate: day, state: .open, revision: revision, changedInCommit: 0, rows: 0, minEventAt: nil,
      maxEventAt: nil, contentSHA256: "", files: files)
  }
}
