package import AuditArchive
package import AuditRecord
package import CloudsmithAPI

/// What a run tells whoever watches it.
package enum ExportEvent: Sendable {
  case planned(ExportPlan)
  /// A page has been read.
  case page(Progress)
  /// Pages are read again, because the list shifted in a way that its count does not explain.
  case rereading(IncompleteReason)
  /// What the time filter shows could not be reconciled; the rest of the window is sought.
  case filterGivenUp(IncompleteReason)
  /// Days are in the archive now.
  case committed(Commit)
  /// Days that the archive had are in it in the formats that are asked for now.
  case converted([Day])
  /// What the archive holds of a day cannot be read; the day is left as it is.
  case damaged(Day, ArchiveError)

  /// How far a walk is.
  package struct Progress: Hashable, Sendable {
    package var page: Int
    /// Pages in the list, as the API counts them.
    package var pagesInList: Int?
    /// Events received so far.
    package var events: Int
    /// The oldest instant reached.
    package var reached: Timestamp?
    /// The span the walk has to cover.
    package var span: Window
  }
}

extension ExportEvent {
  /// Whether a commit has just been made.
  package var isCommit: Bool {
    switch self {
    case .committed, .converted: true
    case .planned, .page, .rereading, .filterGivenUp, .damaged: false
    }
  }
}
