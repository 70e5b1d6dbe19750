import AuditRecord
import DeltaTable

/// How much of a log is in the archive's Delta Lake table.
///
/// The table follows the commits: it lacks a commit while a run has written the commit and not yet the version, and after a run
/// was killed at that point. The next run appends what is lacking.
package struct TableState: Hashable, Sendable {
  /// The newest version of the table; nil if the table has no log.
  package let version: Int?
  /// The newest commit of the log that the table has; nil if it has none.
  package let commit: Int?
  /// The version with that commit.
  package let commitVersion: Int?
  /// The number of commits that changed Parquet parts and that the table lacks. A commit whose days were all changed again does not
  /// count.
  package let commitsLacking: Int

  /// - Parameter manifest: the state with which the table is compared.
  init(version: Int?, commit: Int?, commitVersion: Int?, of manifest: Manifest) {
    self.version = version
    self.commit = commit
    self.commitVersion = commitVersion
    commitsLacking = manifest.revisedCommits(after: commit ?? 0).count
  }
}

/// A version of the table by another program that changes no row.
package struct ForeignTableVersion: Hashable, Sendable {
  /// Of the version, or of the checkpoint that cannot be compared.
  package var path: String
  /// The program, according to the version; nil if the version does not name it.
  package var engine: String?
  /// Such as `OPTIMIZE`.
  package var operation: String?
  /// Whether it is a version; otherwise it is a checkpoint, which was not compared.
  package var isVersion: Bool { path.hasSuffix(".json") }
}

extension Manifest {
  /// The commits after this one that gave a day the revision that it has.
  fileprivate func revisedCommits(after commit: Int) -> Set<Int> {
    Set(partitions.lazy.filter { $0.revision > 0 && $0.changedInCommit > commit }.map(\.changedInCommit))
  }
}

extension ArchiveState {
  /// The table's state for a log; nil if the archive is no table.
  ///
  /// Reads `archive.json`, and for a table its position and a listing of the versions since. Reads versions only if the table lags, or
  /// if the position does not fit it.
  func tableState(of manifest: Manifest) async throws(ArchiveError) -> TableState? {
    guard try await table() != nil else { return nil }
    var position = try await position()
    var numbers = try await versions(from: position?.version ?? 0)
    if let known = position, !numbers.contains(known.version) {
      position = nil
      numbers = try await versions(from: 0)
    }
    if let known = position, known.commit < manifest.newestRevision || known.commit > manifest.commit {
      position = nil
    }
    for number in numbers.sorted(by: >) where position == nil {
      position = try await commit(inVersion: number).map { TablePosition(commit: $0, version: number) }
    }
    return TableState(
      version: numbers.max(), commit: position?.commit, commitVersion: position?.version, of: manifest)
  }

  /// Throws `.tableNotRecorded` if the log has been in a table, but `archive.json` does not say that the archive is one.
  /// Only looks for one file if the log has never been in a table.
  func checkTableIsRecorded() async throws(ArchiveError) {
    guard try await stored(await storage.entry(paths.table)) != nil, try await table() == nil else { return }
    var id: String?
    do throws(ArchiveError) {
      if let first = try await TableLogReader(storage).version(0), ArchiveTable.isOurs(first) {
        for case .metadata(let metadata) in first.actions { id = metadata.id }
      }
    } catch {
      // The message then has no id.
    }
    throw .tableNotRecorded(path: paths.table, id: id)
  }

  private func position() async throws(ArchiveError) -> TablePosition? {
    guard let bytes = try await read(paths.table) else { return nil }
    do throws(ArchiveError) {
      return try ArchiveJSON.decode(TablePosition.self, from: bytes, path: paths.table)
    } catch .damaged {
      return nil  // it is only a hint
    }
  }

  private func versions(from first: Int) async throws(ArchiveError) -> [Int] {
    let before = first > 0 ? ArchiveTable.path(.version(first - 1)) : nil
    return try await stored(await storage.list(ArchiveTable.log, after: before, isDeep: false)).compactMap {
      guard case .version(let number)? = ArchiveTable.file($0.path) else { return nil }
      return number
    }
  }

  /// The log's commit in a version; nil if it has none, or cannot be read, which `verify` reports.
  private func commit(inVersion number: Int) async throws(ArchiveError) -> Int? {
    do throws(ArchiveError) {
      return try await TableLogReader(storage).version(number)?
        .transactionVersion(of: ArchiveTable.appID(paths.log))
    } catch .tableObstructed {
      return nil
    }
  }
}
