import AuditRecord
import DeltaTable
import TestSupport
import Testing

@Suite struct `File statistics` {
  private func text(_ least: Int64, _ greatest: Int64) -> String {
    FileStatistics(
      numRecords: 2,
      ranges: [
        .init(
          column: "event_at", least: Timestamp(microseconds: least),
          greatest: Timestamp(microseconds: greatest))
      ], columnsWithoutNull: ["uuid", "event_at"]
    ).text
  }

  @Test func `a minimum is rounded down and a maximum up to the millisecond`() {
    let second: Int64 = 1_707_733_845_000_000
    let cases: [(least: Int64, greatest: Int64, String, String)] = [
      (second, second, "45.000", "45.000"), (second + 1, second + 1, "45.000", "45.001"),
      (second + 999, second + 999, "45.000", "45.001"), (second + 1_000, second + 1_000, "45.001", "45.001"),
      (second + 123_456, second + 999_999, "45.123", "46.000"),
    ]
    for (least, greatest, low, high) in cases {
      #expect(
        text(least, greatest)
          == #"{"numRecords":2,"minValues":{"event_at":"2024-02-12T10:30:\#(low)Z"},"maxValues":{"event_at":"2024-02-12T10:30:\#(high)Z"},"nullCount":{"uuid":0,"event_at":0}}"#
      )
    }
  }

  @Test func `times before 1970 are rounded in the same directions`() {
    #expect(
      text(-1, -1)
        == #"{"numRecords":2,"minValues":{"event_at":"1969-12-31T23:59:59.999Z"},"maxValues":{"event_at":"1970-01-01T00:00:00.000Z"},"nullCount":{"uuid":0,"event_at":0}}"#
    )
    #expect(Timestamp(microseconds: -1).milliseconds == -1)
    #expect(Timestamp(microseconds: 1_999).milliseconds == 1)
  }

  @Test func `a maximum that would fall into the year 10000 is left out, with its minimum`() {
    let last = Timestamp.latest.microseconds
    #expect(text(0, last) == #"{"numRecords":2,"nullCount":{"uuid":0,"event_at":0}}"#)
    #expect(text(Timestamp.earliest.microseconds, last - 999).contains("9999-12-31T23:59:59.999Z"))
    #expect(text(Timestamp.earliest.microseconds, 0).contains("0001-01-01T00:00:00.000Z"))
  }

  @Test func `the bounds contain every time and are at most a millisecond wider`() throws {
    var random = SeededRandom(seed: 3)
    for _ in 0..<1_000 {
      let least = Int64.random(
        in: Timestamp.earliest.microseconds..<Timestamp.latest.microseconds - 2_000, using: &random)
      let greatest = least + Int64.random(in: 0..<1_000, using: &random)
      let times = text(least, greatest).split(separator: "\"").compactMap { Timestamp(rfc3339: String($0)) }
      try #require(times.count == 2)
      #expect((0..<1_000).contains(least - times[0].microseconds))
      #expect((0..<1_000).contains(times[1].microseconds - greatest))
    }
  }

  @Test func `the bounds of a column are read from the statistics of any producer`() throws {
    let bounds = try #require(FileStatistics.bounds(of: "event_at", in: text(0, 1_000)))
    #expect(bounds == ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.001Z"))
    let others = [
      "", "{}", "[]", #"{"minValues":{"event_at":"a"}}"#, #"{"minValues":{"event_at":1},"maxValues":{}}"#,
    ]
    for other in others { #expect(FileStatistics.bounds(of: "event_at", in: other) == nil) }
  }

  @Test func `the number of rows is read from the statistics of any producer`() {
    #expect(FileStatistics.numRecords(of: text(0, 0)) == 2)
    #expect(FileStatistics.numRecords(of: #"{"maxValues":{"a":{"b":1}}, "numRecords": 17}"#) == 17)
    for other in ["", "{}", "[]", #"{"numRecords":"1"}"#, #"{"numRecords":1"#] {
      #expect(FileStatistics.numRecords(of: other) == nil)
    }
  }
}
