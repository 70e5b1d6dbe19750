/// An instant in UTC with microsecond precision, the type of `event_at`.
///
/// Its only text form is `2024-02-12T10:30:45.123456Z` (RFC 3339, 27 bytes). The years are 0001 to 9999.
package struct Timestamp: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z, without leap seconds.
  package var microseconds: Int64

  /// Does not check that the time is within the years 0001 to 9999.
  @inlinable package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// The first instant of year 1.
  package static let earliest = Timestamp(microseconds: -62_135_596_800_000_000)  // 0001-01-01
  /// The last microsecond of year 9999.
  package static let latest = Timestamp(microseconds: 253_402_300_799_999_999)  // 9999-12-31

  @inlinable package static func < (one: Timestamp, other: Timestamp) -> Bool {
    one.microseconds < other.microseconds
  }

  /// The result may lie outside the years 0001 to 9999. Traps if it exceeds 64 bits.
  package static func + (time: Timestamp, span: TimeSpan) -> Timestamp {
    Timestamp(microseconds: time.microseconds + span.microseconds)
  }

  /// The result may lie outside the years 0001 to 9999. Traps if it exceeds 64 bits.
  package static func - (time: Timestamp, span: TimeSpan) -> Timestamp {
    Timestamp(microseconds: time.microseconds - span.microseconds)
  }

  /// The time from `other` to `one`; negative if `other` is later.
  package static func - (one: Timestamp, other: Timestamp) -> TimeSpan {
    TimeSpan(microseconds: one.microseconds - other.microseconds)
  }
}

extension Timestamp: CustomStringConvertible {
  /// `2024-02-12T10:30:45.123456Z`
  package var description: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Timestamp.printedLength)
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The length of the text form, in bytes.
  package static let printedLength = 27

  /// Append the text form, 27 ASCII bytes.
  package func append(to bytes: inout [UInt8]) {
    let (day, inDay) = microseconds.flooredDivision(by: Day.microseconds)
    let date = CivilDate(daysSinceEpoch: day)
    let (seconds, fraction) = inDay.quotientAndRemainder(dividingBy: 1_000_000)
    let (minutes, second) = seconds.quotientAndRemainder(dividingBy: 60)
    let (hour, minute) = minutes.quotientAndRemainder(dividingBy: 60)
    let start = bytes.count
    bytes.append(contentsOf: Timestamp.form)
    var text = bytes.mutableSpan
    text.setDecimal(date.year, start..<start + 4)
    text.setDecimal(date.month, start + 5..<start + 7)
    text.setDecimal(date.day, start + 8..<start + 10)
    text.setDecimal(hour, start + 11..<start + 13)
    text.setDecimal(minute, start + 14..<start + 16)
    text.setDecimal(second, start + 17..<start + 19)
    text.setDecimal(fraction, start + 20..<start + 26)
  }

  private static let form = Array("0000-00-00T00:00:00.000000Z".utf8)
}

extension Int64 {
  /// The quotient rounded down, and the remainder, which is never negative.
  package func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension [UInt8] {
  /// Append `value` in decimal, padded with zeros on the left to `digits`.
  package mutating func appendDecimal(_ value: Int64, digits: Int) {
    let start = count
    append(contentsOf: repeatElement(UInt8(ascii: "0"), count: digits))
    var text = mutableSpan
    text.setDecimal(value, start..<start + digits)
  }
}

extension MutableSpan<UInt8> {
  /// Writes the last digits of `value`, as many as `range` has places.
  @inline(__always)
  fileprivate mutating func setDecimal(_ value: Int64, _ range: Range<Int>) {
    var rest = UInt32(truncatingIfNeeded: value)
    var position = range.upperBound
    while position > range.lowerBound {
      position -= 1
      self[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }
}
