import AuditRecord
import Testing

@Suite struct TimeSpanTests {
  @Test(arguments: [
    ("0s", TimeSpan.zero), ("90s", .seconds(90)), ("10m", .minutes(10)), ("24h", .hours(24)),
    ("2d", .days(2)),
    ("007m", .minutes(7)), ("365d", .days(365)),
  ])
  func `a whole number and a unit is a span`(text: String, span: TimeSpan) {
    #expect(TimeSpan(text) == span)
  }

  @Test(arguments: [
    "", "s", "10", "10 m", "1.5h", "-1h", "+1h", "1H", "1w", "h1", "1h30m", "99999999999999999999s",
    "9223372036854775807d", "１h",
  ])
  func `anything else is not a span`(text: String) {
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
  func `a span is described in its largest whole unit`(span: TimeSpan, text: String) {
    #expect(span.description == text)
  }

  @Test func `a description of whole seconds is read back`() {
    for seconds in [0, 1, 59, 60, 61, 3_599, 3_600, 7_200, 86_400, 90_000, 172_800, 31_536_000] {
      let span = TimeSpan.seconds(Double(seconds))
      #expect(TimeSpan(span.description) == span)
    }
  }
}
