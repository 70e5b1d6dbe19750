/// A UTC day: the unit of a partition.
package struct Day: Hashable, Comparable, Sendable {
  /// Days since 1970-01-01.
  package var number: Int64

  package init(number: Int64) {
    self.number = number
  }

  package static let microseconds: Int64 = 86_400_000_000

  /// The day that holds `time`; an event at midnight belongs to the new day.
  package init(containing time: Timestamp) {
    self.number = time.microseconds.flooredDivision(by: Day.microseconds).quotient
  }

  package var start: Timestamp { Timestamp(microseconds: number * Day.microseconds) }
  package var end: Timestamp { Timestamp(microseconds: (number + 1) * Day.microseconds) }
  package var window: Window { Window(from: start, to: end) }
  package var next: Day { Day(number: number + 1) }
  package var previous: Day { Day(number: number - 1) }

  package static func < (one: Day, other: Day) -> Bool { one.number < other.number }
}

extension Day: LosslessStringConvertible {
  /// `2024-02-12`
  package var description: String {
    var bytes: [UInt8] = []
    CivilDate(daysSinceEpoch: number).append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads `2024-02-12`, in exactly that form; nil for anything else and for a date that does not exist.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        value = value * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10) else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isValid else { return nil }
    self.number = date.daysSinceEpoch
  }
}
