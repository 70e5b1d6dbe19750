package import AuditRecord

/// Whose logs an archive holds, fixed by its first run: one Hive table cannot have both kinds of partition keys.
package enum ArchiveKind: String, Sendable, Codable {
  case organizationLogs = "organizations"
  case repositoryLogs = "repositories"

  package init(of log: LogName) {
    self = log.repository == nil ? .organizationLogs : .repositoryLogs
  }
}

/// The content of `_manifest/archive.json`.
struct ArchiveKindRecord: Codable {
  var format = ArchiveJSON.format
  var logs: ArchiveKind
}
