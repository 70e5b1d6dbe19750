package import Crypto

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

/// The size and the SHA-256 of a text that was read and not held, and how it ends.
package struct MeasuredText: Hashable, Sendable {
  package var bytes: Int
  /// Lower case, 64 digits.
  package var sha256: String
  package var end: [UInt8]

  package init(bytes: Int, sha256: String, end: [UInt8]) {
    self.bytes = bytes
    self.sha256 = sha256
    self.end = end
  }
}

/// Measures a text that comes piece by piece.
package struct TextMeasurement: Sendable {
  package private(set) var bytes = 0
  private var hash = SHA256()
  private var end: [UInt8] = []

  /// Bytes of the end that are kept: what names a record often stands behind what is long in it.
  private static let endLength = 4 << 10

  package init() {}

  package mutating func add(_ piece: UnsafeRawBufferPointer) {
    hash.update(bufferPointer: piece)
    bytes += piece.count
    end += piece.suffix(TextMeasurement.endLength)
    end.removeFirst(max(0, end.count - TextMeasurement.endLength))
  }

  /// The text as it is so far.
  package var text: MeasuredText {
    MeasuredText(bytes: bytes, sha256: hash.finalize().hex, end: end)
  }
}

extension SHA256.Digest {
  /// In hexadecimal digits: lower case, 64 of them.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
