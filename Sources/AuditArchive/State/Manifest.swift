package import AuditRecord

/// The present state of a log's archive: the sum of its commits.
@dynamicMemberLookup
package struct Manifest: Hashable, Sendable {
  /// The state of the log after the newest commit.
  package var standing: LogState
  /// The SHA-256 of the last commit record's bytes.
  package var commitSHA256: String
  /// Oldest day first.
  package var partitions: [Partition]
  /// In the order of the commits that added them.
  package var quarantine: [QuarantineFile]

  /// The number of records in all quarantine files.
  package var quarantinedRecords: Int { quarantine.reduce(0) { $0 + $1.records } }

  /// The paths of all files that the state names.
  var paths: Set<String> { Set(partitions.flatMap { $0.files.map(\.path) } + quarantine.map(\.path)) }

  package subscript<Value>(dynamicMember member: KeyPath<LogState, Value>) -> Value {
    standing[keyPath: member]
  }

  /// The entry of a day. O(log days).
  package func partition(_ day: Day) -> Partition? {
    let index = partitions.partitioningIndex { $0.eventDate >= day }
    return index < partitions.count && partitions[index].eventDate == day ? partitions[index] : nil
  }
}

extension Manifest? {
  /// Adds a commit to the state without checking it; `CommitRules` does that. nil is the state before the first commit.
  ///
  /// - Parameter sha256: the SHA-256 of the commit record's bytes.
  /// - Complexity: O(changes × log days); O(days) if a day is inserted or removed.
  package mutating func apply(_ commit: Commit, sha256: String) {
    var state =
      take() ?? Manifest(standing: commit.standing, commitSHA256: sha256, partitions: [], quarantine: [])
    state.standing = commit.standing
    state.commitSHA256 = sha256
    let gone = Set(commit.partitionsRemoved)
    if !gone.isEmpty { state.partitions.removeAll { gone.contains($0.eventDate) } }
    for partition in commit.partitionsChanged {
      let index = state.partitions.partitioningIndex { $0.eventDate >= partition.eventDate }
      if index < state.partitions.count, state.partitions[index].eventDate == partition.eventDate {
        state.partitions[index] = partition
      } else {
        state.partitions.insert(partition, at: index)
      }
    }
    if !state.quarantine.isEmpty {
      let removed = Set(commit.filesRemoved)
      if !removed.isEmpty { state.quarantine.removeAll { removed.contains($0.path) } }
    }
    state.quarantine += commit.quarantineAdded
    self = state
  }
}

extension Manifest: Codable {
  private enum CodingKeys: String, CodingKey {
    case commitSHA256 = "commit_sha256"
    case partitions, quarantine
    case quarantinedRecords = "quarantined_records"
  }

  package func encode(to encoder: any Encoder) throws {
    try standing.encode(toRecord: encoder)
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(commitSHA256, forKey: .commitSHA256)
    try record.encode(partitions, forKey: .partitions)
    try record.encode(quarantine, forKey: .quarantine)
    try record.encode(quarantinedRecords, forKey: .quarantinedRecords)
  }

  package init(from decoder: any Decoder) throws {
    standing = try LogState(ofRecord: decoder)
    let record = try decoder.container(keyedBy: CodingKeys.self)
    commitSHA256 = try record.decode(SHA256Text.self, forKey: .commitSHA256).recordText
    partitions = try record.decode([Partition].self, forKey: .partitions)
    quarantine = try record.decode([QuarantineFile].self, forKey: .quarantine)
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index at which a monotonic condition is true; `endIndex` if it never is.
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
