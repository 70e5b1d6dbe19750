package import AuditRecord

/// The header fields of a response. Names match in any case (RFC 9110, section 5.1).
///
/// This is the only place that checks numbers and times: a value outside `HeaderBounds` counts as absent, so arithmetic on
/// these values cannot overflow.
package struct HeaderFields: Sendable {
  private var values: [String: String] = [:]

  /// If a name occurs several times, the first field counts.
  package init(_ fields: some Sequence<(String, String)>) {
    for (name, value) in fields {
      let name = name.lowercased()
      if values[name] == nil { values[name] = value.trimming { $0 == " " || $0 == "\t" }.description }
    }
  }

  package subscript(_ name: String) -> String? { values[name.lowercased()] }

  /// A whole number; nil if the field is absent, not a number, or out of bounds.
  func count(_ name: String, in bounds: ClosedRange<Int>) -> Int? {
    self[name].flatMap { Int($0) }.flatMap { bounds.contains($0) ? $0 : nil }
  }

  /// A time span in seconds, with or without a fraction; nil if the field is absent, not a number, or out of bounds.
  func seconds(_ name: String) -> TimeSpan? {
    self[name].flatMap { Double($0) }.flatMap(HeaderFields.span(seconds:))
  }

  /// An instant in seconds since 1970; nil if the field is absent, not a number, or out of bounds.
  func instant(_ name: String) -> Timestamp? {
    self[name].flatMap { Double($0) }.flatMap { seconds in
      HeaderBounds.instant.contains(seconds)
        ? Timestamp(microseconds: TimeSpan.seconds(seconds).microseconds) : nil
    }
  }

  /// When the server made the answer, by its own clock, in whole seconds (RFC 9110, section 6.6.1).
  package var date: Timestamp? { self["Date"].flatMap(HTTPDate.init)?.time }

  /// How long the answer has been in caches since then (RFC 9111, section 5.1), at most ten years; nil if the field is absent.
  package var age: TimeSpan? {
    count("Age", in: HeaderBounds.age).map { .seconds(Double($0)) }
  }

  /// The time of the server's clock when the answer arrived; nil without a `Date`.
  var time: Timestamp? { date.map { $0 + (age ?? .zero) } }

  /// Nil if the number is out of bounds or NaN.
  static func span(seconds: Double) -> TimeSpan? {
    HeaderBounds.span.contains(seconds) ? .seconds(seconds) : nil
  }
}

/// The bounds of numbers in header fields: far above what any log has, and so far below the largest `Int` that sums and
/// products of two of them fit.
enum HeaderBounds {
  /// Records of a list, pages of a list, and numbers of pages.
  static let count = 0...1_000_000_000_000
  /// Records per page.
  static let pageSize = 1...1_000_000
  /// Requests left in a window of the rate limit.
  static let remaining = 0...1_000_000_000
  /// Requests per window of the rate limit.
  static let limit = 1...1_000_000_000
  /// Seconds of a pause: up to ten years.
  static let span = 0.0...315_360_000
  /// Seconds in a cache: up to ten years.
  static let age = 0...315_360_000
  /// Seconds since 1970, up to the end of the year 9999.
  static let instant = 0.0...253_402_300_799
  static let year: ClosedRange<Int64> = 1_970...9_999
}

/// The time of a `Date` or `Retry-After` field, in the IMF-fixdate form `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section
/// 5.6.7). The two obsolete forms are not read.
struct HTTPDate: Hashable, Sendable {
  var time: Timestamp

  /// Nil if `text` does not have this form, or is not a real time of the years 1970 to 9999.
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
    // Only a leap second at the end of the year 9999 is later.
    guard time <= .latest else { return nil }
  }

  private static let months: [Substring] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}

/// The `X-Pagination-*` fields of an answer. A field is nil if it is absent, not a number, or out of bounds. The API sends none
/// for an empty list.
package struct Pagination: Hashable, Sendable {
  /// Records in the whole list.
  package var count: Int?
  /// The number of this page, from 1.
  package var page: Int?
  /// Pages in the whole list.
  package var pageTotal: Int?
  /// The most records per page, as the API applied it.
  package var pageSize: Int?

  package init(count: Int? = nil, page: Int? = nil, pageTotal: Int? = nil, pageSize: Int? = nil) {
    self.count = count
    self.page = page
    self.pageTotal = pageTotal
    self.pageSize = pageSize
  }

  package init(_ headers: HeaderFields) {
    self.count = headers.count("X-Pagination-Count", in: HeaderBounds.count)
    self.page = headers.count("X-Pagination-Page", in: HeaderBounds.count)
    self.pageTotal = headers.count("X-Pagination-PageTotal", in: HeaderBounds.count)
    self.pageSize = headers.count("X-Pagination-PageSize", in: HeaderBounds.pageSize)
  }
}
