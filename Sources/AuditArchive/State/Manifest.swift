package import AuditRecord

/// The present state of a log's archive: the sum of its commits.
@dynamicMemberLookup
package struct Manifest: Hashable, Sendable {
  package var standing: Standing
  /// Of the last commit record's bytes.
  package var commitSHA256: String
  /// Oldest day first.
  package var partitions: [Partition]
  /// In the order of the commits that added them.
  package var quarantine: [QuarantineFile]

  package var quarantinedRecords: Int { quarantine.reduce(0) { $0 + $1.records } }

  package subscript<Value>(dynamicMember member: KeyPath<Standing, Value>) -> Value {
    standing[keyPath: member]
  }

  package func partition(_ day: Day) -> Partition? {
    let index = partitions.partitioningIndex { $0.eventDate >= day }
    return index < partitions.count && partitions[index].eventDate == day ? partitions[index] : nil
  }

  init(standing: Standing, commitSHA256: String, partitions: [Partition], quarantine: [QuarantineFile]) {
    self.standing = standing
    self.commitSHA256 = commitSHA256
    self.partitions = partitions
    self.quarantine = quarantine
  }

  /// What a commit makes of the state before it (nil: of nothing). `sha256` is that of the commit record's bytes.
  package init(
    applying commit: Commit, sha256: String, to previous: Manifest?
  ) throws(ArchiveError) {
    func check(_ holds: Bool, _ why: @autoclosure () -> String) throws(ArchiveError) {
      let path = ArchivePaths(commit.source.log).commit(commit.commit)
      guard holds else { throw .brokenChain(path: path, why: why()) }
    }
    let number = (previous?.commit ?? 0) + 1
    try check(commit.commit == number, "it says that it is commit \(commit.commit), and \(number) is next")
    try check(
      commit.previousCommitSHA256 == previous?.commitSHA256,
      "it follows a record with SHA-256 \(commit.previousCommitSHA256 ?? "null")"
        + ", and the one before it has \(previous?.commitSHA256 ?? "null")")
    try check(
      previous.map { $0.source == commit.source } ?? true, "it is of another source than the one before it")

    let gone = Set(commit.partitionsRemoved).union(commit.partitionsChanged.map(\.eventDate))
    self.standing = commit.standing
    self.commitSHA256 = sha256
    self.partitions =
      ((previous?.partitions ?? []).filter { !gone.contains($0.eventDate) } + commit.partitionsChanged)
      .sorted { $0.eventDate < $1.eventDate }
    let removed = Set(commit.filesRemoved)
    self.quarantine =
      (previous?.quarantine ?? []).filter { !removed.contains($0.path) } + commit.quarantineAdded
  }
}

extension Manifest: Codable {
  enum CodingKeys: String, CodingKey {
    case commitSHA256 = "commit_sha256"
    case partitions, quarantine
    case quarantinedRecords = "quarantined_records"
  }

  package func encode(to encoder: any Encoder) throws {
    try standing.encode(to: encoder)
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(commitSHA256, forKey: .commitSHA256)
    try record.encode(partitions, forKey: .partitions)
    try record.encode(quarantine, forKey: .quarantine)
    try record.encode(quarantinedRecords, forKey: .quarantinedRecords)
  }

  package init(from decoder: any Decoder) throws {
    standing = try Standing(from: decoder)
    let record = try decoder.container(keyedBy: CodingKeys.self)
    commitSHA256 = try record.hash(forKey: .commitSHA256)
    partitions = try record.decode([Partition].self, forKey: .partitions)
    quarantine = try record.decode([QuarantineFile].self, forKey: .quarantine)
    let counted = try record.count(forKey: .quarantinedRecords)
    guard decoder.isAsStated || counted == quarantinedRecords else {
      throw record.corrupted(
        .quarantinedRecords, "it says \(counted), and the files named hold \(quarantinedRecords)")
    }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index for which a condition holds that, once true, stays true; `endIndex` when there is none.
  func partitioningIndex(where holds: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
