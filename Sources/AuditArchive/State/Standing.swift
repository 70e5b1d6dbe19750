package import AuditRecord
import PartitionFormats

/// The state of a log after a commit: the members that commit record and manifest share.
package struct LogState: Hashable, Sendable, Codable {
  /// Counts from 1.
  @Count package var commit: Int
  /// When the commit was made, by the API's clock where it is known.
  package var committedAt: Timestamp
  /// The version of the program that made the commit.
  package var toolVersion: String
  /// What the archive is an archive of.
  package var source: ArchiveSource
  /// The schema of the rows.
  package var schema = Column.schemaName
  /// The dialect of CSV parts.
  package var csvDialect = CSVEncoder.dialect
  /// Where the archive begins; nothing before it is requested.
  package var start: Timestamp
  /// The time of which every event is in the archive.
  package var coverage: Coverage
  /// The coverage to read again: when it was last read, its events could still arrive within the lookback. Records of early builds
  /// do not have it; it is then empty.
  @LookbackDue package var lookbackDue = Coverage()
  /// The oldest event that the API showed at the last look; nil if no run has looked.
  package var oldestShown: OldestShown?

  /// The end of the first gap-free coverage from the start: every event before it is in the archive.
  package var highWaterMark: Timestamp { coverage.endOfRun(from: start) }

  /// The gaps between the start and the newest covered instant.
  package var gaps: [Window] {
    coverage.gaps(in: Window(from: start, to: coverage.end ?? start))
  }

  /// Whether a day can be settled: it is covered, and no part of it is due to be read again.
  ///
  /// The day on which the archive starts counts from the start on. A day before the start has to be covered completely: no run
  /// fills the rest of it.
  package func isWhole(_ day: Day) -> Bool {
    let held = day.end <= start ? day.window : day.window.intersection(Window(from: start, to: .latest))
    return coverage.contains(held) && lookbackDue.intersection(day.window).isEmpty
  }

  fileprivate enum CodingKeys: String, CodingKey {
    case commit
    case committedAt = "committed_at"
    case toolVersion = "tool_version"
    case source, schema
    case csvDialect = "csv_dialect"
    case start, coverage
    case lookbackDue = "lookback_due"
    case oldestShown = "oldest_shown"
  }
}

extension LogState {
  private enum DerivedKeys: String, CodingKey {
    case format
    case highWaterMark = "high_water_mark"
    case gaps
  }

  /// The standing of a record. Derived members are not read; `verify` compares the record's bytes with what is encoded.
  init(ofRecord decoder: any Decoder) throws {
    try self.init(from: decoder)
    guard commit >= 1 else {
      throw try decoder.container(keyedBy: CodingKeys.self).corrupted(.commit, "commit numbers start at 1")
    }
  }

  /// Writes the stored members and the derived ones.
  func encode(toRecord encoder: any Encoder) throws {
    try encode(to: encoder)
    var record = encoder.container(keyedBy: DerivedKeys.self)
    try record.encode(ArchiveJSON.format, forKey: .format)
    try record.encode(highWaterMark, forKey: .highWaterMark)
    try record.encode(gaps, forKey: .gaps)
  }
}

/// Coverage that is empty if the record does not have the member.
@propertyWrapper package struct LookbackDue: Hashable, Sendable, Codable {
  package var wrappedValue: Coverage

  package init(wrappedValue: Coverage) { self.wrappedValue = wrappedValue }
}

extension KeyedEncodingContainer {
  mutating func encode(_ value: LookbackDue, forKey key: Key) throws {
    try encode(value.wrappedValue, forKey: key)
  }
}

extension KeyedDecodingContainer {
  func decode(_ type: LookbackDue.Type, forKey key: Key) throws -> LookbackDue {
    LookbackDue(wrappedValue: contains(key) ? try decode(Coverage.self, forKey: key) : Coverage())
  }
}

/// The oldest event that the API showed at some time. Older events may have expired there; their absence proves nothing.
package struct OldestShown: Hashable, Sendable, Codable {
  package var eventAt: Timestamp
  /// When a run looked it up.
  package var seenAt: Timestamp

  package init(eventAt: Timestamp, seenAt: Timestamp) {
    self.eventAt = eventAt
    self.seenAt = seenAt
  }

  private enum CodingKeys: String, CodingKey {
    case eventAt = "event_at"
    case seenAt = "seen_at"
  }
}
