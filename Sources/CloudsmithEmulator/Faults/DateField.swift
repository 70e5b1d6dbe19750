package import AuditRecord

/// A server that tells the time of its answers (`Date`), and may be behind the client's clock.
package struct DateField: Behaviour {
  private let lag: TimeSpan

  package init(behind lag: TimeSpan) {
    self.lag = lag
  }

  package mutating func revise(_ response: inout EmulatedResponse, for turn: Turn) {
    response.headers["Date"] = DateField.text(turn.time - lag)
  }

  /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7)
  static func text(_ time: Timestamp) -> String {
    let day = Day(containing: time)
    let date = CivilDate(daysSinceEpoch: day.number)
    let second = (time - day.start).microseconds / 1_000_000
    let clock = [second / 3_600, second / 60 % 60, second % 60].map(twoDigits).joined(separator: ":")
    let weekday = weekdays[Int(day.number.flooredDivision(by: 7).remainder)]
    return "\(weekday), \(twoDigits(date.day)) \(months[Int(date.month) - 1]) \(date.year) \(clock) GMT"
  }

  private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// The days of the week from that of 1970-01-01.
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
