/// Why a response body is not a page of records, and where.
///
/// It carries no byte of the body, so it can go into any log.
package struct PageError: Error, Hashable, Sendable {
  package enum Reason: String, CaseIterable, Sendable {
    /// A JSON value, but not an array: an error document such as `{"detail": …}`, most likely.
    case notAnArray = "it is JSON, but not an array of records"
    case byteOrderMark = "it begins with a byte order mark"
    case otherEncoding = "it begins with the byte order mark of UTF-16 or UTF-32, and has to be UTF-8"
    case invalidUTF8 = "a byte sequence is not UTF-8"
    case unexpectedEnd = "it ends too early"
    case unexpectedByte = "a byte is out of place"
    case trailingBytes = "something follows the end of the array"
    case controlCharacter = "a control character stands unescaped inside a string"
    case invalidEscape = "an escape inside a string is not one of JSON's"
    case invalidNumber = "a number is not written as JSON writes numbers"
    case tooDeep = "it is nested deeper than the limit"
    case stringTooLong = "a string is longer than the limit"
    case recordTooLong = "a record is larger than the limit"
    case tooManyMembers = "a record has more members than the limit"
    case tooManyRecords = "it has more records than the limit"
    case tooLarge = "it is larger than a batch of rows can hold"
  }

  package var reason: Reason
  /// Bytes before the place in the body.
  package var offset: Int

  package init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

extension PageError: CustomStringConvertible {
  package var description: String {
    "The body is not a page of records: \(reason.rawValue), at byte \(offset)."
  }
}
