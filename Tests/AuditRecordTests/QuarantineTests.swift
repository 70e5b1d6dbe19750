import AuditRecord
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
  func `a record that cannot be a row is quarantined, its neighbours are not`(
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

  @Test func `what a quarantined record would have counted is not counted`() throws {
    let page = try parsePage(#"[{"actor":["\u0000"],"target":"\u0000","new":1,"x":"\ud800"}]"#)
    var expected = FlatteningCounts()
    expected.loneSurrogates = 1
    #expect(page.counts == expected)
    #expect(
      page.quarantined.first.map { String(decoding: $0.json, as: UTF8.self) }
        == #"{"actor":["\u0000"],"new":1,"target":"\u0000","x":""# + "\u{FFFD}\"}")
  }
}
