/// What a run is about to put in its place: written, and durable, before the first file gets there.
///
/// Recovery deletes what an intent names and no commit took; a file that nothing names is left alone. Deleted when the run ends in
/// order: where it is still there, a run was killed, and nobody may have been told of what it stored in quarantine.
struct Intent: Hashable, Sendable {
  /// The first commit of the run.
  var firstCommit: Int
  /// The commit that the files are put for.
  var commit: Int
  /// Sorted: what that commit adds, and what earlier ones removed and could not be deleted.
  var files: [String]

  init(firstCommit: Int, commit: Int, files: some Sequence<String>) {
    self.firstCommit = firstCommit
    self.commit = commit
    self.files = files.sorted()
  }
}

extension Intent: Codable {
  enum CodingKeys: String, CodingKey {
    case format
    case firstCommit = "first_commit"
    case commit, files
  }

  func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(ArchiveJSON.format, forKey: .format)
    try record.encode(firstCommit, forKey: .firstCommit)
    try record.encode(commit, forKey: .commit)
    try record.encode(files, forKey: .files)
  }

  init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    files = try record.decode([String].self, forKey: .files)
    // A build of before wrote it for the first commit alone, and did not say so.
    firstCommit = record.contains(.firstCommit) ? try record.count(forKey: .firstCommit) : 1
    commit = record.contains(.commit) ? try record.count(forKey: .commit) : 1
  }
}
