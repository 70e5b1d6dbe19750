/// The rows and quarantined records of one response body.
package struct ParsedPage: Sendable {
  /// The rows of the readable records, in page order.
  package var rows = RowBatch()
  /// The records that are not objects or have no readable `event_at`, and those that exceed a limit.
  package var quarantined: [QuarantinedRecord] = []
  /// The indices of the quarantined records among the elements of the page, from 0.
  package var quarantinedPlaces: [Int] = []
  /// The counts over all records of the page, without quarantined ones.
  package var counts = FlatteningCounts()

  package init() {}

  /// The number of elements in the page's array, readable or not.
  package var recordCount: Int { rows.count + quarantined.count }
}

/// How often flattening changed or identified something, over all records received.
package struct FlatteningCounts: Hashable, Sendable {
  /// Arrays or objects instead of text, and coordinates that are not finite numbers.
  package var unexpectedTypes = 0
  /// U+0000 characters replaced by U+FFFD.
  package var nulReplaced = 0
  /// Lone surrogate escapes replaced by U+FFFD.
  package var loneSurrogates = 0
  /// Records without a `uuid`, identified by the hash of their content.
  package var missingUUID = 0
  /// Times whose digits beyond the microsecond were cut off.
  package var truncatedTimes = 0
  /// Times with second 60, read as the start of the next minute.
  package var leapSeconds = 0
  /// How often each member that the schema does not know occurred, by name. Members of `actor_location` have the prefix
  /// `actor_location.`.
  ///
  /// It holds at most `unknownNames` names. Further names, and names longer than `unknownNameLength` bytes, count as `…`.
  package private(set) var unknownFields: [String: Int] = [:]

  /// The most names that `unknownFields` holds, besides `…`.
  package static let unknownNames = 256
  /// The longest name in `unknownFields`, in bytes of UTF-8.
  package static let unknownNameLength = 256

  package init() {}

  /// Add the counts of another page.
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

  /// Count a member that the schema does not know.
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
