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
