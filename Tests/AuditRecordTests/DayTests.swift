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

  @Test func `a day is read in one form only`() {
    #expect(Day("2024-02-29")?.start.description == "2024-02-29T00:00:00.000000Z")
    for text in [
      "2023-02-29", "2024-2-29", "2024-02-29Z", "2024/02/29", " 2024-02-29", "24-02-29", "", "0000-01-01",
    ] {
      #expect(Day(text) == nil)
    }
  }

  @Test func `a window holds its start and not its end, and names the days it touches`() throws {
    let day = try #require(Day("2024-02-29"))
    #expect(day.window.contains(day.start) && !day.window.contains(day.end))
    #expect(day.window.days == day...day)
    #expect(Window(from: day.start, to: day.end + .seconds(1)).days == day...day.next)
    #expect(Window(from: day.start, to: day.start).days == nil)
    #expect(day.window.intersection(day.next.window).isEmpty)
    #expect(day.window.length == .days(1))
  }

  @Test func `a slug is what a URL and a path can hold as it is`() {
    for text in ["acme", "my-org", "a.b_c-9", "..."] { #expect(Slug(text)?.description == text) }
    for text in ["", ".", "..", "a/b", "a b", "é", "a\n", "%41", String(repeating: "a", count: 256)] {
      #expect(Slug(text) == nil)
    }
  }

  @Test func `a log is that of an organisation or of one of its repositories`() {
    #expect(LogName("acme")?.repository == nil)
    #expect(LogName("acme/my-repo")?.description == "acme/my-repo")
    for text in ["", "/", "acme/", "/repo", "a/b/c", "acme/.."] { #expect(LogName(text) == nil) }
  }
}
