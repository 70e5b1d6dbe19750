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

  @Test(arguments: ["nan", "inf", "", "soon", "-inf"])
  func `a span that is no number is nil`(value: String) {
    #expect(RateLimit(HeaderFields([("X-RateLimit-Interval", value)]), now: now) == nil)
  }

  @Test func `a span is bounded on both sides`() {
    #expect(RateLimit(HeaderFields([("X-RateLimit-Interval", "-5")]), now: now)?.interval == .zero)
    #expect(RateLimit(HeaderFields([("X-RateLimit-Interval", "1e300")]), now: now)?.interval == .days(3_650))
    #expect(RateLimit(HeaderFields([("X-RateLimit-Reset", "1")]), now: now)?.resetsIn == .zero)
    #expect(RateLimit(HeaderFields([]), now: now) == nil)
  }
}
