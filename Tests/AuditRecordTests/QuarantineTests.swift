import AuditRecord
import TestSupport
import Testing

@Suite struct QuarantineTests {
  @Test(arguments: [
    (#"{"uuid":"u"}"#, QuarantinedRecord.Reason.noEventAt), (#"{}"#, .noEventAt),
    (#"{"event_at":null,"b":1,"a":2}"#, .noEventAt),
    (#"{"event_at":""}"#, .unreadableEventAt), (#"{"event_at":"yesterday"}"#, .unreadableEventAt),
    (#"{"event_at":1707733845}"#, .eventAtIsNoText),
    (#"{"event_at":["2024-02-12T10:30:45Z"]}"#, .eventAtIsNoText),
    (#"{"event_at":true}"#, .eventAtIsNoText),
    (#"{"event_at":"2024-02-12T10:30:61Z"}"#, .unreadableEventAt),
    (#"{"event_at":"9999-12-31T23:59:60Z"}"#, .unreadableEventAt),
    (#"{"event_at":"2024-02-12T10:30:45+0000"}"#, .eventAtOffsetForm),
    (#"{"event_at":"2024-02-12T10:30:45\u002B0000"}"#, .eventAtOffsetForm),
    (#"{"event_at":"2024-02-12T10:30:45-08"}"#, .eventAtOffsetForm),
    (#"{"event_at":"2024-02-12T10:30:45.123456"}"#, .eventAtWithoutZone),
    ("1", .notAnObject), ("null", .notAnObject), (#""text""#, .notAnObject),
    (#"[{"event_at":"2024-02-12T10:30:45Z"}]"#, .notAnObject),
  ])
  func `a record that cannot become a row is quarantined, and its neighbours are not`(
    json: String, reason: QuarantinedRecord.Reason
  ) throws {
    let good = #"{"uuid":"g","event_at":"2024-02-12T10:30:45Z","actor":"a"}"#
    let page = try parsePage("[\(good), \(json) ,\(good)]")
    #expect(page.rows.count == 2)
    #expect(page.recordCount == 3)
    #expect(page.cells(0) == page.cells(1))
    #expect(page.rows.textRange(1) == 2..<4)
    #expect(page.quarantined.map(\.reason) == [reason])
    #expect(page.quarantined.map(\.json) == [try CanonicalJSON.text(of: Array(json.utf8))])
    #expect(page.counts == FlatteningCounts())
  }

  @Test func `a quarantined record is not included in other counters`() throws {
    let page = try parsePage(#"[{"actor":["\u0000"],"target":"\u0000","new":1,"x":"\ud800"}]"#)
    var expected = FlatteningCounts()
    expected.loneSurrogates = 1
    #expect(page.counts == expected)
    #expect(
      page.quarantined.first.map { String(decoding: $0.json, as: UTF8.self) }
        == #"{"actor":["\u0000"],"new":1,"target":"\u0000","x":""# + "\u{FFFD}\"}")
  }
}

/// A record that passes a limit goes to quarantine by itself; its neighbours are rows.
@Suite struct RecordLimitTests {
  private let good = #"{"uuid":"g","event_at":"2024-02-12T10:30:45Z","actor":"a"}"#

  private func page(_ record: String, _ limits: JSONLimits) throws -> ParsedPage {
    let page = try parsePage("[\(good),\(record) ,\(good)]", limits: limits)
    #expect(page.rows.count == 2 && page.cells(0) == page.cells(1) && page.quarantinedPlaces == [1])
    return page
  }

  private func members(_ count: Int, _ name: (Int) -> String = { "m\($0)" }) -> String {
    (0..<count).map { "\"\(name($0))\":\($0)" }.joined(separator: ",")
  }

  @Test func `an oversized record is described by size, hash, first bytes and uuid`()
    throws
  {
    let record = #"{"actor":"é\#(String(repeating: "x", count: 40))","event_at":"2024-02-12","uuid":"u-1"}"#
    let page = try page(record, JSONLimits(recordLength: 80))
    let stored = try #require(page.quarantined.first)
    #expect(stored.reason == .tooLong && stored.identity == Array("u-1".utf8) && stored.place == nil)
    #expect(
      String(decoding: stored.json, as: UTF8.self)
        == #"{"bytes":\#(record.utf8.count),"event_at":"2024-02-12","members":3,"sha256":"eaa3be1e98c68f95e835209b79ccc244c4441871d1518282ed9892dde656bd00","start":"#
        + #""\#(record.replacing("\"", with: "\\\""))","uuid":"u-1"}"#)
    #expect(try CanonicalJSON.text(of: stored.json) == stored.json)
    #expect(page.counts == FlatteningCounts())
    #expect(try self.page(record, JSONLimits(recordLength: record.utf8.count - 1)).quarantined.count == 1)
    #expect(
      try parsePage("[\(record)]", limits: JSONLimits(recordLength: record.utf8.count)).quarantined.first?
        .reason
        == .unreadableEventAt)
  }

  @Test func `only the start of a long record is kept, cut between two characters`() throws {
    for shift in 0..<4 {
      let text = String(repeating: "x", count: shift) + String(repeating: "😀", count: 20_000)
      let page = try page(#"{"a":"\#(text)"}"#, JSONLimits(recordLength: 10_000))
      let json = try #require(page.quarantined.first?.json)
      #expect(json.count < 20_000 && !String(decoding: json, as: UTF8.self).contains("\u{FFFD}"))
      #expect(try CanonicalJSON.text(of: json) == json)
    }
  }

  @Test(arguments: [
    "{MEMBERS}", #"{"event_at":"2024-02-12T10:30:45Z",MEMBERS}"#, #"{"context":{MEMBERS}}"#,
    #"{"new":[{MEMBERS}]}"#, #"{"actor_location":{MEMBERS}}"#, #"[{MEMBERS}]"#,
    #"{"actor":"a","actor":"b","event_at":"2024-02-12T10:30:45Z",MEMBERS}"#,
    #"{"event_at":"2024-02-12T10:30:45Z","context":{"a":{MEMBERS}}}"#,
  ])
  func `a record with too many members is quarantined, at every level`(pattern: String) throws {
    let limits = JSONLimits(members: 50)
    let many = try page(pattern.replacing("MEMBERS", with: members(51)), limits)
    #expect(many.quarantined.map(\.reason) == [.tooManyMembers])
    #expect(many.counts == FlatteningCounts())
    let few = try parsePage("[\(pattern.replacing("MEMBERS", with: members(45)))]", limits: limits)
    #expect(few.quarantined.allSatisfy { $0.reason != .tooManyMembers })
  }

  @Test func `a record that repeats a known member a million times is quarantined for its members`() throws {
    let record = "{" + Array(repeating: #""actor":"a""#, count: 100_000).joined(separator: ",") + "}"
    #expect(try page(record, JSONLimits()).quarantined.map(\.reason) == [.tooManyMembers])
  }

  @Test func `text after an exceeded limit is still parsed strictly`() throws {
    let limits = JSONLimits(depth: 3, stringLength: 8, recordLength: 40, members: 3)
    var random = SeededRandom(seed: 3)
    for _ in 0..<2_000 {
      var record = Array(RandomRecord(number: 1, &random).text(&random).utf8)
      let isWhole = pageError("[\(String(decoding: record, as: UTF8.self))]") == nil
      #expect(isWhole)
      #expect(pageError("[\(String(decoding: record, as: UTF8.self))]", limits: limits) == nil)
      record.remove(at: Int.random(in: 0..<record.count, using: &random))
      let text = "[\(String(decoding: record, as: UTF8.self))]"
      #expect((pageError(text) == nil) == (pageError(text, limits: limits) == nil), "\(text)")
    }
  }
}
