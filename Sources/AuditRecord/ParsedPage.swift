/// What the records of one response body became.
package struct ParsedPage: Sendable {
  /// The records that could be read, in the order of the page.
  package var rows = RowBatch()
  /// The records that could not: not an object, or without a readable `event_at`.
  package var quarantined: [QuarantinedRecord] = []
  /// Where these stand among the elements of the page, from 0.
  package var quarantinedPlaces: [Int] = []
  package var counts = FlatteningCounts()

  package init() {}

  /// Elements of the page's array, readable or not.
  package var recordCount: Int { rows.count + quarantined.count }
}

/// What flattening had to do beyond copying, counted over the records received.
package struct FlatteningCounts: Hashable, Sendable {
  /// Arrays or objects where text was expected; values of a coordinate that are not a finite number.
  package var unexpectedTypes = 0
  /// U+0000 replaced by U+FFFD.
  package var nulReplaced = 0
  /// Lone surrogate escapes replaced by U+FFFD.
  package var loneSurrogates = 0
  /// Records without a `uuid`, identified by the hash of their content.
  package var missingUUID = 0
  /// Times with digits beyond the microsecond, cut off.
  package var truncatedTimes = 0
  /// Times with the second 60, read as the beginning of the next minute.
  package var leapSeconds = 0
  /// Members that the schema does not know, by name (`actor_location.` before those inside it), with how
  /// often each came.
  ///
  /// Of at most `unknownNames` names; what comes beyond them, and a name longer than `unknownNameLength`
  /// bytes, counts as `…`.
  package private(set) var unknownFields: [String: Int] = [:]

  package static let unknownNames = 256
  package static let unknownNameLength = 256

  package init() {}

  package mutating func add(_ other: FlatteningCounts) {
    unexpectedTypes += other.unexpectedTypes
    nulReplaced += other.nulReplaced
    loneSurrogates += other.loneSurrogates
    missingUUID += other.missingUUID
    truncatedTimes += other.truncatedTimes
    leapSeconds += other.leapSeconds
    if !other.unknownFields.isEmpty {
      for name in other.unknownFields.keys.sorted() {
        addUnknownField(name, other.unknownFields[name, default: 0])
      }
    }
  }

  package mutating func addUnknownField(_ name: String, _ times: Int = 1) {
    if unknownFields[name] == nil,
      unknownFields.count >= FlatteningCounts.unknownNames
        || name.utf8.count > FlatteningCounts.unknownNameLength
    {
      unknownFields["…", default: 0] += times
    } else {
      unknownFields[name, default: 0] += times
    }
  }
}
