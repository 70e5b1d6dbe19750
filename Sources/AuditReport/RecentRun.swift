package import AuditArchive
package import AuditRecord

/// What one run committed, its commits taken together.
package struct RecentRun: Hashable, Sendable {
  package let commits: ClosedRange<Int>
  /// Of its last commit.
  package let committedAt: Timestamp
  package let rowsAdded: Int
  package let eventsReceived: Int
  package let lateEvents: Int
  package let requests: Int
  /// Whether it had all that it was after.
  package let isComplete: Bool
  /// Whether all its commits were looked at; else it began before them, and did more.
  package let isWhole: Bool

  /// Newest first, from a log's newest commits, newest first. A run's commits are after the same window, and none but the last
  /// is complete. `isWhole`: whether `commits` reaches back to the first of all; else the oldest run
  /// may be longer than what is there of it: it is left out, or is marked where it is the only one.
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

  /// `42`, or `38-42` of a run with several, `..-42` of one whose first is not known.
  package var numbers: String {
    guard isWhole else { return "..-\(commits.upperBound)" }
    return commits.count == 1 ? "\(commits.lowerBound)" : "\(commits.lowerBound)-\(commits.upperBound)"
  }
}
