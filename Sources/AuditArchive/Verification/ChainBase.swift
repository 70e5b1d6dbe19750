import AuditRecord

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
        let (commit, sha256) = try await Opening(storage).commit(number),
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
