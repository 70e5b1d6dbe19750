import AuditRecord

/// What the commits so far add up to, taken as they come: also when a record is missing or is not to be trusted.
struct StateFold {
  private(set) var standing: Standing?
  private(set) var commitSHA256 = ""
  private(set) var partitions: [Day: Partition] = [:]
  private(set) var quarantine: [QuarantineFile] = []

  init() {}

  init(_ manifest: Manifest) {
    standing = manifest.standing
    commitSHA256 = manifest.commitSHA256
    partitions = Dictionary(manifest.partitions.map { ($0.eventDate, $0) }, uniquingKeysWith: { $1 })
    quarantine = manifest.quarantine
  }

  mutating func apply(_ commit: Commit, sha256: String) {
    standing = commit.standing
    commitSHA256 = sha256
    for day in commit.partitionsRemoved { partitions[day] = nil }
    for partition in commit.partitionsChanged { partitions[partition.eventDate] = partition }
    quarantine += commit.quarantineAdded
  }

  /// nil before the first commit.
  var manifest: Manifest? {
    standing.map {
      Manifest(
        standing: $0, commitSHA256: commitSHA256,
        partitions: partitions.values.sorted { $0.eventDate < $1.eventDate }, quarantine: quarantine)
    }
  }
}
