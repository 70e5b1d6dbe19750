/// An instant in UTC, exact to the microsecond: what `event_at` is kept as.
///
/// Written in one form only, `2024-02-12T10:30:45.123456Z` (RFC 3339, 27 bytes).
/// Years 0001 to 9999.
package struct Timestamp: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package static let earliest = Timestamp(microseconds: -62_135_596_800_000_000)  // 0001-01-01
  package static let latest = Timestamp(microseconds: 253_402_300_799_999_999)  // 9999-12-31

  package static func < (one: Timestamp, other: Timestamp) -> Bool {
    one.microseconds < other.microseconds
  }

  package static func + (time: Timestamp, span: TimeSpan) -> Timestamp {
    Timestamp(microseconds: time.microseconds + span.microseconds)
  }

  package static func - (time: Timestamp, span: TimeSpan) -> Timestamp {
    Timestamp(microseconds: time.microseconds - span.microseconds)
  }

  package static func - (one: Timestamp, other: Timestamp) -> TimeSpan {
    TimeSpan(microseconds: one.microseconds - other.microseconds)
  }
}

/// A length of time in microseconds.
package struct TimeSpan: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package static let zero = TimeSpan(microseconds: 0)

  package static func seconds(_ count: Double) -> TimeSpan {
    TimeSpan(microseconds: Int64((count * 1_000_000).rounded()))
  }

  package static func minutes(_ count: Double) -> TimeSpan { .seconds(count * 60) }
  package static func hours(_ count: Double) -> TimeSpan { .seconds(count * 3_600) }
  package static func days(_ count: Double) -> TimeSpan { .seconds(count * 86_400) }

  package var seconds: Double { Double(microseconds) / 1_000_000 }

  package static func < (one: TimeSpan, other: TimeSpan) -> Bool {
    one.microseconds < other.microseconds
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

  package static let printedLength = 27

  /// Appends the printed form, 27 ASCII bytes.
  package func append(to bytes: inout [UInt8]) {
    let (day, inDay) = microseconds.flooredDivision(by: Day.microseconds)
    let date = CivilDate(daysSinceEpoch: day)
    date.append(to: &bytes)
    bytes.append(UInt8(ascii: "T"))
    let (seconds, fraction) = inDay.quotientAndRemainder(dividingBy: 1_000_000)
    let (minutes, second) = seconds.quotientAndRemainder(dividingBy: 60)
    let (hour, minute) = minutes.quotientAndRemainder(dividingBy: 60)
    bytes.appendDecimal(hour, digits: 2)
    bytes.append(UInt8(ascii: ":"))
    bytes.appendDecimal(minute, digits: 2)
    bytes.append(UInt8(ascii: ":"))
    bytes.appendDecimal(second, digits: 2)
    bytes.append(UInt8(ascii: "."))
    bytes.appendDecimal(fraction, digits: 6)
    bytes.append(UInt8(ascii: "Z"))
  }
}

extension Int64 {
  /// Quotient rounded down, and the remainder, which is never negative.
  package func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension [UInt8] {
  /// Appends `value` in decimal, padded with zeros on the left to `digits`.
  package mutating func appendDecimal(_ value: Int64, digits: Int) {
    let start = count
    append(contentsOf: repeatElement(UInt8(ascii: "0"), count: digits))
    var rest = value
    var position = start + digits
    while rest > 0, position > start {
      position -= 1
      self[position] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
  }
}
