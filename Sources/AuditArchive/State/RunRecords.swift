package import AuditRecord

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who holds the lease of a log.
package struct LockHolder: Hashable, Sendable {
  package var pid: Int32
  package var host: String
  package var since: Timestamp

  package init(pid: Int32, host: String, since: Timestamp) {
    self.pid = pid
    self.host = host
    self.since = since
  }

  package static func thisProcess(since: Timestamp) -> LockHolder {
    LockHolder(
      pid: ProcessInfo.processInfo.processIdentifier, host: ProcessInfo.processInfo.hostName, since: since)
  }
}

/// The content of a lock file: one line of JSON.
struct LeaseNote: Codable {
  /// Counts the runs that have held the lease. Missing in files of older builds.
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
      self = try JSONDecoder().decode(LeaseNote.self, from: Data(bytes))
    } catch {
      return nil
    }
  }

  var bytes: [UInt8] { ArchiveJSON.encode(self, onOneLine: true) }

  private enum CodingKeys: String, CodingKey {
    case generation
  }

  func encode(to encoder: any Encoder) throws {
    try holder.encode(to: encoder)
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encodeIfPresent(generation, forKey: .generation)
  }

  init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    generation = try record.decodeIfPresent(Int.self, forKey: .generation)
    holder = try LockHolder(from: decoder)
  }
}

extension LockHolder: CustomStringConvertible {
  package var description: String { "process \(pid) on \(host), since \(since)" }
}

extension LockHolder: Codable {
  enum CodingKeys: String, CodingKey {
    case pid, host, since
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(pid, forKey: .pid)
    try record.encode(host, forKey: .host)
    try record.encode(since, forKey: .since)
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    pid = try record.decode(Int32.self, forKey: .pid)
    host = try record.decode(String.self, forKey: .host)
    since = try record.time(forKey: .since)
  }
}

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
