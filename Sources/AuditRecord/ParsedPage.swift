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

/// A record that cannot become a row.
package struct QuarantinedRecord: Hashable, Sendable {
  package enum Reason: String, Sendable {
    case notAnObject = "not an object"
    case noEventAt = "no event_at"
    case unreadableEventAt = "unreadable event_at"
    case eventAtIsNoText = "unreadable event_at: it is not text"
    case eventAtWithoutZone = "unreadable event_at: it has no time zone"
    case eventAtOffsetForm = "unreadable event_at: its offset is not of the form +00:00"
    case tooLong = "larger than the limit"
    case tooManyMembers = "more members than the limit"
    case tooDeep = "nested deeper than the limit"
    /// The API's answer with this record alone passes the limit of answers.
    case answerTooLarge = "the answer with it is larger than the limit"

    /// Why a text is no time.
    init(unreadable text: Span<UInt8>) {
      self =
        switch Timestamp.flaw(rfc3339: text) {
        case .noZone: .eventAtWithoutZone
        case .offsetForm: .eventAtOffsetForm
        case nil: .unreadableEventAt
        }
    }

    /// What a record goes to quarantine for instead of making the page unreadable; nil for what is no matter of one record.
    init?(_ reason: PageError.Reason) {
      switch reason {
      case .recordTooLong, .stringTooLong: self = .tooLong
      case .tooManyMembers: self = .tooManyMembers
      case .tooDeep: self = .tooDeep
      case .notAnArray, .byteOrderMark, .otherEncoding, .invalidUTF8, .unexpectedEnd, .unexpectedByte,
        .trailingBytes, .controlCharacter, .invalidEscape, .invalidNumber, .tooManyRecords, .tooLarge:
        return nil
      }
    }
  }

  /// How many bytes are kept of one that passes a limit.
  package static let startLength = 16 << 10

  package var reason: Reason
  /// The record as canonical JSON (one line: keys sorted by code point, no white space, numbers as received),
  /// UTF-8. In the place of one that passes a limit: an object that tells its size, how it begins, and what names it.
  package var json: [UInt8]
  /// What tells the record from others where that is not its JSON.
  package var identity: [UInt8]?
  package var identityHash: IdentityHash {
    let identity = identity ?? json
    return IdentityHash(identity.span)
  }
  /// Where it stood in the list, from 1, where nothing else says which record it is.
  package var place: Int?

  package init(reason: Reason, json: [UInt8], identity: [UInt8]? = nil, place: Int? = nil) {
    self.reason = reason
    self.json = json
    self.identity = identity
    self.place = place
  }

  /// In the place of a record that makes the answer with it alone too large.
  ///
  /// - Parameters:
  ///   - start: how the answer begins.
  ///   - measured: the answer, where it was read to its end.
  ///   - place: in the list, from 1.
  ///   - fromEnd: places after it in the list; nil where the answer does not say. It stays as the list grows.
  package init(answerBeginning start: [UInt8], _ measured: MeasuredText?, place: Int, fromEnd: Int?) {
    var writer = CanonicalWriter(limits: JSONLimits())
    writer.append(plain: "{")
    if let measured {
      writer.append(
        plain: "\"answer_bytes\":\(measured.bytes),\"answer_sha256\":\"\(measured.sha256)\",\"end\":")
      writer.append(endOf: measured.end.span)
      writer.append(plain: ",")
    }
    writer.append(plain: "\"start\":")
    writer.append(startOf: start.span.extracting(first: QuarantinedRecord.startLength))
    writer.append(plain: "}")
    // Two records may begin alike.
    let identity = measured == nil ? Array((fromEnd.map { "end-\($0)" } ?? "place-\(place)").utf8) : []
    self.init(
      reason: .answerTooLarge, json: writer.text, identity: writer.text + identity, place: place)
  }
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
