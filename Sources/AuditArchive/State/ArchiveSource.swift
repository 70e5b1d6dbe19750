package import AuditRecord

/// What an archive is an archive of. Fixed for the life of the log's archive.
package struct ArchiveSource: Hashable, Sendable, Codable {
  /// The URL of the API without a trailing slash: `https://api.cloudsmith.io`.
  package var apiHost: String
  private var organization: Slug
  @Nullable private var repository: Slug?
  /// The search term of every request; nil for none.
  @Nullable package var query: String?
  /// Which columns are redacted, and how. nil if none is; then nothing is written about it.
  package var redaction: RedactionPolicy?

  package var log: LogName {
    get { LogName(organization: organization, repository: repository) }
    set { (organization, repository) = (newValue.organization, newValue.repository) }
  }

  package init(
    apiHost: String, log: LogName, query: String? = nil, redaction: RedactionPolicy? = nil
  ) {
    self.apiHost = apiHost
    (organization, repository) = (log.organization, log.repository)
    self.query = query
    self.redaction = redaction
  }

  private enum CodingKeys: String, CodingKey {
    case apiHost = "api_host"
    case organization, repository, query, redaction
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

extension RedactionPolicy: Codable {
  private enum CodingKeys: String, CodingKey {
    case columns
    case keyFingerprint = "key_fingerprint"
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    let columns = methods.map { ($0.name, $1.rawValue) }
    try record.encode(Dictionary(uniqueKeysWithValues: columns), forKey: .columns)
    try record.encodeIfPresent(keyFingerprint, forKey: .keyFingerprint)
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    var methods: [Column: RedactionMethod] = [:]
    for (name, word) in try record.decode([String: String].self, forKey: .columns) {
      guard let column = Column(name: name), let method = RedactionMethod(rawValue: word) else {
        throw record.corrupted(
          .columns, "\(name.debugDescription): \(word.debugDescription) is not a redaction")
      }
      methods[column] = method
    }
    let fingerprint = try record.decodeIfPresent(String.self, forKey: .keyFingerprint)
    guard fingerprint?.wholeMatch(of: /[0-9a-f]{16}/) != nil || fingerprint == nil else {
      throw record.corrupted(.keyFingerprint, "it is not the fingerprint of a key")
    }
    do {
      try self.init(methods: methods, keyFingerprint: fingerprint)
    } catch {
      throw record.corrupted(.columns, "\(error)")
    }
  }
}
