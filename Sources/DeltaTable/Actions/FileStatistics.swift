package import AuditRecord

/// The statistics of one data file: the JSON text of `stats` (PROTOCOL.md, "Per-file Statistics").
///
/// Readers skip files according to them, so wrong statistics lose rows without an error. They have a precision of
/// milliseconds: a minimum is rounded down, a maximum up.
package struct FileStatistics: Hashable, Sendable {
  /// The least and the greatest time of a column.
  package struct Range: Hashable, Sendable {
    package var column: String
    package var least: Timestamp
    package var greatest: Timestamp

    package init(column: String, least: Timestamp, greatest: Timestamp) {
      self.column = column
      self.least = least
      self.greatest = greatest
    }
  }

  /// The number of rows.
  package var numRecords: Int
  /// In the order of the schema.
  package var ranges: [Range]
  /// The columns without NULL, in the order of the schema.
  package var columnsWithoutNull: [String]

  package init(numRecords: Int, ranges: [Range], columnsWithoutNull: [String]) {
    self.numRecords = numRecords
    self.ranges = ranges
    self.columnsWithoutNull = columnsWithoutNull
  }

  /// The JSON text. A column whose rounded maximum would fall into the year 10000 has no minimum or maximum.
  package var text: String {
    let printable = ranges.filter { $0.greatest.roundedUp <= Timestamp.latest }
    var text = JSONText()
    text.object { text in
      text.member("numRecords", numRecords)
      if !printable.isEmpty {
        text.object("minValues") { text in
          for range in printable { text.member(range.column, range.least.roundedDown.inMilliseconds) }
        }
        text.object("maxValues") { text in
          for range in printable { text.member(range.column, range.greatest.roundedUp.inMilliseconds) }
        }
      }
      text.object("nullCount") { text in
        for column in columnsWithoutNull { text.member(column, 0) }
      }
    }
    return String(decoding: text.bytes, as: UTF8.self)
  }

  /// The number of rows in the `stats` of any producer; nil if the text does not have it.
  package static func numRecords(of stats: String) -> Int? {
    guard case .scalar(let number) = members(of: stats)["numRecords"] else { return nil }
    return Int(number)
  }

  /// The bounds of a column as the `stats` of any producer have them, such as times; nil if the text does not have both as strings.
  package static func bounds(of column: String, in stats: String) -> (least: String, greatest: String)? {
    let members = members(of: stats)
    guard let least = members["minValues"]?.object?[column]?.string,
      let greatest = members["maxValues"]?.object?[column]?.string
    else { return nil }
    return (least, greatest)
  }

  /// Empty if the text is no object.
  private static func members(of stats: String) -> [String: JSONTree] {
    (try? JSONTree(Array(stats.utf8), depth: JSONTree.actionDepth))?.object ?? [:]
  }

  /// The columns with bounds in the `stats` of any producer.
  static func columnsWithBounds(in stats: String) -> [String] {
    members(of: stats)["minValues"]?.object.map { $0.keys.sorted() } ?? []
  }
}

extension Timestamp {
  /// Milliseconds since 1970-01-01T00:00:00Z, rounded down: the unit of the times in actions.
  package var milliseconds: Int { Int(microseconds.flooredDivision(by: 1_000).quotient) }

  /// The last millisecond that is not after this time.
  fileprivate var roundedDown: Timestamp {
    Timestamp(microseconds: microseconds.flooredDivision(by: 1_000).quotient * 1_000)
  }

  /// The first millisecond that is not before this time.
  fileprivate var roundedUp: Timestamp {
    let (quotient, remainder) = microseconds.flooredDivision(by: 1_000)
    return Timestamp(microseconds: (remainder == 0 ? quotient : quotient + 1) * 1_000)
  }

  /// `2024-02-12T10:30:45.123Z`, without the digits of the microseconds.
  fileprivate var inMilliseconds: String { String(description.dropLast(4)) + "Z" }
}
