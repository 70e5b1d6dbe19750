package import Crypto

/// A record that cannot become a row.
package struct QuarantinedRecord: Hashable, Sendable {
  /// Why a record cannot become a row. The raw value is stored in the archive and must not change.
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
    /// The response that holds only this record exceeds the limit of response sizes.
    case answerTooLarge = "the answer with it is larger than the limit"

    /// The reason for a text that is not a time.
    init(unreadable text: Span<UInt8>) {
      self =
        switch Timestamp.flaw(rfc3339: text) {
        case .noZone: .eventAtWithoutZone
        case .offsetForm: .eventAtOffsetForm
        case nil: .unreadableEventAt
        }
    }

    /// The reason to quarantine a record instead of rejecting its page; nil for errors that concern the page.
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

  /// How many bytes to keep of a record that exceeds a limit.
  package static let startLength = 16 << 10

  package var reason: Reason
  /// The record as canonical JSON in UTF-8: one line, keys sorted by code point, no white space, numbers as received. A record
  /// that exceeds a limit is replaced by an object with its size, its start and what names it.
  package var json: [UInt8]
  /// What distinguishes the record from others, if its JSON does not.
  package var identity: [UInt8]?
  /// The hash of `identity`, or of the JSON if there is none.
  package var identityHash: IdentityHash {
    let identity = identity ?? json
    return IdentityHash(identity.span)
  }
  /// Its position in the list, from 1, if nothing else identifies the record.
  package var place: Int?

  package init(reason: Reason, json: [UInt8], identity: [UInt8]? = nil, place: Int? = nil) {
    self.reason = reason
    self.json = json
    self.identity = identity
    self.place = place
  }

  /// The replacement of a record whose response alone exceeds the limit.
  ///
  /// - Parameters:
  ///   - start: the start of the response.
  ///   - measured: the size and hash of the response, if it was read to the end.
  ///   - place: the position in the list, from 1.
  ///   - fromEnd: the number of positions after it in the list, which stays the same as the list grows; nil if the response
  ///     does not give it.
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
    // Two records may start with the same bytes.
    let identity = measured == nil ? Array((fromEnd.map { "end-\($0)" } ?? "place-\(place)").utf8) : []
    self.init(
      reason: .answerTooLarge, json: writer.text, identity: writer.text + identity, place: place)
  }
}

/// The size, the SHA-256 and the end of a text that was read but not kept.
package struct MeasuredText: Hashable, Sendable {
  /// The length of the text, in bytes.
  package var bytes: Int
  /// 64 lower-case hexadecimal digits.
  package var sha256: String
  /// The last 4 KiB of the text, or all of it if it is shorter.
  package var end: [UInt8]

  package init(bytes: Int, sha256: String, end: [UInt8]) {
    self.bytes = bytes
    self.sha256 = sha256
    self.end = end
  }
}

/// Measures a text that arrives in pieces, in constant memory.
package struct TextMeasurement: Sendable {
  /// The length of the text so far, in bytes.
  package private(set) var bytes = 0
  private var hash = SHA256()
  private var end: [UInt8] = []

  /// How many bytes of the end to keep: the names of a record often follow its longest member.
  private static let endLength = 4 << 10

  package init() {}

  /// Add the next piece of the text.
  package mutating func add(_ piece: UnsafeRawBufferPointer) {
    hash.update(bufferPointer: piece)
    bytes += piece.count
    end += piece.suffix(TextMeasurement.endLength)
    end.removeFirst(max(0, end.count - TextMeasurement.endLength))
  }

  /// The measurements of the text so far.
  package var text: MeasuredText {
    MeasuredText(bytes: bytes, sha256: hash.finalize().hex, end: end)
  }
}

extension SHA256.Digest {
  /// The digest as 64 lower-case hexadecimal digits.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
