import AuditRecord

/// Formats and parses `event_at` as `2024-02-12T10:30:45.123456Z`, 27 bytes.
///
/// It caches the last day and its text, because all rows of a part are of one day.
struct EventTimeText {
  private var day = Day(number: .min)
  /// `2024-02-12T`
  private var date: [UInt8] = []

  /// Write a time in microseconds since 1970 at `start`, which has room for 27 bytes. Returns the end of the text.
  mutating func write(_ microseconds: Int64, at start: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<
    UInt8
  > {
    let (number, inDay) = microseconds.flooredDivision(by: Day.microseconds)
    if number != day.number { remember(Day(number: number)) }
    var end = start
    end.put(date.span.bytes)
    let (seconds, fraction) = inDay.quotientAndRemainder(dividingBy: 1_000_000)
    end.putTwoDigits(seconds / 3_600)
    end.put(UInt8(ascii: ":"))
    end.putTwoDigits(seconds / 60 % 60)
    end.put(UInt8(ascii: ":"))
    end.putTwoDigits(seconds % 60)
    end.put(UInt8(ascii: "."))
    end.putTwoDigits(fraction / 10_000)
    end.putTwoDigits(fraction / 100 % 100)
    end.putTwoDigits(fraction % 100)
    end.put(UInt8(ascii: "Z"))
    return end
  }

  /// Parse a text of exactly this form; nil for any other text and for a date or time that does not exist.
  mutating func read(_ text: RawSpan) -> Timestamp? {
    guard text.byteCount == Timestamp.printedLength else { return nil }
    if !startsWithDate(text) {
      let bytes = (0..<10).map { text[$0] }
      guard let day = Day(String(decoding: bytes, as: UTF8.self)) else { return nil }
      remember(day)
      guard startsWithDate(text) else { return nil }
    }
    guard text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"), text[19] == UInt8(ascii: "."),
      text[26] == UInt8(ascii: "Z"),
      let hour = text.twoDigits(11), let minute = text.twoDigits(14), let second = text.twoDigits(17),
      let high = text.twoDigits(20), let middle = text.twoDigits(22), let low = text.twoDigits(24),
      hour < 24, minute < 60, second < 60
    else { return nil }
    let seconds = (hour * 60 + minute) * 60 + second
    let fraction = (high * 100 + middle) * 100 + low
    return Timestamp(microseconds: day.start.microseconds + seconds * 1_000_000 + fraction)
  }

  private mutating func remember(_ day: Day) {
    self.day = day
    date = Array("\(day)T".utf8)
  }

  private func startsWithDate(_ text: RawSpan) -> Bool {
    !date.isEmpty && date.indices.allSatisfy { text[$0] == date[$0] }
  }
}

extension UnsafeMutablePointer<UInt8> {
  @inline(__always)
  fileprivate mutating func putTwoDigits(_ value: Int64) {
    put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10))
    put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
  }
}

extension RawSpan {
  fileprivate func twoDigits(_ index: Int) -> Int64? {
    let (high, low) = (self[index] &- UInt8(ascii: "0"), self[index + 1] &- UInt8(ascii: "0"))
    return high < 10 && low < 10 ? Int64(high) * 10 + Int64(low) : nil
  }
}
