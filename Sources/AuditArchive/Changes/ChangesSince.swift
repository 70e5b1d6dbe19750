package import AuditRecord

/// What a loader that has the state of one commit has to do to reach the newest one: replace these days completely.
package struct ChangesSince: Hashable, Sendable {
  package let log: LogName
  /// The commit that was loaded; 0 for none.
  package let since: Int
  /// The newest commit. Pass it as `since` next time, after loading the days.
  package let commit: Int
  /// The SHA-256 of the newest commit's record.
  package let commitSHA256: String
  /// The version of the archive's table that has the newest commit; nil if the archive is no table, or if the table lacks a commit.
  package let tableVersion: Int?
  /// Whether only settled days are listed.
  package let isSettledOnly: Bool
  /// Oldest first.
  package let days: [DayChange]

  /// - Parameters:
  ///   - present: the newest state.
  ///   - before: the entries of changed days at commit `since`; nil for a day without entry, or that never had a row.
  init(
    _ present: Manifest, tableVersion: Int?, since: Int, before: [Day: Partition?], isSettledOnly: Bool
  ) {
    self.log = present.source.log
    self.since = since
    self.commit = present.commit
    self.commitSHA256 = present.commitSHA256
    self.tableVersion = tableVersion
    self.isSettledOnly = isSettledOnly
    self.days = present.partitions.compactMap { partition in
      guard let before = before[partition.eventDate] else { return nil }
      return DayChange(of: partition, since: before, isSettledOnly: isSettledOnly)
    }
  }
}

/// A day that a loader has to load again.
package struct DayChange: Hashable, Sendable {
  /// What the loader must do. The raw value is part of the output of `changes`.
  package enum Action: String, Sendable {
    /// The archive never had a row of the day before.
    case new
    /// Delete the loaded rows of the day and load its files.
    case replace
    /// Delete the loaded rows of the day; it has none any more.
    case empty
  }

  package let action: Action
  /// The day as it is now, with its current files.
  package let partition: Partition
  /// Files that were current at the loaded commit and are not any more. Sorted by format, then by the order of the rows.
  package let filesGone: [PartFile]

  /// nil if there is nothing to load.
  ///
  /// A day has changed if its files have. That includes other files with the same content: a loader may know files by name, and
  /// replacing a day by itself does no harm. A change of state alone is no change, except for a loader of settled days: it has not
  /// loaded a day that was open then.
  ///
  /// - Parameter before: the day at the loaded commit; nil if it never had a row.
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

/// When a run was last complete.
package enum LastComplete: Hashable, Sendable {
  /// With this commit.
  case commit(Commit)
  /// Before this commit, the oldest that was read.
  case before(Commit)

  /// The latest time that it can have been.
  package var latest: Timestamp {
    switch self {
    case .commit(let commit), .before(let commit): commit.committedAt
    }
  }
}

extension ArchiveState {
  /// The changes since a commit; nil if there is no archive of the log.
  ///
  /// Reads the records after `since`, and before it as many as it takes to find the former entries of the changed days. These are
  /// few, because most days change soon after they were written. Since commit 0 every day is new, and only the newest record is read. Reads
  /// how far the table is, too (`tableState`).
  ///
  /// - Parameter sha256: the SHA-256 of the record of commit `since`, if the loader kept it.
  func changes(
    since: Int, sha256: String? = nil, isSettledOnly: Bool
  ) async throws(ArchiveError) -> ChangesSince? {
    guard let present = try await committed().manifest else { return nil }
    guard since <= present.commit else { throw .laterCommit(asked: since, newest: present.commit) }

    let table = try await tableState(of: present)
    let tableVersion = table.flatMap { table in
      table.commitsLacking == 0 && table.commit ?? 0 <= present.commit ? table.commitVersion : nil
    }
    var chain = CommitChain(self, from: present)
    guard since > 0 else {
      _ = try await chain.next()
      let none = present.partitions.map { ($0.eventDate, Partition?.none) }
      let before = Dictionary(none, uniquingKeysWith: { first, _ in first })
      return ChangesSince(
        present, tableVersion: tableVersion, since: 0, before: before, isSettledOnly: isSettledOnly)
    }
    var before: [Day: Partition?] = [:]
    /// Days that had rows at `since`, and whose entry of that time is still to be read.
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
    return ChangesSince(
      present, tableVersion: tableVersion, since: since, before: before, isSettledOnly: isSettledOnly)
  }
}

/// The commit records of a log, newest first. The hash in each record, and in the manifest, proves the record before it.
private struct CommitChain {
  private let state: ArchiveState
  /// The number of the next record; 0 after the first commit.
  private var number: Int
  /// The SHA-256 that the next record must have.
  private(set) var sha256: String?

  init(_ state: ArchiveState, from manifest: Manifest) {
    self.state = state
    self.number = manifest.commit
    self.sha256 = manifest.commitSHA256
  }

  /// nil after the first commit. Throws `.damaged` if a record is missing or is not the one that the next record names.
  mutating func next() async throws(ArchiveError) -> Commit? {
    guard number > 0 else { return nil }
    guard let (commit, found) = try await state.commit(number) else { throw broken(.absent(upTo: number)) }
    guard found == sha256 else { throw broken(.altered(expected: sha256 ?? "null", found: found)) }
    guard commit.commit == number else {
      throw broken(.otherNumber(expected: number, found: commit.commit))
    }
    number -= 1
    sha256 = commit.previousCommitSHA256
    return commit
  }

  private func broken(_ reason: Finding.Problem.Break) -> ArchiveError {
    .damaged(Finding(.brokenChain(reason), at: state.paths.commit(number), commit: number))
  }
}
