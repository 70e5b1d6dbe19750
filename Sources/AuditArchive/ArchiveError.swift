package import AuditRecord

/// Why an archive could not be opened, read or written, told apart by what one does next.
package enum ArchiveError: Error, Hashable, Sendable {
  /// The disk: full, not permitted, failing.
  case storage(StorageError)
  /// Another run holds the log; who, when the lock says so.
  case locked(LockHolder?)
  /// The lock file, whose path this is, was removed or replaced while this run held it.
  case leaseLost(path: String)
  /// Another run has made the commit of that number, or changed the state, while this one held the lease.
  case outrun(Int)
  /// A commit stands, and a file that it put in its place is no longer there as it was sealed. What it replaced is kept.
  case lostAfterCommit(Int, Finding)
  /// The archive holds the logs of organisations and not of repositories, or the other way round.
  case otherKind(found: ArchiveKind, asked: ArchiveKind)
  /// The state under that name is that of a log whose name differs in upper and lower case alone: the disk does not tell them
  /// apart.
  case otherSpelling(found: LogName, asked: LogName)
  /// The archive was made from another host or with another query.
  case otherSource(found: ArchiveSource, asked: ArchiveSource)
  /// A file of a newer version of this program.
  case newerFormat(path: String, found: String, supported: String)
  /// A file is not what the archive's own records promise.
  case damaged(Finding)
  /// There are files of events, but neither manifest nor commits, and no first run was putting them there: the state
  /// was taken away. `example` is one.
  case stateMissing(example: String)
  /// The manifest is of a later commit than there are records of.
  case missingCommits(from: Int, to: Int)
  /// The state is older than the files: parts that later commits put there, and that replaced what the state names.
  case olderState(commit: Int, later: [String])
  /// A commit that this program was about to make, and that does not follow from the state. Nothing was changed.
  case invalidCommit(Finding)
  /// What changed since a commit was asked, and the archive has not come that far.
  case laterCommit(asked: Int, newest: Int)
  /// What changed since a commit was asked, and the commit of that number is another: history was rewritten.
  case otherCommit(asked: Int, sha256: String)
  /// A row that was to be staged does not come after the row before it. Rows count from 0.
  case misordered(day: Day, row: Int)
  /// A row that was to be staged is of another day.
  case outsideDay(day: Day, row: Int, eventAt: Timestamp)
}

extension ArchiveError: CustomStringConvertible {
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
      "the archive was created from \(found.summary), but this run reads \(asked.summary)"
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
    case .misordered(let day, let row): "row \(row) of \(day) does not come after the row before it"
    case .outsideDay(let day, let row, let eventAt): "row \(row) of \(day) is of \(eventAt)"
    }
  }
}

extension ArchiveError {
  /// A file of the state that does not say what it should.
  static func unreadable(_ path: String, _ why: String) -> ArchiveError {
    .damaged(Finding(.unreadable(why), at: path))
  }
}

extension LogName {
  /// Whether a disk that does not tell upper from lower case takes the two for one.
  func isOtherSpelling(of other: LogName) -> Bool {
    self != other && description.lowercased() == other.description.lowercased()
  }
}

extension ArchiveSource {
  fileprivate var summary: String {
    query.map { "\(apiHost) with the query \($0.debugDescription)" } ?? apiHost
  }
}

/// Runs what can only fail in the store, and tells its failure as the archive's.
nonisolated(nonsending) func stored<Result>(
  _ body: @autoclosure () async throws(StorageError) -> Result
) async throws(ArchiveError) -> Result {
  do {
    return try await body()
  } catch {
    throw .storage(error)
  }
}

/// Runs what can only fail on the local disk, and tells its failure as the archive's.
func onDisk<Result>(_ body: @autoclosure () throws(StorageError) -> Result) throws(ArchiveError) -> Result {
  do {
    return try body()
  } catch {
    throw .storage(error)
  }
}
