package import AuditRecord

/// What a loader that holds the state of one commit has to do to hold that of the newest: replace these days, whole.
package struct ChangesSince: Hashable, Sendable {
  package let log: LogName
  /// The commit that was loaded; 0 for none.
  package let since: Int
  /// The newest commit, of which all this is told: the one to ask from next time, when the days are loaded.
  package let commit: Int
  /// Of its record.
  package let commitSHA256: String
  package let isSettledOnly: Bool
  /// Oldest first.
  package let days: [DayChange]
}

extension ChangesSince {
  /// `present`: the newest state. `before`: the entries that days had at commit `since`, as far as they differ from
  /// those of `present`; nil for a day that had none, or had never had a row.
  init(_ present: Manifest, since: Int, before: [Day: Partition?], isSettledOnly: Bool) {
    self.log = present.source.log
    self.since = since
    self.commit = present.commit
    self.commitSHA256 = present.commitSHA256
    self.isSettledOnly = isSettledOnly
    self.days = present.partitions.compactMap { partition in
      guard let before = before[partition.eventDate] else { return nil }
      return DayChange(of: partition, since: before, isSettledOnly: isSettledOnly)
    }
  }
}

/// A day that a loader has to load again.
package struct DayChange: Hashable, Sendable {
  package enum Action: String, Sendable {
    /// The archive had never had a row of the day.
    case new
    /// Drop what was loaded of the day and load its files.
    case replace
    /// Drop what was loaded of the day: it has no rows any more.
    case empty
  }

  package let action: Action
  /// The day as it is now, with the files that are live.
  package let partition: Partition
  /// What was live at the commit that was loaded, and is no longer. By format, then in the order of the rows.
  package let filesGone: [PartFile]

  /// nil when there is nothing to load. `before`: the day at the commit that was loaded; nil when it had never had a row.
  ///
  /// What counts is the files, whose names tell revision and content. A day that has the content of before in other files
  /// counts too: whoever reads the files by name needs the new names, and to replace a day by itself does no harm.
  ///
  /// Who loads settled days only has not seen a day that was open, so that it counts when it has settled since, whether
  /// or not its rows changed. For everybody else a change of state alone is none.
  init?(of now: Partition, since before: Partition?, isSettledOnly: Bool) {
    let wasWithheld = isSettledOnly && before?.state == .open
    let (old, live) = (before?.files ?? [], Set(now.files.map(\.path)))
    guard wasWithheld || Set(old.map(\.path)) != live, !isSettledOnly || now.state == .settled
    else { return nil }
    action = now.rows == 0 ? .empty : before == nil ? .new : .replace
    partition = now
    filesGone = old.filter { !live.contains($0.path) }
  }
}

extension ArchiveState {
  /// nil when there is no archive of the log. Reads the records after `since`, and of those before it as many as it
  /// takes to know what the changed days were: few, since days mostly change soon after they were written. Since commit 0 every
  /// day is new, and only the newest record is read.
  ///
  /// - Parameter sha256: of the record of commit `since`, where the loader kept it: another one means that history was rewritten.
  func changes(
    since: Int, sha256: String? = nil, isSettledOnly: Bool
  ) async throws(ArchiveError) -> ChangesSince? {
    guard let present = try await committed().manifest else { return nil }
    guard since <= present.commit else { throw .laterCommit(asked: since, newest: present.commit) }

    var chain = CommitChain(self, from: present)
    guard since > 0 else {
      _ = try await chain.next()
      let none = present.partitions.map { ($0.eventDate, Partition?.none) }
      let before = Dictionary(none, uniquingKeysWith: { first, _ in first })
      return ChangesSince(present, since: 0, before: before, isSettledOnly: isSettledOnly)
    }
    var before: [Day: Partition?] = [:]
    /// The days whose entry at `since` had rows, in whatever revision, and was not read yet.
    var sought: Set<Day> = []
    for _ in since..<present.commit {
      guard let commit = try await chain.next() else { break }
      for partition in commit.partitionsChanged {
        let isNewRevision = partition.changedInCommit == commit.commit
        let revision = isNewRevision ? max(0, partition.revision - 1) : partition.revision
        before[partition.eventDate] = .some(nil)
        if revision > 0 { sought.insert(partition.eventDate) } else { sought.remove(partition.eventDate) }
      }
    }
    if let sha256, chain.sha256 != sha256 { throw .otherCommit(asked: since, sha256: sha256) }
    while !sought.isEmpty {
      guard let commit = try await chain.next() else {
        let days = sought.sorted().map(\.description).joined(separator: ", ")
        let problem = Finding.Problem.inconsistent(
          member: "partitions_changed",
          expected: "an earlier revision of \(days), before commit \(since + 1)",
          found: "none")
        throw .damaged(Finding(problem, at: paths.commit(1), commit: 1))
      }
      for partition in commit.partitionsChanged {
        if sought.remove(partition.eventDate) != nil { before[partition.eventDate] = partition }
      }
    }
    return ChangesSince(present, since: since, before: before, isSettledOnly: isSettledOnly)
  }
}

/// A log's commit records from the newest back to the first, each proven by the hash that its follower gives of it.
struct CommitChain {
  private let archiveState: ArchiveState
  /// Of the next record that `next` returns; 0 after the first of all. `sha256` is what its follower says that it has.
  private var number: Int
  private(set) var sha256: String?

  init(_ archiveState: ArchiveState, from manifest: Manifest) {
    self.archiveState = archiveState
    self.number = manifest.commit
    self.sha256 = manifest.commitSHA256
  }

  /// nil after the first of all. Throws `.brokenChain` where a record is missing or is not the one that was followed.
  mutating func next() async throws(ArchiveError) -> Commit? {
    guard number > 0 else { return nil }
    let path = archiveState.paths.commit(number)
    guard let (commit, found) = try await archiveState.commit(number) else {
      throw .damaged(Finding(.brokenChain(.absent(upTo: number)), at: path, commit: number))
    }
    guard found == sha256 else {
      let problem = Finding.Problem.brokenChain(.altered(expected: sha256 ?? "null", found: found))
      throw .damaged(Finding(problem, at: path, commit: number))
    }
    guard commit.commit == number else {
      let problem = Finding.Problem.brokenChain(.otherNumber(expected: number, found: commit.commit))
      throw .damaged(Finding(problem, at: path, commit: number))
    }
    number -= 1
    sha256 = commit.previousCommitSHA256
    return commit
  }
}

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
    for number in try await archiveState.newestNumbers(newest, limit: limit) {
      guard let commit = try await archiveState.commit(number)?.commit else { continue }
      if commit.run.complete { return .commit(commit) }
      oldest = commit
    }
    guard let oldest, oldest.commit > 1 else { return nil }
    return .before(oldest)
  }
}

extension ArchiveState {
  /// The numbers of a log's newest commits, newest first. `newest`: nil where it is not known.
  func newestNumbers(_ newest: Int?, limit: Int) async throws(ArchiveError) -> [Int] {
    try await checkKind()
    var newest = newest
    if newest == nil { newest = try await committed().manifest?.commit }
    guard let newest, newest > 0, limit > 0 else { return [] }
    return (max(1, newest - limit + 1)...newest).reversed()
  }
}
