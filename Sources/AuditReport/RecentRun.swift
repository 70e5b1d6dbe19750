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

  /// Newest first, from a log's newest commits, newest first. A run's commits are after the same window, and none but the last
  /// is complete. `isWhole`: whether `commits` reaches back to the first of all; else the oldest run is left out where it
  /// may be longer than what is there of it.
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
    return groups.compactMap { group in
      guard let newest = group.first, let oldest = group.last else { return nil }
      func sum(_ count: KeyPath<RunCounters, Int>) -> Int {
        group.reduce(0) { $0 + $1.run[keyPath: count] }
      }
      return RecentRun(
        commits: oldest.commit...max(oldest.commit, newest.commit), committedAt: newest.committedAt,
        rowsAdded: sum(\.rowsAdded), eventsReceived: sum(\.eventsReceived), lateEvents: sum(\.lateEvents),
        requests: sum(\.requests), isComplete: newest.run.complete)
    }
  }

  /// `42`, or `38-42` of a run with several.
  package var numbers: String {
    commits.count == 1 ? "\(commits.lowerBound)" : "\(commits.lowerBound)-\(commits.upperBound)"
  }
}
