package import AuditRecord

/// When a run last had all that it was after, as the commits of a log tell it.
package enum LastComplete: Hashable, Sendable {
  /// With this commit, the newest of such a run.
  case commit(Commit)
  /// Before this commit: it is the oldest that was looked at, and neither it nor a later one is of such a run.
  case before(Commit)

  /// When it was, or the latest that it can have been.
  package var latest: Timestamp {
    switch self {
    case .commit(let commit), .before(let commit): commit.committedAt
    }
  }
}

extension Archive {
  /// The newest commit whose run had all that it was after; nil when no commit of the log is, or there is no archive.
  ///
  /// Goes from the newest commit down by number, passes over commits of runs that stopped and those that a run made on its
  /// way, and reads at most `limit` records. Where none of these is complete, and there are older ones, it returns the oldest
  /// of them as `.before`. Writes nothing, takes no lease.
  ///
  /// - Parameters:
  ///   - newest: the number of the newest commit, where it is known; else the manifest is read for it.
  ///   - limit: some 40 days of hourly runs, none of which was complete.
  package func lastComplete(
    newest: Int? = nil, limit: Int = 1_000
  ) async throws(ArchiveError) -> LastComplete? {
    var oldest: Commit?
    for number in try await opening.newestNumbers(newest, limit: limit) {
      guard let commit = try await opening.commit(number)?.commit else { continue }
      if commit.run.complete { return .commit(commit) }
      oldest = commit
    }
    guard let oldest, oldest.commit > 1 else { return nil }
    return .before(oldest)
  }
}

extension Opening {
  /// The numbers of a log's newest commits, newest first. `newest`: nil where it is not known.
  func newestNumbers(_ newest: Int?, limit: Int) async throws(ArchiveError) -> [Int] {
    try await checkKind()
    var newest = newest
    if newest == nil { newest = try await state().manifest?.commit }
    guard let newest, newest > 0, limit > 0 else { return [] }
    return (max(1, newest - limit + 1)...newest).reversed()
  }
}
