import AuditRecord
import PartitionFormats

/// A record read as it stands, and beside it what it says of things that follow from others.
struct Stated<Record: Decodable>: Decodable {
  let record: Record
  let claims: StatedClaims

  init(from decoder: any Decoder) throws {
    record = try Record(from: decoder)
    claims = try StatedClaims(from: decoder)
  }
}

/// What a commit record or a manifest says that `Standing` derives.
struct StatedClaims: Decodable {
  let schema: String
  let csvDialect: String
  let highWaterMark: Timestamp
  let coverage: [Window]
  let gaps: [Window]
  let lookbackDue: [Window]
  /// Of a manifest.
  let quarantinedRecords: Int?

  enum CodingKeys: String, CodingKey {
    case schema
    case csvDialect = "csv_dialect"
    case highWaterMark = "high_water_mark"
    case coverage, gaps
    case lookbackDue = "lookback_due"
    case quarantinedRecords = "quarantined_records"
  }

  init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    schema = try record.decode(String.self, forKey: .schema)
    csvDialect = try record.decode(String.self, forKey: .csvDialect)
    highWaterMark = try record.time(forKey: .highWaterMark)
    coverage = try record.windows(forKey: .coverage)
    gaps = try record.windows(forKey: .gaps)
    lookbackDue = try record.windowsIfPresent(forKey: .lookbackDue)
    quarantinedRecords = try record.decodeIfPresent(Int.self, forKey: .quarantinedRecords)
  }

  /// Where the claims do not follow from the rest of the same record.
  func flaws(in standing: Standing) -> [Flaw] {
    var flaws: [Flaw] = []
    if schema != Column.schemaName {
      flaws.append(.schemaMismatch(expected: Column.schemaName, found: schema))
    }
    if csvDialect != CSVEncoder.dialect {
      flaws.append(.schemaMismatch(expected: CSVEncoder.dialect, found: csvDialect))
    }
    let windows = standing.coverage.intervals
    if coverage != windows {
      flaws.append(.wrongCoverage(.coverage, expected: windows.summary, found: coverage.summary))
    }
    if highWaterMark != standing.highWaterMark {
      flaws.append(
        .wrongCoverage(
          .highWaterMark, expected: "\(standing.highWaterMark)", found: "\(highWaterMark)"))
    }
    if gaps != standing.gaps {
      flaws.append(.wrongCoverage(.gaps, expected: standing.gaps.summary, found: gaps.summary))
    }
    let due = standing.lookbackDue.intervals
    if lookbackDue != due {
      flaws.append(.wrongCoverage(.lookbackDue, expected: due.summary, found: lookbackDue.summary))
    } else if !due.allSatisfy(standing.coverage.contains) {
      flaws.append(.wrongCoverage(.lookbackDue, expected: "within what is covered", found: due.summary))
    }
    return flaws
  }
}

extension [Window] {
  /// `2024-02-11T00:00:00.000000Z to 2024-02-15T00:50:00.000000Z, …`; `none`
  var summary: String {
    isEmpty ? "none" : map { "\($0.from) to \($0.to)" }.joined(separator: ", ")
  }
}
