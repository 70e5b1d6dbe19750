package import AuditRecord
import PartitionFormats

/// Where a log stands after a commit: what the commit record and the manifest both say.
package struct Standing: Hashable, Sendable {
  /// Counts from 1.
  package var commit: Int
  package var committedAt: Timestamp
  package var toolVersion: String
  package var source: ArchiveSource
  /// Of the rows, and of their text.
  package var schema = Column.schemaName
  package var csvDialect = CSVEncoder.dialect
  /// Where the archive begins; nothing before it is asked for.
  package var start: Timestamp
  package var coverage: Coverage
  /// What of the coverage is to be looked at once more: when it was read last, an event of it could still come in within the
  /// lookback. Nothing in an archive of before this was recorded.
  package var lookbackDue = Coverage()
  /// The oldest event that the API showed when it was looked up last; nil where it never was.
  package var oldestShown: OldestShown?

  /// The end of the first gap-free run from the start: everything before it is here.
  package var highWaterMark: Timestamp { coverage.endOfRun(from: start) }

  /// What is missing between the start and the newest covered instant.
  package var gaps: [Window] {
    coverage.gaps(in: Window(from: start, to: coverage.end ?? start))
  }

  /// Whether a day can be settled: every instant of it that the archive is to hold is covered, and none is due to be read
  /// again. Of the day on which the archive starts that is the part from the start on. Of a day before the start it is the
  /// whole day: nobody fills the rest of such a day, so that a part of it stays a part.
  package func isWhole(_ day: Day) -> Bool {
    let held = day.end <= start ? day.window : day.window.intersection(Window(from: start, to: .latest))
    return coverage.contains(held) && lookbackDue.intersection(day.window).isEmpty
  }
}

extension Standing: Codable {
  enum CodingKeys: String, CodingKey {
    case format, commit
    case committedAt = "committed_at"
    case toolVersion = "tool_version"
    case source, schema
    case csvDialect = "csv_dialect"
    case start
    case highWaterMark = "high_water_mark"
    case coverage, gaps
    case lookbackDue = "lookback_due"
    case oldestShown = "oldest_shown"
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(ArchiveJSON.format, forKey: .format)
    try record.encode(commit, forKey: .commit)
    try record.encode(committedAt, forKey: .committedAt)
    try record.encode(toolVersion, forKey: .toolVersion)
    try record.encode(source, forKey: .source)
    try record.encode(schema, forKey: .schema)
    try record.encode(csvDialect, forKey: .csvDialect)
    try record.encode(start, forKey: .start)
    try record.encode(highWaterMark, forKey: .highWaterMark)
    try record.encode(coverage.intervals, forKey: .coverage)
    try record.encode(gaps, forKey: .gaps)
    try record.encode(lookbackDue.intervals, forKey: .lookbackDue)
    try record.encodeIfPresent(oldestShown, forKey: .oldestShown)
  }

  /// What follows from start and coverage is not read: `verify` holds the record's bytes against what this writes.
  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    commit = try record.count(forKey: .commit)
    committedAt = try record.time(forKey: .committedAt)
    toolVersion = try record.decode(String.self, forKey: .toolVersion)
    source = try record.decode(ArchiveSource.self, forKey: .source)
    schema = try record.decode(String.self, forKey: .schema)
    csvDialect = try record.decode(String.self, forKey: .csvDialect)
    start = try record.time(forKey: .start)
    coverage = Coverage(try record.windows(forKey: .coverage))
    lookbackDue = Coverage(try record.windowsIfPresent(forKey: .lookbackDue))
    oldestShown = try record.decodeIfPresent(OldestShown.self, forKey: .oldestShown)
    guard commit >= 1 else { throw record.corrupted(.commit, "commit numbers start at 1") }
  }
}

/// The oldest event that the API showed at some time: what is older may have expired there, and proves nothing.
package struct OldestShown: Hashable, Sendable {
  package var eventAt: Timestamp
  /// When it was looked up.
  package var seenAt: Timestamp

  package init(eventAt: Timestamp, seenAt: Timestamp) {
    self.eventAt = eventAt
    self.seenAt = seenAt
  }
}

extension OldestShown: Codable {
  enum CodingKeys: String, CodingKey {
    case eventAt = "event_at"
    case seenAt = "seen_at"
  }

  package func encode(to encoder: any Encoder) throws {
    var record = encoder.container(keyedBy: CodingKeys.self)
    try record.encode(eventAt, forKey: .eventAt)
    try record.encode(seenAt, forKey: .seenAt)
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    eventAt = try record.time(forKey: .eventAt)
    seenAt = try record.time(forKey: .seenAt)
  }
}
