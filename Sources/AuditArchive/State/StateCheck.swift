import AuditRecord

/// Whether a manifest or a commit record, well formed as it is, can be one of this log's.
///
/// Recovery deletes by what these files say, so every path in them has to be a name that this log would make, on
/// the day and with the revision and the hash that stand beside it.
struct StateCheck {
  var paths: ArchivePaths
  /// The file that is checked.
  var path: String

  func check(_ manifest: Manifest) throws(ArchiveError) {
    try check(manifest.standing)
    try check(manifest.partitions, upTo: manifest.commit)
    for file in manifest.quarantine { try check(file) }
  }

  func check(_ commit: Commit) throws(ArchiveError) {
    try check(commit.standing)
    try check(commit.partitionsChanged, upTo: commit.commit)
    for file in commit.quarantineAdded { try check(file) }
    for name in commit.filesAdded + commit.filesRemoved {
      try require(
        paths.partName(name) != nil || paths.quarantineName(name) != nil,
        "\(name.debugDescription) is not a name of this log's files")
    }
  }

  private func check(_ standing: Standing) throws(ArchiveError) {
    let found = standing.source.log
    guard !found.isOtherSpelling(of: paths.log) else { throw .otherSpelling(found: found, asked: paths.log) }
    try require(found == paths.log, "it is of \(found), not of \(paths.log)")
  }

  private func check(_ partitions: [Partition], upTo commit: Int) throws(ArchiveError) {
    var previous: Day?
    for partition in partitions {
      let day = partition.eventDate
      try require(previous.map { $0 < day } ?? true, "\(day) is out of order, or there twice")
      try require(partition.changedInCommit <= commit, "\(day) changed in a later commit than this")
      previous = day
      var rows: [PartFormat: Int] = [:]
      for file in partition.files {
        let name = paths.partName(file.path)
        try require(
          name?.format == file.format && name?.day == day && name?.revision == partition.revision
            && name?.hash == ArchivePaths.shortHash(file.sha256),
          "\(file.path.debugDescription) is not the name of such a part of \(day)")
        rows[file.format, default: 0] += file.rows
      }
      try require(
        rows.values.allSatisfy { $0 == partition.rows } && rows.isEmpty == (partition.rows == 0),
        "the files of \(day) do not add up to its \(partition.rows) rows")
    }
  }

  private func check(_ file: QuarantineFile) throws(ArchiveError) {
    try require(
      paths.quarantineName(file.path)?.hash == ArchivePaths.shortHash(file.sha256),
      "\(file.path.debugDescription) is not the name of such a quarantine file")
  }

  private func require(_ holds: Bool, _ why: @autoclosure () -> String) throws(ArchiveError) {
    guard holds else { throw .unreadable(path: path, why: why()) }
  }
}
