package import AuditRecord

/// One commit: its changes, and the state of the log after it. Immutable once written.
@dynamicMemberLookup
package struct Commit: Hashable, Sendable {
  /// The state of the log after the commit.
  package var standing: LogState
  /// The SHA-256 of the previous record's bytes, which makes the chain; nil for the first commit.
  package var previousCommitSHA256: String?
  /// Oldest day first. A day of which only the state changed keeps its revision and its `changedInCommit`.
  package var partitionsChanged: [Partition]
  /// Days whose entries the commit removes from the manifest. This version writes none: a day keeps its entry.
  package var partitionsRemoved: [Day]
  /// Sorted paths.
  package var filesAdded: [String]
  /// Sorted paths. The files are deleted after the commit.
  package var filesRemoved: [String]
  package var quarantineAdded: [QuarantineFile]
  /// Coverage of earlier commits that turned out to be incomplete, and that this commit withdraws.
  package var coverageWithdrawn = Coverage()
  package var run: RunCounters

  package subscript<Value>(dynamicMember member: KeyPath<LogState, Value>) -> Value {
    standing[keyPath: member]
  }

  /// The Parquet parts that the commit removes. Readers of an earlier version of the table need them.
  func supersededParts(_ paths: ArchivePaths) -> [SupersededFile] {
    filesRemoved.filter(paths.isParquetPart)
      .map { SupersededFile(path: $0, since: standing.committedAt) }
  }
}

// Written by hand: the standing's members are members of the record, and `coverage_withdrawn` is left out where it is empty.
extension Commit: Codable {
  private enum CodingKeys: String, CodingKey {
    case previousCommitSHA256 = "previous_commit_sha256"
    case partitionsChanged = "partitions_changed"
    case partitionsRemoved = "partitions_removed"
    case filesAdded = "files_added"
    case filesRemoved = "files_removed"
    case quarantineAdded = "quarantine_added"
    case coverageWithdrawn = "coverage_withdrawn"
    case run
  }

  package func encode(to encoder: any Encoder) throws {
    try standing.encode(toRecord: encoder)
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(previousCommitSHA256, forKey: .previousCommitSHA256)
    try record.encode(partitionsChanged, forKey: .partitionsChanged)
    try record.encode(partitionsRemoved, forKey: .partitionsRemoved)
    try record.encode(filesAdded, forKey: .filesAdded)
    try record.encode(filesRemoved, forKey: .filesRemoved)
    try record.encode(quarantineAdded, forKey: .quarantineAdded)
    if !coverageWithdrawn.isEmpty { try record.encode(coverageWithdrawn, forKey: .coverageWithdrawn) }
    try record.encode(run, forKey: .run)
  }

  package init(from decoder: any Decoder) throws {
    standing = try LogState(ofRecord: decoder)
    let record = try decoder.container(keyedBy: CodingKeys.self)
    previousCommitSHA256 =
      try record.decodeNil(forKey: .previousCommitSHA256)
      ? nil : record.decode(SHA256Text.self, forKey: .previousCommitSHA256).recordText
    partitionsChanged = try record.decode([Partition].self, forKey: .partitionsChanged)
    partitionsRemoved = try record.decode([String].self, forKey: .partitionsRemoved).map { text in
      guard let day = Day(text) else {
        throw record.corrupted(.partitionsRemoved, "\(text.debugDescription) is not a day")
      }
      return day
    }
    filesAdded = try record.decode([String].self, forKey: .filesAdded)
    filesRemoved = try record.decode([String].self, forKey: .filesRemoved)
    quarantineAdded = try record.decode([QuarantineFile].self, forKey: .quarantineAdded)
    if record.contains(.coverageWithdrawn) {
      coverageWithdrawn = try record.decode(Coverage.self, forKey: .coverageWithdrawn)
    }
    run = try record.decode(RunCounters.self, forKey: .run)
  }
}
