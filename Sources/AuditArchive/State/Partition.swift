package import AuditRecord

/// A file format of parts.
package enum PartFormat: String, Sendable, Codable, CaseIterable {
  case csv, parquet

  /// `csv.gz` or `parquet`, without a leading dot.
  package var fileExtension: String {
    switch self {
    case .csv: "csv.gz"
    case .parquet: "parquet"
    }
  }
}

/// One day of a log in the archive.
package struct Partition: Hashable, Sendable, Codable {
  /// Whether a run can still change the day.
  package enum State: String, Sendable, Codable {
    /// It can still change: it is not whole (`LogState.isWhole`), or it is within the lookback.
    case open
    case settled
  }

  /// The UTC day.
  package var eventDate: Day
  package var state: State
  /// Counts the changes of the day from 1; 0 for a day that never had a row.
  @Count package var revision: Int
  /// The commit that made this revision.
  @Count package var changedInCommit: Int
  @Count package var rows: Int
  /// nil if the day has no rows.
  @Nullable package var minEventAt: Timestamp?
  /// nil if the day has no rows.
  @Nullable package var maxEventAt: Timestamp?
  /// The SHA-256 of the day's rows as `csv-1` text, in order and without header. It does not depend on the formats on disk.
  @Digest package var contentSHA256: String
  /// Sorted by format, then by the order of the rows.
  package var files: [PartFile]

  /// The formats of the day's files; empty if it has no rows.
  package var formats: Set<PartFormat> { Set(files.map(\.format)) }

  /// Whether the day can be read in each of these formats. True for a day without rows.
  package func has(_ formats: Set<PartFormat>) -> Bool {
    files.isEmpty || formats.isSubset(of: self.formats)
  }

  private enum CodingKeys: String, CodingKey {
    case eventDate = "event_date"
    case state, revision
    case changedInCommit = "changed_in_commit"
    case rows
    case minEventAt = "min_event_at"
    case maxEventAt = "max_event_at"
    case contentSHA256 = "content_sha256"
    case files
  }
}

extension [Partition] {
  /// The formats of the last day that has rows; new days are written in them by default.
  package var newestFormats: Set<PartFormat> { last { !$0.files.isEmpty }?.formats ?? [] }
}

/// A file that the state names with its size and hash.
protocol SealedFile {
  /// Relative to the archive.
  var path: String { get }
  var bytes: Int { get }
  var sha256: String { get }
}

/// A sealed file with some or all of a day's rows.
package struct PartFile: Hashable, Sendable, Codable, SealedFile {
  /// Relative to the archive.
  package var path: String
  package var format: PartFormat
  /// Without the header.
  @Count package var rows: Int
  @Count package var bytes: Int
  @Count package var uncompressedBytes: Int
  @Digest package var sha256: String
  /// The `event_at` of the first row.
  package var minEventAt: Timestamp
  /// The `event_at` of the last row.
  package var maxEventAt: Timestamp

  private enum CodingKeys: String, CodingKey {
    case path, format, rows, bytes
    case uncompressedBytes = "uncompressed_bytes"
    case sha256
    case minEventAt = "min_event_at"
    case maxEventAt = "max_event_at"
  }
}

/// A file of records that could not be read, as JSON lines. One commit writes it; it never changes.
package struct QuarantineFile: Hashable, Sendable, Codable, SealedFile {
  /// Relative to the archive.
  package var path: String
  /// The number of lines.
  @Count package var records: Int
  @Count package var bytes: Int
  @Digest package var sha256: String
}
