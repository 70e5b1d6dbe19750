package import AuditRecord

/// The header fields of a response; names match in any case, as they arrive (HTTP/2 in lower case).
///
/// Numbers and times are bounded here, and nowhere else: arithmetic on what is read here cannot overflow. A value outside
/// its bounds (`HeaderBounds`) counts as absent.
package struct HeaderFields: Sendable {
  private var values: [String: String] = [:]

  /// Of several fields of one name the first counts.
  package init(_ fields: some Sequence<(String, String)>) {
    for (name, value) in fields {
      let name = name.lowercased()
      if values[name] == nil { values[name] = value.trimming { $0 == " " || $0 == "\t" }.description }
    }
  }

  package subscript(_ name: String) -> String? { values[name.lowercased()] }

  /// A whole number; nil when the field is absent, anything else, or out of bounds.
  func count(_ name: String, in bounds: ClosedRange<Int>) -> Int? {
    self[name].flatMap { Int($0) }.flatMap { bounds.contains($0) ? $0 : nil }
  }

  /// Seconds, whole or with a fraction; nil when the field is absent, no number, or out of bounds.
  func seconds(_ name: String) -> TimeSpan? {
    self[name].flatMap { Double($0) }.flatMap(HeaderFields.span(seconds:))
  }

  /// An instant in seconds since 1970; nil when the field is absent, no number, or out of bounds.
  func instant(_ name: String) -> Timestamp? {
    self[name].flatMap { Double($0) }.flatMap { seconds in
      HeaderBounds.instant.contains(seconds)
        ? Timestamp(microseconds: TimeSpan.seconds(seconds).microseconds) : nil
    }
  }

  /// When the answer was made, by the clock of the server that made it: to the second, in the years 1970 to 9999.
  package var date: Timestamp? { self["Date"].flatMap(HTTPDate.init)?.time }

  /// How long the answer has been in caches since (RFC 9111, section 5.1); nil when none tells, at most ten years.
  package var age: TimeSpan? {
    count("Age", in: HeaderBounds.age).map { .seconds(Double($0)) }
  }

  /// The time of the other side's clock when the answer arrived; nil without a `Date`.
  var time: Timestamp? { date.map { $0 + (age ?? .zero) } }

  /// nil out of bounds, and for NaN.
  static func span(seconds: Double) -> TimeSpan? {
    HeaderBounds.span.contains(seconds) ? .seconds(seconds) : nil
  }
}

/// The numbers that are believed in a header field.
///
/// They are far above what any log has, and so far below the largest `Int` that sums and products of two of them fit.
enum HeaderBounds {
  /// Records of a list, its pages, and the number of a page.
  static let count = 0...1_000_000_000_000
  /// Records a page.
  static let pageSize = 1...1_000_000
  /// Requests that a window has left.
  static let remaining = 0...1_000_000_000
  /// Requests a window.
  static let limit = 1...1_000_000_000
  /// Seconds of a pause: up to ten years.
  static let span = 0.0...315_360_000
  static let age = 0...315_360_000
  /// Seconds since 1970, up to the end of the year 9999.
  static let instant = 0.0...253_402_300_799
  static let year: ClosedRange<Int64> = 1_970...9_999
}

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

/// The `X-Pagination-*` fields of an answer. A field that is absent, as all are for an empty list, no number, or out of
/// bounds is nil.
package struct Pagination: Hashable, Sendable {
  /// Records in the whole list.
  package var count: Int?
  package var page: Int?
  package var pageTotal: Int?
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
