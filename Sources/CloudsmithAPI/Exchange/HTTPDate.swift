internal import AuditRecord

/// The time of a `Date` or `Retry-After` field: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
///
/// The two obsolete forms are not read; nobody has sent them for decades.
struct HTTPDate: Hashable, Sendable {
  var time: Timestamp

  /// nil when `text` is not in that form, or names no real time of the years 1970 to 9999.
  init?(_ text: String) {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0].last == ",", words[5] == "GMT", let day = Int64(words[1]),
      let month = HTTPDate.months.firstIndex(of: words[2]), let year = Int64(words[3])
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
    guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
      (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
    else { return nil }
    let date = CivilDate(year: year, month: Int64(month) + 1, day: day)
    guard HeaderBounds.year.contains(year), date.isValid else { return nil }
    let seconds = date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second
    self.time = Timestamp(microseconds: seconds * 1_000_000)
    // A leap second at the end of the last year.
    guard time <= .latest else { return nil }
  }

  private static let months: [Substring] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
