extension Timestamp {
  /// A time as it was read, and whether digits of it had to go.
  package struct Reading: Hashable, Sendable {
    package var time: Timestamp
    /// Whether the text had digits beyond the microsecond. They are cut off, never rounded.
    package var truncated: Bool
  }

  /// Reads an RFC 3339 `date-time` (§5.6) that fills `text`, such as `2024-02-12T10:30:45.123456Z`; nil for
  /// anything else.
  ///
  /// Any offset from `-23:59` to `+23:59` (`-00:00` too) and up to nine digits of a second. `T` and `Z` may
  /// be lower case, and a blank may stand for `T`, as the notes of §5.6 allow. A leap second (`:60`) cannot
  /// be told apart from the second after it in this time scale and is not read. Nor is a time that its offset
  /// moves out of the years 0001 to 9999.
  package static func read(rfc3339 text: Span<UInt8>) -> Reading? {
    guard text.count >= 20 else { return nil }
    var digits = DecimalFields()
    let date = CivilDate(
      year: digits.pair(text, 0) * 100 + digits.pair(text, 2),
      month: digits.pair(text, 5),
      day: digits.pair(text, 8))
    let hour = digits.pair(text, 11)
    let minute = digits.pair(text, 14)
    let second = digits.pair(text, 17)
    let separator = text[10]
    guard digits.areValid,
      text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
      separator | 0x20 == UInt8(ascii: "t") || separator == UInt8(ascii: " "),
      text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
      hour <= 23, minute <= 59, second <= 59, date.isValid
    else { return nil }

    var position = 19
    var fraction: Int64 = 0
    var fractionDigits = 0
    if text[position] == UInt8(ascii: ".") {
      position += 1
      while position < text.count, let digit = text[position].decimalDigit {
        if fractionDigits < 6 { fraction = fraction * 10 + digit }
        fractionDigits += 1
        position += 1
      }
      guard fractionDigits >= 1, fractionDigits <= 9 else { return nil }
      for _ in min(fractionDigits, 6)..<6 { fraction *= 10 }
    }
    guard let offset = readOffset(text, from: position) else { return nil }

    let seconds = (date.daysSinceEpoch * 24 + hour) * 3_600 + (minute - offset) * 60 + second
    let time = Timestamp(microseconds: seconds * 1_000_000 + fraction)
    guard time >= .earliest, time <= .latest else { return nil }
    return Reading(time: time, truncated: fractionDigits > 6)
  }

  package static func read(rfc3339 text: [UInt8]) -> Reading? {
    read(rfc3339: text.span)
  }

  /// Reads an RFC 3339 time as `read(rfc3339:)` does; digits beyond the microsecond are cut off.
  package init?(rfc3339 text: String) {
    guard let reading = Timestamp.read(rfc3339: text.utf8.span) else { return nil }
    self = reading.time
  }

  /// The minutes east of UTC of a `time-offset` that fills the rest of `text`.
  private static func readOffset(_ text: Span<UInt8>, from position: Int) -> Int64? {
    guard position < text.count else { return nil }
    let first = text[position]
    if first | 0x20 == UInt8(ascii: "z") { return position + 1 == text.count ? 0 : nil }
    guard first == UInt8(ascii: "+") || first == UInt8(ascii: "-"), position + 6 == text.count,
      text[position + 3] == UInt8(ascii: ":")
    else { return nil }
    var digits = DecimalFields()
    let hours = digits.pair(text, position + 1)
    let minutes = digits.pair(text, position + 4)
    guard digits.areValid, hours <= 23, minutes <= 59 else { return nil }
    let offset = hours * 60 + minutes
    return first == UInt8(ascii: "-") ? -offset : offset
  }
}

/// Reads pairs of digits and remembers whether all of them were.
private struct DecimalFields {
  private(set) var areValid = true

  @inline(__always)
  mutating func pair(_ text: Span<UInt8>, _ position: Int) -> Int64 {
    let tens = text[position] &- UInt8(ascii: "0")
    let ones = text[position + 1] &- UInt8(ascii: "0")
    if tens > 9 || ones > 9 { areValid = false }
    return Int64(tens) * 10 + Int64(ones)
  }
}

extension UInt8 {
  /// The value of an ASCII digit.
  @inline(__always)
  var decimalDigit: Int64? {
    let value = self &- UInt8(ascii: "0")
    return value <= 9 ? Int64(value) : nil
  }
}
