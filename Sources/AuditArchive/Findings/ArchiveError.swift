package import AuditRecord

/// Why an archive could not be opened, read or written. Each case has its own way forward.
package enum ArchiveError: Error, Hashable, Sendable {
  /// The storage failed: for example full, no permission, an I/O error.
  case storage(StorageError)
  /// Another run holds the log's lease; the holder is nil if it is not recorded.
  case locked(LockHolder?)
  /// The lock file at this path was removed or replaced while this run held it, or another run took the expired lease.
  case leaseLost(path: String)
  /// Another run has made the commit of that number, or changed the state, while this run held the lease.
  case outrun(Int)
  /// A committed file is not there as it was sealed. The files that it replaces are kept.
  case lostAfterCommit(Int, Finding)
  /// The archive holds logs of organizations, not of repositories, or vice versa.
  case otherKind(found: ArchiveKind, asked: ArchiveKind)
  /// The state under that name belongs to a log whose name differs only in case, on a case-insensitive disk.
  case otherSpelling(found: LogName, asked: LogName)
  /// The archive was made from another host, or with another query, redaction or redaction key.
  case otherSource(found: ArchiveSource, asked: ArchiveSource)
  /// A newer version of this program wrote the file.
  case newerFormat(path: String, found: String, supported: String)
  /// A file is not what the archive's own records say.
  case damaged(Finding)
  /// There are data files such as `example`, but neither a manifest, nor commits, nor an intent that explains them: the state was
  /// removed.
  case stateMissing(example: String)
  /// The manifest is of a later commit than the last record.
  case missingCommits(from: Int, to: Int)
  /// The state is older than the files: later commits have put these parts in place.
  case olderState(commit: Int, later: [String])
  /// This program was about to make a commit that does not follow from the state. Nothing was changed.
  case invalidCommit(Finding)
  /// `changes` was asked for a commit that the archive does not have yet.
  case laterCommit(asked: Int, newest: Int)
  /// `changes` was asked for a commit that is now another one: history was rewritten.
  case otherCommit(asked: Int, sha256: String)
  /// The archive is a table, and this run writes no Parquet.
  case tableNeedsParquet
  /// Replaced files are to be kept, but the archive is not a table: readers of its folders would read them, too.
  case keepingNeedsTable
  /// The archive is to become a table, for which no log may be written; this one is. The holder is nil if it is not recorded.
  case tableNeedsAllLogs(busy: LogName, LockHolder?)
  /// The table cannot be appended to. Nothing else is affected, so runs go on and report it at their end.
  case tableObstructed(TableObstacle)
  /// The log has been in a table, as the file at this path shows, but `archive.json` does not say that the archive is one. `id` is that of
  /// version 0 of the table; nil if that cannot be read.
  case tableNotRecorded(path: String, id: String?)
  /// A staged row does not come after the row before it. Rows count from 0.
  case misordered(day: Day, row: Int)
  /// A staged row belongs to another day.
  case outsideDay(day: Day, row: Int, eventAt: Timestamp)
}

extension ArchiveError: CustomStringConvertible {
  /// A sentence for logs, without a remedy. Messages for users are in `CommandResults`.
  package var description: String {
    switch self {
    case .storage(let error): "\(error)"
    case .locked(let holder?): "another run holds the lock: \(holder)"
    case .locked(nil): "another run holds the lock"
    case .leaseLost(let path):
      "the lock was lost: \(path) was removed or replaced while this run held it"
    case .outrun(let commit):
      "another run was faster: commit \(commit), or its state, is not from this run"
    case .lostAfterCommit(let commit, let finding):
      "\(finding), although commit \(commit) has just written it; the files that it replaces are kept"
    case .otherKind(let found, let asked):
      "the archive has logs of \(found.rawValue), and cannot also have logs of \(asked.rawValue)"
    case .otherSpelling(let found, let asked): "the state named \(asked) belongs to \(found)"
    case .otherSource(let found, let asked):
      found.apiHost == asked.apiHost && found.query == asked.query
        ? "the archive was created with \(found.redactionText), but this run has \(asked.redactionText)"
        : "the archive was created from \(found.summary), but this run reads \(asked.summary)"
    case .newerFormat(let path, let found, let supported):
      "\(path) has the format \(found), but this version reads \(supported)"
    case .stateMissing(let example):
      """
      there are files such as \(example), but no manifest and no commits that list them. Restore _manifest/ from a copy, \
      or use another folder. Nothing was deleted or written
      """
    case .damaged(let finding): "\(finding)"
    case .missingCommits(let first, let last):
      "the manifest is of commit \(last), but \(first == last ? "its record is" : "the records from \(first) on are") missing"
    case .olderState(let commit, let later):
      """
      the newest commit is \(commit), but there are files of later commits, whose records are missing: \
      \(later.prefix(3).joined(separator: ", "))\(later.count > 3 ? ", …" : "")
      """
    case .invalidCommit(let finding): "the new commit is not valid: \(finding)"
    case .laterCommit(let asked, let newest):
      "there is no commit \(asked) yet: the newest is \(newest)"
    case .otherCommit(let asked, let sha256): "commit \(asked) does not have SHA-256 \(sha256)"
    case .tableNeedsParquet: "the archive is a Delta Lake table, which consists of Parquet files"
    case .keepingNeedsTable:
      "the archive is not a Delta Lake table, so readers of its folders would count the events in replaced files twice"
    case .tableNeedsAllLogs(let log, let holder):
      "no other run may be at work on its logs, but one is at work on \(log)\(holder.map { ": \($0)" } ?? "")"
    case .tableObstructed(let obstacle): "\(obstacle)"
    case .tableNotRecorded(let path, _):
      "\(path) belongs to a Delta Lake table, but \(ArchivePaths.kind) does not say that the archive is one"
    case .misordered(let day, let row): "row \(row) of \(day) does not come after the row before it"
    case .outsideDay(let day, let row, let eventAt): "row \(row) of \(day) is of \(eventAt)"
    }
  }
}

extension ArchiveError {
  /// A state file that cannot be read.
  static func unreadable(_ path: String, _ why: String) -> ArchiveError {
    .damaged(Finding(.unreadable(why), at: path))
  }
}

extension ArchiveSource {
  fileprivate var summary: String {
    query.map { "\(apiHost) with the query \($0.debugDescription)" } ?? apiHost
  }

  /// `the redaction actor=hash (key 5f0c9d2ab1e43c77)`
  fileprivate var redactionText: String { redaction.map { "the redaction \($0)" } ?? "no redaction" }
}

/// Runs a storage operation, and throws its failure as `.storage`.
nonisolated(nonsending) func stored<Result>(
  _ body: @autoclosure () async throws(StorageError) -> Result
) async throws(ArchiveError) -> Result {
  do {
    return try await body()
  } catch {
    throw .storage(error)
  }
}

/// Runs an operation of the local disk, and throws its failure as `.storage`.
func onDisk<Result>(_ body: @autoclosure () throws(StorageError) -> Result) throws(ArchiveError) -> Result {
  do {
    return try body()
  } catch {
    throw .storage(error)
  }
}
