import AuditRecord
import TestSupport
import Testing

@Suite struct RowBatchTests {
  @Test func `a row copied to another batch is the same row`() throws {
    var random = SeededRandom(seed: 1)
    let records = (0..<50).map { RandomRecord(number: $0, &random) }
    let page = try parsePage("[" + records.map { $0.text(&random) }.joined(separator: ",") + "]")
    var copy = ParsedPage()
    for row in (0..<50).reversed() { copy.rows.append(row, of: page.rows) }
    #expect((0..<50).map { copy.cells($0) } == records.map(\.row).reversed())
    #expect(copy.rows.bytes.count == page.rows.bytes.count)
    copy.rows.removeAll()
    #expect(copy.rows.isEmpty && copy.rows.cells.isEmpty && copy.rows.ends.isEmpty)
  }

  @Test func `the text of a row is in one piece, and all of it is used`() throws {
    let page = try parsePage("[\(FlatteningTests.documentedRecord),\(FlatteningTests.documentedRecord)]")
    #expect(page.rows.textRange(0).upperBound == page.rows.textRange(1).lowerBound)
    for row in 0..<2 {
      let text = page.rows.textRange(row)
      let ranges = TextColumn.allCases.map { page.rows.cell($0, row).range }.filter { !$0.isEmpty }
      #expect(ranges.allSatisfy { text.contains($0.lowerBound) && $0.upperBound <= text.upperBound })
      #expect(ranges.reduce(0) { $0 + $1.count } == text.count)
    }
  }

  @Test func `the columns are those of audit-log-1`() {
    #expect(Column.schemaName == "audit-log-1")
    let names = """
      uuid event_at event context actor actor_kind actor_slug_perm actor_url actor_ip_address actor_location_continent \
      actor_location_country actor_location_country_code actor_location_city actor_location_postal_code \
      actor_location_latitude actor_location_longitude object object_kind object_slug_perm target target_kind \
      target_slug_perm additional_fields
      """
    #expect(Column.allCases.map(\.name).joined(separator: " ") == names)
    #expect(
      Column.allCases.filter { $0.kind == .string }.map { "\($0)" } == TextColumn.allCases.map { "\($0)" })
    #expect(TextColumn.allCases.count == TextColumn.count)
    #expect(Column.allCases.filter(\.isRequired) == [.uuid, .eventAt])
    for column in Column.allCases { #expect(Column(name: column.name) == column) }
    #expect(Column(name: "UUID") == nil)
  }
}
