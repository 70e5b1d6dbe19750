package import AuditRecord

/// A time as a query writes it.
package enum QueryTime {
  /// Reads RFC 3339, a date (00:00 UTC), a time without a zone (UTC), or `3 days ago`; nil for anything else.
  package static func read(_ text: Substring, now: Timestamp) -> Timestamp? {
    if let time = Timestamp(rfc3339: String(text)) ?? Timestamp(rfc3339: "\(text)Z") { return time }
    if let day = Day(String(text)) { return day.start }
    let words = text.split(separator: " ")
    guard words.count == 3, words[2] == "ago", let count = Int64(words[0]), (0...100_000).contains(count)
    else { return nil }
    let unit = words[1].last == "s" ? words[1].dropLast() : words[1]
    return units[String(unit)].map { now - TimeSpan(microseconds: count * $0.microseconds) }
  }

  private static let units: [String: TimeSpan] = [
    "second": .seconds(1), "minute": .minutes(1), "hour": .hours(1), "day": .days(1), "week": .days(7),
    "month": .days(30), "year": .days(365),
  ]
}
