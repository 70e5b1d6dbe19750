import AuditRecord
import Testing

@Suite struct DayTests {
  @Test func `an event at midnight belongs to the new day`() throws {
    let midnight = try #require(Timestamp(rfc3339: "2024-03-01T00:00:00Z"))
    #expect(Day(containing: midnight).description == "2024-03-01")
    #expect(Day(containing: Timestamp(microseconds: midnight.microseconds - 1)).description == "2024-02-29")
    #expect(Day(containing: Timestamp(microseconds: -1)).description == "1969-12-31")
    #expect(Day(containing: .earliest).description == "0001-01-01")
    #expect(Day(containing: .latest).description == "9999-12-31")
  }

  @Test func `only one form of a day is accepted`() {
    #expect(Day("2024-02-29")?.start.description == "2024-02-29T00:00:00.000000Z")
    for text in [
      "2023-02-29", "2024-2-29", "2024-02-29Z", "2024/02/29", " 2024-02-29", "24-02-29", "", "0000-01-01",
    ] {
      #expect(Day(text) == nil)
    }
  }

  @Test func `a window includes its start, excludes its end, and lists the days it touches`() throws {
    let day = try #require(Day("2024-02-29"))
    #expect(day.window.contains(day.start) && !day.window.contains(day.end))
    #expect(day.window.days == day...day)
    #expect(Window(from: day.start, to: day.end + .seconds(1)).days == day...day.next)
    #expect(Window(from: day.start, to: day.start).days == nil)
    #expect(day.window.intersection(day.next.window).isEmpty)
    #expect(day.window.length == .days(1))
  }

  @Test func `a slug is text that needs no escape in a URL or path`() {
    for text in ["acme", "my-org", "a.b_c-9", "..."] { #expect(Slug(text)?.description == text) }
    for text in ["", ".", "..", "a/b", "a b", "é", "a\n", "%41", String(repeating: "a", count: 256)] {
      #expect(Slug(text) == nil)
    }
  }

  @Test func `a log belongs to an organization or one of its repositories`() {
    #expect(LogName("acme")?.repository == nil)
    #expect(LogName("acme/my-repo")?.description == "acme/my-repo")
    for text in ["", "/", "acme/", "/repo", "a/b/c", "acme/.."] { #expect(LogName(text) == nil) }
  }
}

@Suite struct TimeSpanTests {
  @Test(arguments: [
    ("0s", TimeSpan.zero), ("90s", .seconds(90)), ("10m", .minutes(10)), ("24h", .hours(24)),
    ("2d", .days(2)),
    ("007m", .minutes(7)), ("365d", .days(365)),
  ])
  func `a whole number with a unit is a duration`(text: String, span: TimeSpan) {
    #expect(TimeSpan(text) == span)
  }

  @Test(arguments: [
    "", "s", "10", "10 m", "1.5h", "-1h", "+1h", "1H", "1w", "h1", "1h30m", "99999999999999999999s",
    "9223372036854775807d", "１h",
  ])
  func `any other text is not a duration`(text: String) {
    #expect(TimeSpan(text) == nil)
  }

  @Test(arguments: [
    (TimeSpan.zero, "0s"), (.seconds(59), "59s"), (.seconds(90), "90s"), (.seconds(600), "10m"),
    (.hours(1), "1h"),
    (.hours(24), "24h"), (.hours(36), "36h"), (.days(2), "2d"), (.days(365), "365d"),
    (.seconds(0.25), "0.25s"),
    (.seconds(3.2), "3.2s"), (.seconds(-90), "-90s"), (TimeSpan(microseconds: 1), "0.000001s"),
    (TimeSpan(microseconds: .min), "-9223372036854.775808s"),
  ])
  func `a duration is printed in its largest whole unit`(span: TimeSpan, text: String) {
    #expect(span.description == text)
  }

  @Test func `a printed duration of whole seconds is read back`() {
    for seconds in [0, 1, 59, 60, 61, 3_599, 3_600, 7_200, 86_400, 90_000, 172_800, 31_536_000] {
      let span = TimeSpan.seconds(Double(seconds))
      #expect(TimeSpan(span.description) == span)
    }
  }
}
