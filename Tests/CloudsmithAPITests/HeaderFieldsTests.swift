import AuditRecord
import CloudsmithAPI
import HTTP
import Testing

struct APIHeadersTests {
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
  func `an unreadable pagination field is nil`(value: String) {
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
  func `a count outside its bounds is nil`(name: String, good: [Int], bad: [Int]) {
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
  func `a rate field outside its bounds is nil`(name: String, good: [String], bad: [String]) {
    for value in good { #expect(RateLimit(HeaderFields([(name, value)]), now: now) != nil, "\(value)") }
    for value in bad { #expect(RateLimit(HeaderFields([(name, value)]), now: now) == nil, "\(value)") }
  }

  @Test func `an empty list has no pagination fields`() {
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

  @Test func `the reset is relative to the clock of the response`() {
    let fields = HeaderFields([
      ("X-RateLimit-Reset", "1485712175.0"), ("Date", "Sun, 29 Jan 2017 17:49:25 GMT"),
    ])
    #expect(RateLimit(fields, now: Timestamp(microseconds: 0))?.resetsIn == .seconds(10))
  }

  @Test func `the age of a cached response is added to its date`() {
    let fields = HeaderFields([
      ("X-RateLimit-Reset", "1485712175"), ("Date", "Sun, 29 Jan 2017 17:48:25 GMT"), ("Age", "60"),
    ])
    #expect(RateLimit(fields, now: Timestamp(microseconds: 0))?.resetsIn == .seconds(10))
  }

  @Test(arguments: ["nan", "inf", "", "soon", "-inf"])
  func `a duration that is not a number is nil`(value: String) {
    #expect(RateLimit(HeaderFields([("X-RateLimit-Interval", value)]), now: now) == nil)
  }

  @Test func `a reset in the past means now`() {
    #expect(RateLimit(HeaderFields([("X-RateLimit-Reset", "1")]), now: now)?.resetsIn == .zero)
    #expect(RateLimit(HeaderFields([]), now: now) == nil)
  }
}
