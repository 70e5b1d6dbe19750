package import AuditRecord

/// A form that a day's rows are written in.
package enum PartFormat: String, Sendable, Codable, CaseIterable {
  case csv, parquet

  package var fileExtension: String {
    switch self {
    case .csv: "csv.gz"
    case .parquet: "parquet"
    }
  }
}

/// One day of a log, as the archive holds it.
package struct Partition: Hashable, Sendable {
  package enum State: String, Sendable, Codable {
    /// It may still change: it is not whole (`Standing.isWhole`), or within the lookback.
    case open
    case settled
  }

  package var eventDate: Day
  package var state: State
  /// Counts the day's changes from 1; 0 for a day that never had a row.
  package var revision: Int
  /// The commit that made this revision.
  package var changedInCommit: Int
  package var rows: Int
  /// nil when there are no rows.
  package var minEventAt: Timestamp?
  package var maxEventAt: Timestamp?
  /// Over the day's rows as `csv-1` text in order, without header, whatever the formats on disk.
  package var contentSHA256: String
  /// By format, then in the order of the rows.
  package var files: [PartFile]

  package var formats: Set<PartFormat> { Set(files.map(\.format)) }

  /// Whether the day can be read in each of these formats; one without rows can be.
  package func has(_ formats: Set<PartFormat>) -> Bool {
    files.isEmpty || formats.isSubset(of: self.formats)
  }
}

extension [Partition] {
  /// The formats of the last day that has rows: what the archive is written in now.
  package var newestFormats: Set<PartFormat> { last { !$0.files.isEmpty }?.formats ?? [] }
}

/// A sealed file that holds some or all of a day's rows.
package struct PartFile: Hashable, Sendable {
  package var path: String
  package var format: PartFormat
  /// Never counts the header.
  package var rows: Int
  package var bytes: Int
  package var uncompressedBytes: Int
  package var sha256: String
  package var minEventAt: Timestamp
  package var maxEventAt: Timestamp
}

extension Partition: Codable {
  enum CodingKeys: String, CodingKey {
    case eventDate = "event_date"
    case state, revision
    case changedInCommit = "changed_in_commit"
    case rows
    case minEventAt = "min_event_at"
    case maxEventAt = "max_event_at"
    case contentSHA256 = "content_sha256"
    case files
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(eventDate, forKey: .eventDate)
    try record.encode(state, forKey: .state)
    try record.encode(revision, forKey: .revision)
    try record.encode(changedInCommit, forKey: .changedInCommit)
    try record.encode(rows, forKey: .rows)
    try record.encode(minEventAt, forKey: .minEventAt)
    try record.encode(maxEventAt, forKey: .maxEventAt)
    try record.encode(contentSHA256, forKey: .contentSHA256)
    try record.encode(files, forKey: .files)
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    eventDate = try record.day(forKey: .eventDate)
    state = try record.decode(State.self, forKey: .state)
    revision = try record.count(forKey: .revision)
    changedInCommit = try record.count(forKey: .changedInCommit)
    rows = try record.count(forKey: .rows)
    minEventAt = try record.optionalTime(forKey: .minEventAt)
    maxEventAt = try record.optionalTime(forKey: .maxEventAt)
    contentSHA256 = try record.hash(forKey: .contentSHA256)
    files = try record.decode([PartFile].self, forKey: .files)
  }
}

extension PartFile: Codable {
  enum CodingKeys: String, CodingKey {
    case path, format, rows, bytes
    case uncompressedBytes = "uncompressed_bytes"
    case sha256
    case minEventAt = "min_event_at"
    case maxEventAt = "max_event_at"
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(path, forKey: .path)
    try record.encode(format, forKey: .format)
    try record.encode(rows, forKey: .rows)
    try record.encode(bytes, forKey: .bytes)
    try record.encode(uncompressedBytes, forKey: .uncompressedBytes)
    try record.encode(sha256, forKey: .sha256)
    try record.encode(minEventAt, forKey: .minEventAt)
    try record.encode(maxEventAt, forKey: .maxEventAt)
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    path = try record.decode(String.self, forKey: .path)
    format = try record.decode(PartFormat.self, forKey: .format)
    rows = try record.count(forKey: .rows)
    bytes = try record.count(forKey: .bytes)
    uncompressedBytes = try record.count(forKey: .uncompressedBytes)
    sha256 = try record.hash(forKey: .sha256)
    minEventAt = try record.time(forKey: .minEventAt)
    maxEventAt = try record.time(forKey: .maxEventAt)
  }
}

/// A file of records that could not be read, JSON lines, written by one commit and never changed.
package struct QuarantineFile: Hashable, Sendable, Encodable {
  package var path: String
  /// Lines.
  package var records: Int
  package var bytes: Int
  package var sha256: String
}

extension QuarantineFile: Decodable {
  enum CodingKeys: String, CodingKey {
    case path, records, bytes, sha256
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    path = try record.decode(String.self, forKey: .path)
    records = try record.count(forKey: .records)
    bytes = try record.count(forKey: .bytes)
    sha256 = try record.hash(forKey: .sha256)
  }
}
