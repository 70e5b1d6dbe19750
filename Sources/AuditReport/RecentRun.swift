package import AuditArchive
package import AuditRecord

/// The commits of one run, added up.
package struct RecentRun: Hashable, Sendable {
  /// The numbers of its commits.
  package let commits: ClosedRange<Int>
  /// The time of its last commit.
  package let committedAt: Timestamp
  /// Rows that were new to the archive.
  package let rowsAdded: Int
  /// Records received, including repeated ones.
  package let eventsReceived: Int
  /// Rows added to time that was already covered.
  package let lateEvents: Int
  /// Requests sent, including retries.
  package let requests: Int
  /// Whether the run completed its window.
  package let isComplete: Bool
  /// Whether all its commits are included. If not, the run has earlier commits, and the counts are minimums.
  package let isWhole: Bool

  /// Groups commits into runs, newest first. The commits of a run have the same window, and only the last one completes it.
  ///
  /// - Parameters:
  ///   - commits: The newest commits of a log, newest first.
  ///   - isWhole: Whether `commits` includes the first commit of all. If not, the oldest run may be cut off. It is left out, or marked
  ///     if it is the only one.
  package static func runs(of commits: [Commit], isWhole: Bool) -> [RecentRun] {
    var groups: [[Commit]] = []
    for commit in commits {
      if let next = groups.last?.last, next.run.window == commit.run.window, !commit.run.complete {
        groups[groups.count - 1].append(commit)
      } else {
        groups.append([commit])
      }
    }
    if !isWhole, groups.count > 1 { groups.removeLast() }
    let isOnePart = !isWhole && groups.count == 1
    return groups.compactMap { group in
      guard let newest = group.first, let oldest = group.last else { return nil }
      func sum(_ count: KeyPath<RunCounters, Int>) -> Int {
        group.reduce(0) { $0 + $1.run[keyPath: count] }
      }
      return RecentRun(
        commits: oldest.commit...max(oldest.commit, newest.commit), committedAt: newest.committedAt,
        rowsAdded: sum(\.rowsAdded), eventsReceived: sum(\.eventsReceived), lateEvents: sum(\.lateEvents),
        requests: sum(\.requests), isComplete: newest.run.complete, isWhole: !isOnePart)
    }
  }

  /// `42`, or `38-42` for several commits, or `..-42` if the first one is unknown.
  package var numbers: String {
    guard isWhole else { return "..-\(commits.upperBound)" }
    return commits.count == 1 ? "\(commits.lowerBound)" : "\(commits.lowerBound)-\(commits.upperBound)"
  }
}
