import AuditRecord
import Testing

@Suite struct IdentityTests {
  @Test(arguments: [
    ("", "fd6142d6b2dc13e88ed5882b8cba36d1862327ede25d366bbeeee4db8d5237ad"),
    (#""uuid":null,"#, "bea473db55f327c8d796cdb1c221ea1bc9940b0e5eb6a023f84f8d1fa4b6ba68"),
    (#""uuid":"","#, "b69bdf01fd16114ff942a94f458346e08ec04a1aac3026b730bf1812b67827b9"),
  ])
  func `a record without uuid is known by the hash of its canonical JSON`(uuid: String, hash: String) throws {
    // The hashes are sha256sum's, of the canonical text written by hand.
    let page = try parsePage(#"[{\#(uuid)"event_at":"2024-02-12T10:30:45Z", "actor":"\u00e9"}]"#)
    #expect(page.cells()["uuid"] == "sha256:\(hash)")
    #expect(page.counts.missingUUID == 1)
  }

  @Test func `the identity does not depend on order, spacing or escapes`() throws {
    let records = [
      #"{"event_at":"2024-02-12T10:30:45Z","actor":"é","actor_location":{"city":"B","new":1}}"#,
      #"{ "actor_location" : { "new" : 1, "city" : "\u0042" } , "actor" : "\u00E9" , "event_at" : "2024-02-12T10:30:45Z" }"#,
      #"{"actor":"x","actor":"é","event_at":"2024-02-12T10:30:45Z","actor_location":{"new":2,"city":"B","new":1}}"#,
    ]
    let page = try parsePage("[\(records.joined(separator: ","))]")
    #expect(Set((0..<3).map { page.cells($0) }).count == 1)
    #expect(page.counts.missingUUID == 3)
  }

  @Test func `a uuid that is an array or object counts as missing and is kept`() throws {
    let page = try parsePage(#"[{"uuid":["a"],"event_at":"2024-02-12T10:30:45Z"}]"#)
    #expect(page.cells()["uuid"]?.hasPrefix("sha256:") == true)
    #expect(page.cells()["additional_fields"] == #"{"uuid":["a"]}"#)
    #expect(page.counts.missingUUID == 1)
    #expect(page.counts.unexpectedTypes == 1)
  }

  @Test func `many short records without uuid find room`() throws {
    let page = try parsePage(
      "[\(Array(repeating: #"{"event_at":"2024-02-12T10:30:45Z"}"#, count: 5_000).joined(separator: ","))]")
    #expect(page.rows.count == 5_000)
    #expect(Set((0..<5_000).map { page.cells($0) }).count == 1)
    #expect(page.rows.bytes.count == 5_000 * 71)
  }
}
