/// A UTC day, the unit of a partition.
package struct Day: Hashable, Comparable, Sendable {
  /// Days since 1970-01-01.
  package var number: Int64

  package init(number: Int64) {
    self.number = number
  }

  /// The length of a day, in microseconds.
  package static let microseconds: Int64 = 86_400_000_000

  /// The day that contains `time`. Midnight belongs to the day that it starts.
  package init(containing time: Timestamp) {
    self.number = time.microseconds.flooredDivision(by: Day.microseconds).quotient
  }

  /// The first instant of the day.
  package var start: Timestamp { Timestamp(microseconds: number * Day.microseconds) }
  /// The first instant of the next day.
  package var end: Timestamp { Timestamp(microseconds: (number + 1) * Day.microseconds) }
  /// The day as a window.
  package var window: Window { Window(from: start, to: end) }
  /// The day after this one.
  package var next: Day { Day(number: number + 1) }
  /// The day before this one.
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

  /// Parse `2024-02-12`, exactly in this form; nil for any other text and for a date that does not exist.
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

/// A date of the proleptic Gregorian calendar, as in RFC 3339.
package struct CivilDate: Hashable, Sendable {
  package var year: Int64
  /// 1 to 12, if the date is valid.
  package var month: Int64
  /// 1 to 31, if the date is valid.
  package var day: Int64

  /// Does not check that the date exists; see `isValid`.
  package init(year: Int64, month: Int64, day: Int64) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The date this many days after 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
  /// `civil_from_days`.
  package init(daysSinceEpoch: Int64) {
    let shifted = daysSinceEpoch + 719_468
    let (era, dayOfEra) = shifted.flooredDivision(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    self.day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    self.month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    self.year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// The number of days from 1970-01-01 to this date, which must be valid (`isValid`). Source: as above, `days_from_civil`.
  package var daysSinceEpoch: Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// Whether the date exists, in the years 1 to 9999.
  package var isValid: Bool {
    guard year >= 1, year <= 9_999, month >= 1, month <= 12, day >= 1 else { return false }
    switch month {
    case 2: return day <= (isLeapYear ? 29 : 28)
    case 4, 6, 9, 11: return day <= 30
    default: return day <= 31
    }
  }

  private var isLeapYear: Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  /// Append `2024-02-12`, ten ASCII bytes.
  package func append(to bytes: inout [UInt8]) {
    bytes.appendDecimal(year, digits: 4)
    bytes.append(UInt8(ascii: "-"))
    bytes.appendDecimal(month, digits: 2)
    bytes.append(UInt8(ascii: "-"))
    bytes.appendDecimal(day, digits: 2)
  }
}
