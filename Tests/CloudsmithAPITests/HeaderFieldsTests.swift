import AuditRecord
import CloudsmithAPI
import Testing

struct HeaderFieldsTests {
  @Test func `pagination is read from names in any case`() {
    for names in [
      ["X-Pagination-Count", "X-Pagination-Page", "X-Pagination-PageTotal", "X-Pagination-PageSize"],
      ["x-pagination-count", "x-pagination-page", "x-pagination-pagetotal", "X-PAGINATION-PAGESIZE"],
    ] {
      let fields = HeaderFields(zip(names, ["607", " 2 ", "21", "30"]))
      #expect(Pagination(fields) == Pagination(count: 607, page: 2, pageTotal: 21, pageSize: 30))
    }
  }

  @Test(arguments: ["", "x", "-1", "1.5", "99999999999999999999", "0x10", "1,000"])
  func `garbage in a pagination field is nil`(value: String) {
    let fields = HeaderFields([("X-Pagination-Count", value), ("X-Pagination-Page", "3")])
    #expect(Pagination(fields) == Pagination(page: 3))
  }

  private static let trillion = 1_000_000_000_000

  @Test(
    arguments: [
      ("X-Pagination-Count", [0, 607, trillion], [-1, trillion + 1, .max]),
      ("X-Pagination-Page", [0, 1, trillion], [-1, trillion + 1, .max]),
      ("X-Pagination-PageTotal", [0, 21, trillion], [-1, trillion + 1, .max]),
      ("X-Pagination-PageSize", [1, 500, 1_000_000], [-1, 0, 1_000_001, .max]),
    ] as [(String, [Int], [Int])])
  func `a count out of bounds is nil`(name: String, good: [Int], bad: [Int]) {
    func read(_ value: Int) -> [Int?] {
      let pagination = Pagination(HeaderFields([(name, "\(value)")]))
      return [pagination.count, pagination.page, pagination.pageTotal, pagination.pageSize]
    }
    for value in good { #expect(read(value).compactMap(\.self) == [value]) }
    for value in bad { #expect(read(value).compactMap(\.self) == [], "\(value)") }
  }

  @Test(
    arguments: [
      ("X-RateLimit-Limit", ["1", "1000000000"], ["0", "-1", "1000000001", "9223372036854775807"]),
      ("X-RateLimit-Remaining", ["0", "1000000000"], ["-1", "1000000001", "9223372036854775807"]),
      ("X-RateLimit-Interval", ["0", "1e-300", "315360000"], ["-5", "315360001", "1e300", "nan", "inf"]),
      ("X-RateLimit-Reset", ["0", "1", "1800000000.5"], ["-1", "-1e308", "1e300", "253402300800", "nan"]),
    ])
  func `a rate field out of bounds is nil`(name: String, good: [String], bad: [String]) {
    for value in good { #expect(RateLimit(HeaderFields([(name, value)]), now: now) != nil, "\(value)") }
    for value in bad { #expect(RateLimit(HeaderFields([(name, value)]), now: now) == nil, "\(value)") }
  }

  @Test(
    arguments: [
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 29 Jan 2017 17:49:25 GMT", 1_485_712_165),
      ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
      ("Wed, 31 Dec 1969 23:59:59 GMT", nil), ("Mon, 01 Jan 0001 00:00:00 GMT", nil),
      ("Fri, 31 Dec 9999 23:59:60 GMT", nil), ("Sat, 01 Jan 10000 00:00:00 GMT", nil),
      ("Sun, 06 Nov 9223372036854775807 08:49:37 GMT", nil),
      ("Sun, 06 Nov -9223372036854775808 08:49:37 GMT", nil),
      ("Sun, 9223372036854775807 Nov 2026 08:49:37 GMT", nil),
      ("Sun, 06 Nov 2026 9223372036854775807:49:37 GMT", nil),
    ] as [(String, Int64?)])
  func `a date is of the years 1970 to 9999`(text: String, seconds: Int64?) {
    let time = seconds.map { Timestamp(microseconds: $0 * 1_000_000) }
    #expect(HeaderFields([("Date", text)]).date == time)
  }

  @Test(
    arguments: [
      ("0", .zero), ("60", .minutes(1)), ("315360000", .days(3_650)),
      ("315360001", nil), ("-1", nil), ("1.5", nil), ("9223372036854775807", nil), ("", nil), ("soon", nil),
    ] as [(String, TimeSpan?)])
  func `an age is whole seconds up to ten years`(text: String, span: TimeSpan?) {
    #expect(HeaderFields([("age", text)]).age == span)
  }

  @Test func `an empty list has no pagination at all`() {
    #expect(Pagination(HeaderFields([])) == Pagination())
  }

  private let now = Timestamp(microseconds: 1_485_708_000_000_000)

  @Test func `the rate limit is read as documented`() {
    let fields = HeaderFields([
      ("x-ratelimit-limit", "10800"), ("x-ratelimit-remaining", "10799"), ("x-ratelimit-reset", "1485712175"),
      ("x-ratelimit-interval", "0.98256663893"),
    ])
    #expect(
      RateLimit(fields, now: now)
        == RateLimit(
          limit: 10_800, remaining: 10_799, resetsIn: .seconds(4_175), interval: .seconds(0.982567)))
  }

  @Test func `the reset is measured by the clock that set it`() {
    let fields = HeaderFields([
      ("X-RateLimit-Reset", "1485712175.0"), ("Date", "Sun, 29 Jan 2017 17:49:25 GMT"),
    ])
    #expect(RateLimit(fields, now: Timestamp(microseconds: 0))?.resetsIn == .seconds(10))
  }

  @Test func `the age of a cached answer is added to its date`() {
    let fields = HeaderFields([
      ("X-RateLimit-Reset", "1485712175"), ("Date", "Sun, 29 Jan 2017 17:48:25 GMT"), ("Age", "60"),
    ])
    #expect(RateLimit(fields, now: Timestamp(microseconds: 0))?.resetsIn == .seconds(10))
  }

  @Test(arguments: ["nan", "inf", "", "soon", "-inf"])
  func `a span that is not a number is nil`(value: String) {
    #expect(RateLimit(HeaderFields([("X-RateLimit-Interval", value)]), now: now) == nil)
  }

  @Test func `a reset in the past is now`() {
    #expect(RateLimit(HeaderFields([("X-RateLimit-Reset", "1")]), now: now)?.resetsIn == .zero)
    #expect(RateLimit(HeaderFields([]), now: now) == nil)
  }
}

struct SystemClockTests {
  @Test func `the wall clock is past this program's first year, and elapsed time only grows`() throws {
    let clock = SystemClock()
    #expect(clock.now > (try #require(Day("2025-01-01"))).start)
    let first = clock.elapsed
    #expect(first >= .zero)
    #expect(clock.elapsed >= first)
  }

  @Test func `a cancelled sleep ends at once`() async {
    let task = Task { try await SystemClock().sleep(for: .hours(1)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}
