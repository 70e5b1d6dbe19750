package import AuditRecord

/// One commit: what it changed, and where the log stands after it. Never changed once written.
@dynamicMemberLookup
package struct Commit: Hashable, Sendable {
  package var standing: Standing
  /// Of the previous record's bytes; nil for the first. This is the chain.
  package var previousCommitSHA256: String?
  /// Oldest day first. A day whose state alone changed keeps its revision and its `changedInCommit`.
  package var partitionsChanged: [Partition]
  package var partitionsRemoved: [Day]
  /// Paths, sorted.
  package var filesAdded: [String]
  /// Paths, sorted; the files themselves go after the commit.
  package var filesRemoved: [String]
  package var quarantineAdded: [QuarantineFile]
  /// Coverage of earlier commits that this one takes back, because it turned out not to be complete.
  package var coverageWithdrawn = Coverage()
  package var run: RunCounters

  package subscript<Value>(dynamicMember member: KeyPath<Standing, Value>) -> Value {
    standing[keyPath: member]
  }
}

extension Commit: Codable {
  enum CodingKeys: String, CodingKey {
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
    try standing.encode(to: encoder)
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(previousCommitSHA256, forKey: .previousCommitSHA256)
    try record.encode(partitionsChanged, forKey: .partitionsChanged)
    try record.encode(partitionsRemoved.map(\.description), forKey: .partitionsRemoved)
    try record.encode(filesAdded, forKey: .filesAdded)
    try record.encode(filesRemoved, forKey: .filesRemoved)
    try record.encode(quarantineAdded, forKey: .quarantineAdded)
    if !coverageWithdrawn.isEmpty {
      try record.encode(coverageWithdrawn.intervals, forKey: .coverageWithdrawn)
    }
    try record.encode(run, forKey: .run)
  }

  package init(from decoder: any Decoder) throws {
    standing = try Standing(from: decoder)
    let record = try decoder.container(keyedBy: CodingKeys.self)
    previousCommitSHA256 = try record.optionalHash(forKey: .previousCommitSHA256)
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
    coverageWithdrawn = Coverage(try record.windowsIfPresent(forKey: .coverageWithdrawn))
    run = try record.decode(RunCounters.self, forKey: .run)
  }
}
