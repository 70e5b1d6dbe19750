package import AuditRecord

/// What an archive is an archive of. Fixed for the life of the log's archive.
package struct ArchiveSource: Hashable, Sendable, Codable {
  /// The URL of the API without a trailing slash: `https://api.cloudsmith.io`.
  package var apiHost: String
  private var organization: Slug
  @Nullable private var repository: Slug?
  /// The search term of every request; nil for none.
  @Nullable package var query: String?

  package var log: LogName {
    get { LogName(organization: organization, repository: repository) }
    set { (organization, repository) = (newValue.organization, newValue.repository) }
  }

  package init(apiHost: String, log: LogName, query: String? = nil) {
    self.apiHost = apiHost
    (organization, repository) = (log.organization, log.repository)
    self.query = query
  }

  private enum CodingKeys: String, CodingKey {
    case apiHost = "api_host"
    case organization, repository, query
  }
}

/// Whose logs an archive holds. The first run decides: a Hive table cannot have both kinds of partition keys.
package enum ArchiveKind: String, Sendable, Codable {
  case organizationLogs = "organizations"
  case repositoryLogs = "repositories"

  /// The kind of archive that can hold this log.
  package init(of log: LogName) {
    self = log.repository == nil ? .organizationLogs : .repositoryLogs
  }
}

/// The content of `_manifest/archive.json`.
struct ArchiveKindRecord: Codable {
  var format = ArchiveJSON.format
  var logs: ArchiveKind
  /// nil, and not written, if the archive is no table.
  var table: Table?

  /// The Delta Lake table that the archive is.
  struct Table: Codable {
    /// A UUID, which never changes.
    var id: String
  }
}

extension LogName {
  /// Whether a case-insensitive disk takes the two logs for one.
  func isOtherSpelling(of other: LogName) -> Bool {
    self != other && description.lowercased() == other.description.lowercased()
  }
}
