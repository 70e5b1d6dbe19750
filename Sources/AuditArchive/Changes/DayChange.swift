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
