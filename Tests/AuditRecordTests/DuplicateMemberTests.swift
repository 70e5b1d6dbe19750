import AuditRecord
import Testing

@Suite struct DuplicateMemberTests {
  @Test(
    arguments: [
      (#""actor":"old","actor":"new""#, ["actor": "new"]),
      (#""actor":"old","\u0061ctor":"new""#, ["actor": "new"]),
      (#""actor":"old","actor":null"#, [:]), (#""actor":["old"],"actor":"new""#, ["actor": "new"]),
      (#""actor":"old","actor":["new"]"#, ["additional_fields": #"{"actor":["new"]}"#]),
      (#""new":1,"new":2"#, ["additional_fields": #"{"new":2}"#]),
      (#""new":1,"n\u0065w":{"a":1,"a":2}"#, ["additional_fields": #"{"new":{"a":2}}"#]),
      (
        #""actor_location":{"city":"A","x":1},"actor_location":{"country":"B"}"#,
        ["actor_location_country": "B"]
      ),
      (#""actor_location":{"city":"A"},"actor_location":null"#, [:]),
      (
        #""actor_location":"A","actor_location":{"city":"A","city":"B","latitude":1,"latitude":"2"}"#,
        ["actor_location_city": "B", "actor_location_latitude": "2.0"]
      ),
      (
        #""actor_location":{"latitude":1},"actor_location":{"latitude":"x"}"#,
        ["additional_fields": #"{"actor_location":{"latitude":"x"}}"#]
      ),
    ] as [(String, Cells)])
  func `of a duplicate member the last wins, and nothing of the first stays`(members: String, row: Cells)
    throws
  {
    #expect(try cells(members) == row)
    let page = try parseRecord(members)
    let length = TextColumn.allCases.reduce(0) { $0 + page.rows.cell($1, 0).range.count }
    #expect(page.rows.bytes.count == length)
  }

  @Test func `duplicates of uuid and event_at are decided alike`() throws {
    let page = try parsePage(
      #"[{"uuid":"a","event_at":"x","uuid":"b","event_at":"2024-02-12T10:30:45Z"},{"uuid":"c","event_at":"2024-02-12T10:30:45Z","event_at":"x"}]"#
    )
    #expect(page.cells() == ["uuid": "b", "event_at": "2024-02-12T10:30:45.000000Z"])
    #expect(page.quarantined.map(\.reason) == [.unreadableEventAt])
    #expect(page.counts == FlatteningCounts())
  }
}
