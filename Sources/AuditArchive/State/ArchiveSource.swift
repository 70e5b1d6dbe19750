package import AuditRecord

/// What an archive is an archive of. It stays the same for as long as the log has one.
package struct ArchiveSource: Hashable, Sendable {
  /// Without a trailing slash: `https://api.cloudsmith.io`.
  package var apiHost: String
  package var log: LogName
  /// The search term that every request carries; nil for none.
  package var query: String?

  package init(apiHost: String, log: LogName, query: String? = nil) {
    self.apiHost = apiHost
    self.log = log
    self.query = query
  }
}

extension ArchiveSource: Codable {
  enum CodingKeys: String, CodingKey {
    case apiHost = "api_host"
    case organization, repository, query
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(apiHost, forKey: .apiHost)
    try record.encode(log.organization.description, forKey: .organization)
    try record.encode(log.repository?.description, forKey: .repository)
    try record.encode(query, forKey: .query)
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    func slug(_ text: String, _ key: CodingKeys) throws -> Slug {
      guard let slug = Slug(text) else {
        throw record.corrupted(key, "\(text.debugDescription) is not a slug")
      }
      return slug
    }
    apiHost = try record.decode(String.self, forKey: .apiHost)
    log = try LogName(
      organization: slug(record.decode(String.self, forKey: .organization), .organization),
      repository: record.decode(String?.self, forKey: .repository).map { try slug($0, .repository) })
    query = try record.decode(String?.self, forKey: .query)
  }
}

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
