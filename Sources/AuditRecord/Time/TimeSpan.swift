/// A length of time in microseconds. It may be negative.
package struct TimeSpan: Hashable, Comparable, Sendable {
  package var microseconds: Int64

  package init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  package static let zero = TimeSpan(microseconds: 0)

  /// A span of seconds, rounded to the nearest microsecond. It must fit into 64 bits of microseconds.
  package static func seconds(_ count: Double) -> TimeSpan {
    TimeSpan(microseconds: Int64((count * 1_000_000).rounded()))
  }

  /// A span of minutes; see `seconds(_:)` for rounding and limits.
  package static func minutes(_ count: Double) -> TimeSpan { .seconds(count * 60) }
  /// A span of hours; see `seconds(_:)` for rounding and limits.
  package static func hours(_ count: Double) -> TimeSpan { .seconds(count * 3_600) }
  /// A span of days of 24 hours; see `seconds(_:)` for rounding and limits.
  package static func days(_ count: Double) -> TimeSpan { .seconds(count * 86_400) }

  /// The span in seconds, with a fraction.
  package var seconds: Double { Double(microseconds) / 1_000_000 }

  /// Traps if the sum exceeds 64 bits of microseconds.
  package static func + (one: TimeSpan, other: TimeSpan) -> TimeSpan {
    TimeSpan(microseconds: one.microseconds + other.microseconds)
  }

  /// Traps if the difference exceeds 64 bits of microseconds.
  package static func - (one: TimeSpan, other: TimeSpan) -> TimeSpan {
    TimeSpan(microseconds: one.microseconds - other.microseconds)
  }

  /// Traps if the product exceeds 64 bits of microseconds.
  package static func * (span: TimeSpan, count: Int) -> TimeSpan {
    TimeSpan(microseconds: span.microseconds * Int64(count))
  }

  package static func < (one: TimeSpan, other: TimeSpan) -> Bool {
    one.microseconds < other.microseconds
  }
}

extension TimeSpan: LosslessStringConvertible {
  /// Parse a whole number and a unit, `90s`, `10m`, `24h` or `2d`, as on the command line; nil for any other text and for a
  /// span that exceeds 64 bits of microseconds.
  package init?(_ text: String) {
    let bytes = text.utf8
    guard bytes.count >= 2, let unit = bytes.last.flatMap(TimeSpan.microseconds(ofUnit:)) else { return nil }
    var number: Int64 = 0
    for byte in bytes.dropLast() {
      guard let digit = byte.decimalDigit else { return nil }
      let (shifted, overflowed) = number.multipliedReportingOverflow(by: 10)
      let (sum, carried) = shifted.addingReportingOverflow(digit)
      guard !overflowed, !carried else { return nil }
      number = sum
    }
    let (microseconds, overflowed) = number.multipliedReportingOverflow(by: unit)
    guard !overflowed else { return nil }
    self.microseconds = microseconds
  }

  /// The span in the largest unit that divides it, such as `90s`, `10m`, `24h` or `2d`, or with a fraction of a second
  /// (`0.25s`). One day is `24h`.
  package var description: String {
    let sign = microseconds < 0 ? "-" : ""
    let size = microseconds.magnitude
    let second: UInt64 = 1_000_000
    if size >= 172_800 * second, size % (86_400 * second) == 0 {
      return "\(sign)\(size / (86_400 * second))d"
    }
    if size >= 3_600 * second, size % (3_600 * second) == 0 { return "\(sign)\(size / (3_600 * second))h" }
    if size >= 60 * second, size % (60 * second) == 0 { return "\(sign)\(size / (60 * second))m" }
    let (seconds, fraction) = size.quotientAndRemainder(dividingBy: second)
    if fraction == 0 { return "\(sign)\(seconds)s" }
    var digits = String(fraction + second).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(sign)\(seconds).\(digits)s"
  }

  private static func microseconds(ofUnit unit: UInt8) -> Int64? {
    switch unit {
    case UInt8(ascii: "s"): 1_000_000
    case UInt8(ascii: "m"): 60_000_000
    case UInt8(ascii: "h"): 3_600_000_000
    case UInt8(ascii: "d"): Day.microseconds
    default: nil
    }
  }
}
