import AuditArchive

/// The table of an archive, as a member of the results in JSON.
struct TableMember: Encodable {
  /// The newest version. Absent if the table has no log.
  var version: Int?
  /// The newest commit of the log that the table has. Absent if it has none.
  var commit: Int?
  /// The number of commits that the table lacks.
  var commitsLacking: Int

  init(_ state: TableState) {
    version = state.version
    commit = state.commit
    commitsLacking = state.commitsLacking
  }
}
