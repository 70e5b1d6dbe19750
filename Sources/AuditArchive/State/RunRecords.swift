package import AuditRecord
import Platform

/// The holder of a log's lease.
package struct LockHolder: Hashable, Sendable, Codable, CustomStringConvertible {
  package var pid: Int32
  package var host: String
  /// When the run started.
  package var since: Timestamp

  package init(pid: Int32, host: String, since: Timestamp) {
    self.pid = pid
    self.host = host
    self.since = since
  }

  /// The current process.
  package static func thisProcess(since: Timestamp) -> LockHolder {
    LockHolder(
      pid: ProcessInfo.processInfo.processIdentifier, host: ProcessInfo.processInfo.hostName, since: since)
  }

  package var description: String { "process \(pid) on \(host), since \(since)" }
}

/// The content of a lock file: one line of JSON with the members of the holder.
struct LockRecord: Codable {
  /// Counts the runs that have held the lease. Files of early builds do not have it.
  var generation: Int?
  var holder: LockHolder

  /// The most bytes that are read.
  static let longest = 4_096

  init(generation: Int, holder: LockHolder) {
    (self.generation, self.holder) = (generation, holder)
  }

  /// nil for a file that is empty or that another program wrote.
  init?(_ bytes: [UInt8]) {
    do {
      self = try JSONDecoder().decode(LockRecord.self, from: Data(bytes))
    } catch {
      return nil
    }
  }

  var bytes: [UInt8] { ArchiveJSON.encode(self, onOneLine: true) }

  private enum CodingKeys: CodingKey { case generation }

  func encode(to encoder: any Encoder) throws {
    try holder.encode(to: encoder)
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encodeIfPresent(generation, forKey: .generation)
  }

  init(from decoder: any Decoder) throws {
    generation = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(
      Int.self, forKey: .generation)
    holder = try LockHolder(from: decoder)
  }
}

/// A Parquet part that a commit removes, and that stays for readers of an earlier version of the table.
struct SupersededFile: Hashable, Sendable, Codable {
  var path: String
  /// The time of the commit that removes it. If that was appended to the table late, when that run began.
  var since: Timestamp
}

/// The files that a run is about to put in place. Durable before the first of them is.
///
/// Recovery deletes files that an intent names and no commit added; it leaves files alone that nothing names. A run that ends normally
/// deletes its intent, or leaves one for the next commit that names only removed files. Any other intent was left by a run that was
/// killed, and that perhaps reported none of its records in quarantine.
struct CommitIntent: Hashable, Sendable, Codable {
  private(set) var format = ArchiveJSON.format
  /// The first commit of the run.
  var firstCommit: Int
  /// The commit that the files belong to.
  var commit: Int
  /// Sorted: the files that the commit adds, and earlier removed files that could not be deleted.
  var files: [String]
  /// Sorted by path: removed files that are kept, and those that this commit removes and that will be kept.
  var superseded: [SupersededFile]

  init(
    firstCommit: Int, commit: Int, files: some Sequence<String>,
    superseded: [SupersededFile] = []
  ) {
    self.firstCommit = firstCommit
    self.commit = commit
    self.files = files.sorted()
    self.superseded = superseded.sorted { $0.path < $1.path }
  }

  /// The superseded files that a state does not have. If the commit was not made, the state still has those that it would remove.
  func superseded(in state: Manifest?, _ paths: ArchivePaths) -> [SupersededFile] {
    superseded.filter { file in
      guard let name = paths.partName(file.path), name.format == .parquet else { return false }
      return name.revision < state?.partition(name.day)?.revision ?? 0
    }
  }

  private enum CodingKeys: String, CodingKey {
    case format
    case firstCommit = "first_commit"
    case commit, files, superseded
  }

  /// Early builds wrote an intent for the first commit only, and without the two numbers.
  init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys) throws -> Int {
      record.contains(key) ? try record.decode(Count.self, forKey: key).wrappedValue : 1
    }
    files = try record.decode([String].self, forKey: .files)
    firstCommit = try number(.firstCommit)
    commit = try number(.commit)
    superseded =
      record.contains(.superseded) ? try record.decode([SupersededFile].self, forKey: .superseded) : []
  }

  /// Omits `superseded` if it is empty.
  func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(format, forKey: .format)
    try record.encode(firstCommit, forKey: .firstCommit)
    try record.encode(commit, forKey: .commit)
    try record.encode(files, forKey: .files)
    if !superseded.isEmpty { try record.encode(superseded, forKey: .superseded) }
  }
}
