import AuditRecord
import HTTP
import Testing

struct HeaderFieldsTests {
  @Test func `fields keep their order, names match in any case, and the first of a name counts`() {
    let fields = HeaderFields([("B", " 1\t"), ("a", "2"), ("b", "3"), ("Ä", "4")])
    #expect(fields["b"] == "1" && fields["A"] == "2" && fields["c"] == nil)
    #expect(fields.fields.map(\.name) == ["B", "a", "b", "Ä"])
    #expect(fields.fields.map(\.value) == ["1", "2", "3", "4"])
  }

  @Test(
    arguments: [
      ("0", 0), ("007", 7), ("9007199254740992", 1 << 53), ("9007199254740993", nil), ("+5", nil),
      ("-0", nil),
      ("1e3", nil), (" 5", 5), ("٣", nil), ("", nil), ("99999999999999999999", nil),
    ] as [(String, Int?)])
  func `a number is ASCII digits up to 2⁵³`(text: String, number: Int?) {
    #expect(HeaderFields([("Content-Length", text)]).count("content-length") == number)
    #expect(HeaderFields([("Content-Length", text)]).count("content-length", in: 1...6) == nil || number == 5)
  }

  @Test(
    arguments: [
      ("7", .seconds(7)), ("1.5", .seconds(1.5)), ("0", .zero),
      ("Thu, 01 Jan 1970 00:01:40 GMT", .seconds(40)),
      ("Thu, 01 Jan 1970 00:00:01 GMT", .zero), ("-1", nil), ("315360001", nil), ("soon", nil), ("", nil),
      ("Fri, 31 Dec 9999 23:59:59 GMT", nil),
    ] as [(String, TimeSpan?)])
  func `the pause of Retry-After is seconds, or a date by the server's own clock`(
    text: String, span: TimeSpan?
  ) {
    let fields = HeaderFields([
      ("Retry-After", text), ("Date", "Thu, 01 Jan 1970 00:00:50 GMT"), ("Age", "10"),
    ])
    #expect(fields.retryAfter(now: Timestamp(microseconds: 1_700_000_000_000_000)) == span)
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
  func `only dates of the years 1970 to 9999 are read`(text: String, seconds: Int64?) {
    let time = seconds.map { Timestamp(microseconds: $0 * 1_000_000) }
    #expect(HeaderFields([("Date", text)]).date == time)
  }

  @Test(
    arguments: [
      ("0", .zero), ("60", .minutes(1)), ("315360000", .days(3_650)),
      ("315360001", nil), ("-1", nil), ("1.5", nil), ("9223372036854775807", nil), ("", nil), ("soon", nil),
    ] as [(String, TimeSpan?)])
  func `an age is a whole number of seconds up to ten years`(text: String, span: TimeSpan?) {
    #expect(HeaderFields([("age", text)]).age == span)
  }
}

struct BackoffTests {
  @Test func `pauses double up to the cap, and jitter takes a share of them`() {
    let backoff = Backoff(base: .seconds(0.5), cap: .seconds(20))
    #expect(
      (1...8).map { backoff.pause(afterAttempt: $0, random: 0.5).seconds } == [0.25, 0.5, 1, 2, 4, 8, 10, 10])
    #expect(backoff.pause(afterAttempt: .max, random: 0.5) == .seconds(10))
    #expect(backoff.pause(afterAttempt: .min, random: 0) == .zero)
  }
}

struct SystemClockTests {
  @Test func `the wall clock is plausible, and elapsed time never decreases`() throws {
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
