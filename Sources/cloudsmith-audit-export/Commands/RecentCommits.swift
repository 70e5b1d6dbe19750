import AuditArchive
import AuditRecord
import AuditReport

/// A log's newest commits, and the runs that made them; newest first.
struct RecentCommits {
  let commits: [Commit]
  let runs: [RecentRun]

  /// A run has several commits where it fetched much.
  private static let most = 256
  private static let few = 5
  private static let runsShown = 5

  /// Throws when one of the newest few cannot be read.
  init(at archive: String, log: LogName) throws(ArchiveError) {
    let newest = try Archive.recentCommits(at: archive, log: log, limit: Self.few)
    do {
      let all = try Archive.recentCommits(at: archive, log: log, limit: Self.most)
      self.init(all, isWhole: all.count < Self.most)
    } catch {
      // A damaged record of longer ago keeps nobody from seeing the rest; `verify` tells it.
      self.init(newest, isWhole: newest.count < Self.few)
    }
  }

  private init(_ commits: [Commit], isWhole: Bool) {
    self.commits = Array(commits.prefix(Self.few))
    runs = Array(RecentRun.runs(of: commits, isWhole: isWhole).prefix(Self.runsShown))
  }
}
