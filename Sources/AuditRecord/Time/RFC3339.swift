extension Timestamp {
  /// A parsed time, and what could not be kept of its text.
  package struct Reading: Hashable, Sendable {
    package var time: Timestamp
    /// Whether the text had digits beyond the microsecond, which are cut off, never rounded.
    package var truncated = false
    /// Whether the text had second 60, which is read as the start of the next minute.
    package var isLeapSecond = false
  }

  /// Why a text that looks like a time is invalid.
  package enum Flaw: Hashable, Sendable {
    /// It has neither `Z` nor an offset.
    case noZone
    /// Its offset has the form `+0000` or `+00` instead of `+00:00`.
    case offsetForm
  }

  /// Parse an RFC 3339 `date-time` (§5.6) that fills `text`, such as `2024-02-12T10:30:45.123456Z`; nil for any other text.
  ///
  /// It accepts any offset from `-23:59` to `+23:59` (also `-00:00`) and up to nine digits of a second. `T` and `Z` may be
  /// lower case, and a blank may replace `T`, as the notes of §5.6 allow. This time scale has no leap seconds: second 60, of
  /// any minute, is the start of the next minute, without its fraction, so that no event in it sorts after an event of the next
  /// minute. It rejects a time that the offset moves out of the years 0001 to 9999.
  package static func read(rfc3339 text: Span<UInt8>) -> Reading? {
    if let time = read(printed: text) { return Reading(time: time) }
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
      hour <= 23, minute <= 59, second <= 60, date.isValid
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
    let time = Timestamp(microseconds: seconds * 1_000_000 + (second == 60 ? 0 : fraction))
    guard time >= .earliest, time <= .latest else { return nil }
    return Reading(time: time, truncated: fractionDigits > 6, isLeapSecond: second == 60)
  }

  /// The only flaw that makes `text` invalid; nil if there is another or more than one.
  package static func flaw(rfc3339 text: Span<UInt8>) -> Flaw? {
    guard text.count <= 34 else { return nil }  // the longest, with nine digits of a second, and an offset
    let bytes = text.indices.map { text[$0] }
    if read(rfc3339: bytes + Array("Z".utf8)) != nil { return .noZone }
    if read(rfc3339: bytes + Array(":00".utf8)) != nil { return .offsetForm }
    guard bytes.count > 2 else { return nil }
    let withColon = bytes.dropLast(2) + Array(":".utf8) + bytes.suffix(2)
    return read(rfc3339: Array(withColon)) == nil ? nil : .offsetForm
  }

  /// Parse an RFC 3339 time as `read(rfc3339:)` does.
  package static func read(rfc3339 text: [UInt8]) -> Reading? {
    read(rfc3339: text.span)
  }

  /// Parse an RFC 3339 time as `read(rfc3339:)` does, without reporting what was cut off.
  package init?(rfc3339 text: String) {
    guard let reading = Timestamp.read(rfc3339: text.utf8.span) else { return nil }
    self = reading.time
  }

  /// The minutes east of UTC of a `time-offset` that fills the rest of `text`; nil for any other text.
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

extension Timestamp {
  /// Parse the form that this program and the API write, `2024-02-12T10:30:45.123456Z`, as `read(rfc3339:)` does, in a fifth of
  /// the time; nil for any other text.
  static func read(printed text: Span<UInt8>) -> Timestamp? {
    guard text.count == printedLength, text[26] == UInt8(ascii: "Z"),
      let tens = text[24].decimalDigit, let ones = text[25].decimalDigit,
      let date = text.word(0).pairs(like: "9999-99-"),
      let middle = text.word(8).pairs(like: "99T99:99"),
      let end = text.word(16).pairs(like: ":99.9999")
    else { return nil }
    let day = CivilDate(
      year: date.pair(0) * 100 + date.pair(2), month: date.pair(5), day: middle.pair(0))
    let (hour, minute, second) = (middle.pair(3), middle.pair(6), end.pair(1))
    guard hour <= 23, minute <= 59, second <= 59, day.isValid else { return nil }
    let fraction = (end.pair(4) * 100 + end.pair(6)) * 100 + tens * 10 + ones
    let seconds = (day.daysSinceEpoch * 24 + hour) * 3_600 + minute * 60 + second
    return Timestamp(microseconds: seconds * 1_000_000 + fraction)
  }
}

extension UInt64 {
  /// If the eight characters have digits where `pattern` has `9` and match it elsewhere: in each byte ten times its digit plus
  /// the digit of the next byte; else nil.
  @inline(__always)
  fileprivate func pairs(like pattern: StaticString) -> UInt64? {
    var (fixed, digits): (UInt64, UInt64) = (0, 0)
    for index in 0..<8 {
      let byte = pattern.utf8Start[index]
      let shift = UInt64(8 * index)
      if byte == UInt8(ascii: "9") { digits |= 0xFF << shift } else { fixed |= UInt64(byte) << shift }
    }
    let values = (self ^ 0x3030_3030_3030_3030) & digits
    // For a value above nine the upper half of the byte is not zero, either before or after adding six to the lower half.
    let beyond = values | ((values & 0x0F0F_0F0F_0F0F_0F0F) &+ 0x0606_0606_0606_0606)
    guard self & ~digits == fixed, beyond & 0xF0F0_F0F0_F0F0_F0F0 == 0 else { return nil }
    return values &* 10 &+ values >> 8
  }

  /// The number that `pairs` put in a byte.
  @inline(__always)
  fileprivate func pair(_ index: Int) -> Int64 { Int64(self >> UInt64(8 * index) & 0xFF) }
}

/// Parses pairs of digits, and remembers whether all of them were digits.
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
