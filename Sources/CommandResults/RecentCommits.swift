import AuditArchive
import AuditRecord
import AuditReport

/// A log's newest commits, and the runs that made them; newest first.
package struct RecentCommits {
  package let commits: [Commit]
  package let runs: [RecentRun]

  /// A run has several commits where it fetched much.
  private static let most = 256
  private static let few = 5
  private static let runsShown = 5

  /// Reads the records from commit `newest` down, until the runs that are shown are whole. Throws when one of the newest few
  /// cannot be read.
  package init(_ archive: Archive, newest: Int) async throws(ArchiveError) {
    let first = try await archive.recentCommits(limit: Self.few, newest: newest)
    do {
      let rest = try await archive.recentCommits(limit: Self.most - Self.few, newest: newest - Self.few) {
        rest in
        RecentRun.runs(of: first + rest, isWhole: false).count == Self.runsShown
      }
      let all = first + rest
      self.init(all, isWhole: all.last?.commit == 1)
    } catch {
      // A damaged record of longer ago keeps nobody from seeing the rest; `verify` tells it.
      self.init(first, isWhole: false)
    }
  }

  private init(_ commits: [Commit], isWhole: Bool) {
    self.commits = Array(commits.prefix(Self.few))
    runs = Array(RecentRun.runs(of: commits, isWhole: isWhole).prefix(Self.runsShown))
  }
}
