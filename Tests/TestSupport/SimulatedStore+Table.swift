import AuditArchive
package import AuditRecord
package import DeltaTable
import Foundation
import ObjectStoreFakes

/// The Delta Lake table of an archive, read as a foreign engine reads it: without the program's own state.
extension SimulatedStore {
  package static let tableLog = "parquet/_delta_log"

  /// Whether the archive says that it is a table.
  package var isTable: Bool {
    contents(of: ArchivePaths.kind).map { String(decoding: $0, as: UTF8.self).contains("\"table\"") } ?? false
  }

  /// The paths of the parts and quarantine files, without the log of the table, sorted.
  package var dataFiles: [String] {
    ["csv", "parquet", "quarantine"].flatMap { paths(below: $0) }
      .filter { !$0.hasPrefix("\(SimulatedStore.tableLog)/") }.sorted()
  }

  /// The versions of the table; empty if there is none.
  ///
  /// - Throws: `TableLogError` for a version that cannot be read.
  package func tableVersions() throws(TableLogError) -> [TableVersion] {
    var versions: [TableVersion] = []
    while let bytes = contents(of: SimulatedStore.version(versions.count)) {
      versions.append(try TableVersion(reading: bytes))
    }
    return versions
  }

  /// The table at its newest version.
  package func table() throws(TableLogError) -> TableSnapshot {
    var snapshot = TableSnapshot()
    for (number, version) in try tableVersions().enumerated() {
      try snapshot.apply(version, number: number)
    }
    return snapshot
  }

  /// The path of a version in the archive.
  package static func version(_ number: Int) -> String {
    "\(tableLog)/\(TableLogFile.version(number).name)"
  }

  /// The violations of what a table promises, restricted to a log: its files are those of the log's state at a commit, and all there.
  ///
  /// - Parameter isCurrent: whether that commit must have the files of the newest one, as after a run or a recovery.
  package func tableProblems(of log: LogName, isCurrent: Bool) throws -> [String] {
    let states = try commits(of: log)
    let logged = paths(below: SimulatedStore.tableLog)
    guard contents(of: SimulatedStore.version(0)) != nil else {
      if !logged.isEmpty { return ["the table has no version 0, but \(logged)"] }
      return isCurrent && states.count > 1 ? ["there is no table"] : []
    }
    let snapshot = try table()
    var problems: [String] = []
    let kind = contents(of: ArchivePaths.kind).map { String(decoding: $0, as: UTF8.self) } ?? ""
    if let id = snapshot.metadata?.id, !kind.contains("\"\(id)\"") {
      problems.append("the table has the id \(id), but the archive says \(kind)")
    }
    let strange = logged.filter { path in
      switch TableLogFile(name: String(path.dropFirst(SimulatedStore.tableLog.count + 1))) {
      case .version(let number): number > snapshot.version
      case .checkpoint(let number): number > snapshot.version
      case .lastCheckpoint: false
      case nil: true
      }
    }
    if !strange.isEmpty { problems.append("a gap after version \(snapshot.version), or foreign: \(strange)") }
    let application = "cloudsmith-audit-export:\(log)"
    let transactions = try tableVersions().compactMap { $0.transactionVersion(of: application) }
    if zip(transactions, transactions.dropFirst()).contains(where: { $0 >= $1 }) {
      problems.append("the commits in the table are \(transactions)")
    }
    var values = ["organization": log.organization.description]
    if let repository = log.repository { values["repository"] = repository.description }
    let found = snapshot.files(where: values).map { file in
      let rows = file.stats.flatMap { FileStatistics.numRecords(of: $0) }
      return "parquet/\(TablePath.decode(file.path) ?? file.path), \(file.size) bytes, \(rows ?? -1) rows"
    }
    for file in snapshot.files(where: values) {
      let path = "parquet/\(TablePath.decode(file.path) ?? file.path)"
      if contents(of: path)?.count != file.size {
        problems.append("the table names \(path), which is not there")
      }
    }
    let commit = transactions.last ?? 0
    guard commit < states.count else {
      return problems + ["the table has commit \(commit), but the newest is \(states.count - 1)"]
    }
    let wanted = SimulatedStore.parquetFiles(of: states[commit])
    if found.sorted() != wanted {
      problems.append("the table is not the state of commit \(commit): \(found.sorted()), not \(wanted)")
    }
    if isCurrent, found.sorted() != SimulatedStore.parquetFiles(of: states[states.count - 1]) {
      problems.append("the table lags: it has commit \(commit) of \(states.count - 1)")
    }
    return problems
  }

  /// The Parquet parts that the commits of a log have removed, with the times of these commits.
  package func supersededParts(of log: LogName) throws -> [(path: String, since: Timestamp)] {
    let paths = ArchivePaths(log)
    return try records(of: log).flatMap { commit in
      commit.filesRemoved.filter { paths.partName($0)?.format == .parquet }.map { ($0, commit.committedAt) }
    }
  }

  /// The time of the newest commit of a log; nil if there is none.
  package func newestCommitTime(of log: LogName) throws -> Timestamp? {
    try records(of: log).last?.committedAt
  }

  private func records(of log: LogName) throws -> [Commit] {
    let paths = ArchivePaths(log)
    var commits: [Commit] = []
    while let bytes = contents(of: paths.commit(commits.count + 1)) {
      commits.append(try JSONDecoder().decode(Commit.self, from: Data(bytes)))
    }
    return commits
  }

  private static func parquetFiles(of state: Manifest?) -> [String] {
    (state?.partitions ?? []).flatMap(\.files).filter { $0.format == .parquet }
      .map { "\($0.path), \($0.bytes) bytes, \($0.rows) rows" }.sorted()
  }

  /// The states of a log before its first commit and after each, from the records alone.
  private func commits(of log: LogName) throws -> [Manifest?] {
    let paths = ArchivePaths(log)
    var state: Manifest?
    var states: [Manifest?] = [nil]
    while let bytes = contents(of: paths.commit(states.count)) {
      state.apply(try JSONDecoder().decode(Commit.self, from: Data(bytes)), sha256: sha256(bytes))
      states.append(state)
    }
    return states
  }

  /// The calls since `startRecording`, with the paths that they are about.
  package var recordedCalls: [String] {
    switch self {
    case .disk(let disk): disk.operations
    case .bucket(let bucket): bucket.calls
    case .objects(let bucket): bucket.store.requests.suffix(bucket.store.recorded)
    }
  }
}
