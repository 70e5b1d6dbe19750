import AuditRecord

extension Opening {
  /// nil when there is no archive of the log. Reads the records after `since`, and of those before it as many as it
  /// takes to know what the changed days were: few, since days mostly change soon after they were written. Since commit 0 every
  /// day is new, and only the newest record is read.
  ///
  /// - Parameter sha256: of the record of commit `since`, where the loader kept it: another one means that history was rewritten.
  func changes(
    since: Int, sha256: String? = nil, isSettledOnly: Bool
  ) async throws(ArchiveError) -> ChangesSince? {
    guard let present = try await state().manifest else { return nil }
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
        let flaw = Flaw.inconsistent(
          member: "partitions_changed",
          expected: "an earlier revision of \(days), before commit \(since + 1)",
          found: "none")
        throw .damaged(Finding(flaw, at: paths.commit(1), commit: 1))
      }
      for partition in commit.partitionsChanged {
        if sought.remove(partition.eventDate) != nil { before[partition.eventDate] = partition }
      }
    }
    return ChangesSince(present, since: since, before: before, isSettledOnly: isSettledOnly)
  }
}
