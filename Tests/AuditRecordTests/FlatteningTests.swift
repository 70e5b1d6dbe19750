import AuditRecord
import TestSupport
import Testing

@Suite struct FlatteningTests {
  static let documentedRecord = #"""
    {"actor": "john.doe", "actor_ip_address": "203.0.113.42", "actor_kind": "user",
     "actor_location": {"city": "San Francisco", "country": "United States", "country_code": "US", "latitude": "37.7749", "longitude": "-122.4194"},
     "actor_slug_perm": "550e8400-e29b-41d4-a716-446655440000", "actor_url": "https://api.cloudsmith.io/users/550e8400-e29b-41d4-a716-446655440000/",
     "context": "Repository", "event": "Repository.Create", "event_at": "2024-02-12T10:30:45Z", "object": "my-repo", "object_kind": "Repository",
     "object_slug_perm": "660e8400-e29b-41d4-a716-446655440001", "target": "my-org", "target_kind": "Organization", "uuid": "770e8400-e29b-41d4-a716-446655440002"}
    """#

  static let documentedRow: Cells = [
    "uuid": "770e8400-e29b-41d4-a716-446655440002", "event_at": "2024-02-12T10:30:45.000000Z",
    "event": "Repository.Create", "context": "Repository", "actor": "john.doe", "actor_kind": "user",
    "actor_slug_perm": "550e8400-e29b-41d4-a716-446655440000",
    "actor_url": "https://api.cloudsmith.io/users/550e8400-e29b-41d4-a716-446655440000/",
    "actor_ip_address": "203.0.113.42", "actor_location_country": "United States",
    "actor_location_country_code": "US", "actor_location_city": "San Francisco",
    "actor_location_latitude": "37.7749", "actor_location_longitude": "-122.4194", "object": "my-repo",
    "object_kind": "Repository", "object_slug_perm": "660e8400-e29b-41d4-a716-446655440001",
    "target": "my-org",
    "target_kind": "Organization",
  ]

  @Test(arguments: [
    #"{"uuid":"x"}"#, #"{"city":"A","uuid":"x"}"#, #"{"new":1,"uuid":"x"}"#, #"{"city":null,"actor":"x"}"#,
  ])
  func `a member of a location counts as unknown even if records have one of that name`(
    location: String
  ) throws {
    // Read first in a record, then by a parser that has learned what comes after what.
    let record = #"{"actor_location":\#(location),"uuid":"u","event_at":"2024-02-12T10:30:45Z"}"#
    let page = try parsePage("[\(record),\(record)]")
    for row in 0..<2 {
      let cells = page.cells(row)
      #expect(cells["uuid"] == "u")
      #expect(cells["actor"] == nil)
      #expect(cells["additional_fields"]?.contains(#""x""#) == true)
    }
  }

  @Test func `the documented sample becomes the documented row`() throws {
    let page = try parsePage("[\(Self.documentedRecord)]")
    #expect(page.cells() == Self.documentedRow)
    #expect(page.counts == FlatteningCounts())
    #expect(page.quarantined.isEmpty)
  }

  @Test func `a page without records is valid`() throws {
    for json in ["[]", " [ ] \n"] {
      let page = try parsePage(json)
      #expect(page.recordCount == 0)
      #expect(page.rows.bytes.isEmpty && page.rows.cells.isEmpty)
    }
  }

  @Test func `a missing member and null are NULL, an empty string is not`() throws {
    #expect(try cells("") == [:])
    #expect(
      try cells(#""actor":null,"target":null,"context":"","actor_location":{"city":"","country":null}"#) == [
        "context": "", "actor_location_city": "",
      ])
    for location in ["null", "{}", #"{"latitude":null,"longitude":null,"city":null}"#] {
      let page = try parseRecord("\"actor_location\":\(location)")
      #expect(page.cells().count == 2)
      #expect(page.counts == FlatteningCounts())
    }
  }

  @Test(arguments: [
    "0", "-0", "12", "1.50", "-1.5E+3", "1e999", "123456789012345678901234567890", "true", "false",
  ])
  func `a number or a boolean in a text column is its JSON text`(json: String) throws {
    let page = try parsePage(
      #"[{"uuid":\#(json),"event_at":"2024-02-12T10:30:45Z","actor_location":{"city": \#(json) }}]"#)
    #expect(page.cells()["uuid"] == json)
    #expect(page.cells()["actor_location_city"] == json)
    #expect(page.counts == FlatteningCounts())
  }

  @Test func `an array or object in a text column is NULL and kept in additional_fields`() throws {
    let page = try parseRecord(
      #""actor":{"b":[1, 2],"a":"x"},"target":[],"actor_location":{"city":{"z":0},"country":"C"}"#)
    #expect(page.cells()["actor"] == nil)
    #expect(page.cells()["actor_location_country"] == "C")
    #expect(
      page.cells()["additional_fields"]
        == #"{"actor":{"a":"x","b":[1,2]},"actor_location":{"city":{"z":0}},"target":[]}"#)
    #expect(page.counts.unexpectedTypes == 3)
    #expect(page.counts.unknownFields.isEmpty)
  }

  @Test func `unknown members are kept in additional_fields, sorted at every level, values as received`()
    throws
  {
    let page = try parseRecord(
      #""zeta": 1.50E+02, "alpha": {"b": null, "a": [true, {"d": 1, "c": "\u00e9\/\u0001\n"}]}, "actor_location": {"zip": "x", "area": null}, "😀": 0, "\ufffd": 1, "additional_fields": "own""#
    )
    #expect(
      page.cells()["additional_fields"]
        == #"{"actor_location":{"area":null,"zip":"x"},"additional_fields":"own","alpha":{"a":[true,{"c":"é/\u0001\n","d":1}],"b":null},"zeta":1.50E+02,"#
        + "\"\u{FFFD}\":1,\"😀\":0}")
    #expect(
      page.counts.unknownFields == [
        "zeta": 1, "alpha": 1, "actor_location.zip": 1, "actor_location.area": 1, "😀": 1, "\u{FFFD}": 1,
        "additional_fields": 1,
      ])
    #expect(page.counts.unexpectedTypes == 0)
  }

  @Test(arguments: ["[]", "[1]", "\"Belfast\"", "3", "true"])
  func `an actor_location that is not an object is kept in additional_fields`(json: String) throws {
    let page = try parseRecord("\"actor_location\":\(json)")
    #expect(page.cells()["additional_fields"] == "{\"actor_location\":\(json)}")
    #expect(page.counts.unexpectedTypes == 1)
  }

  @Test(
    arguments: [
      ("\"37.7749\"", 37.7749), ("37.7749", 37.7749), ("\"54.539600\"", 54.5396), ("\"-5.975000\"", -5.975),
      ("0", 0),
      ("\"-0\"", -0.0), ("-0.0", -0.0), ("1e2", 100), ("\"1.5E-3\"", 0.0015),
      ("5e-324", .leastNonzeroMagnitude), ("1e-400", 0),
      ("\"\\u0033.5\"", 3.5), ("123456789012345", 123_456_789_012_345),
      ("0.1234567890123456789", 0.1234567890123456789),
      ("9007199254740993", 9_007_199_254_740_992), ("1.7976931348623157e308", .greatestFiniteMagnitude),
    ] as [(String, Double)])
  func `a coordinate is read from a number or a numeric string`(
    json: String, value: Double
  ) throws {
    let page = try parseRecord("\"actor_location\":{\"latitude\":\(json),\"longitude\": \(json) }")
    #expect(page.rows.latitude[0].bitPattern == value.bitPattern)
    #expect(page.rows.longitude[0].bitPattern == value.bitPattern)
    #expect(page.counts == FlatteningCounts())
  }

  @Test(arguments: [
    "\"\"", "\" 1\"", "\"1 \"", "\"+1\"", "\"01\"", "\"1.\"", "\".5\"", "\"1e\"", "\"NaN\"", "\"nan\"",
    "\"inf\"", "\"Infinity\"",
    "\"0x10\"", "\"1,5\"", "\"1_000\"", "1e400", "\"-1e400\"", "true", "false", "[1]", "{\"a\":1}",
    "\"1\u{661}\"",
  ])
  func `a coordinate that is not a finite number is NULL and kept as received`(json: String) throws {
    let page = try parseRecord("\"actor_location\":{\"latitude\":\(json)}")
    #expect(page.rows.latitude[0].isNaN)
    #expect(page.cells()["additional_fields"] == "{\"actor_location\":{\"latitude\":\(json)}}")
    #expect(page.counts.unexpectedTypes == 1)
    #expect(page.counts.unknownFields.isEmpty)
  }

  @Test func `seeded random decimal coordinates become the nearest double`() throws {
    try withEvery("seed", in: 0..<4_000) { seed in
      var random = SeededRandom(seed: seed)
      var text = random.once(in: 2) ? "-" : ""
      text += String(Int.random(in: 0..<(random.pick([10, 1_000, 1_000_000_000, .max])), using: &random))
      if random.once(in: 2) {
        text += "."
        for _ in 0..<Int.random(in: 1...20, using: &random) {
          text += String(Int.random(in: 0...9, using: &random))
        }
      }
      if random.once(in: 4) { text += "e\(Int.random(in: -330...280, using: &random))" }
      let value = try parseRecord("\"actor_location\":{\"latitude\":\"\(text)\"}").rows.latitude[0]
      try #require(value.bitPattern == Double(text)?.bitPattern)
    }
  }

  @Test func `NUL becomes U+FFFD in a text column and stays escaped in additional_fields`() throws {
    let page = try parseRecord(#""actor":"a\u0000b\u0000","new":"c\u0000""#)
    #expect(page.cells()["actor"] == "a\u{FFFD}b\u{FFFD}")
    #expect(page.cells()["additional_fields"] == #"{"new":"c\u0000"}"#)
    #expect(page.counts.nulReplaced == 2)
  }

  @Test(arguments: [
    (#"\ud800"#, "\u{FFFD}", 1), (#"\udc00"#, "\u{FFFD}", 1), (#"a\ud83dz"#, "a\u{FFFD}z", 1),
    (#"\ude00\ud83d"#, "\u{FFFD}\u{FFFD}", 2), (#"\ud83d\ud83d\ude00"#, "\u{FFFD}😀", 1),
    (#"\uD83D\uDE00"#, "😀", 0),
    (#"\ud83d\n"#, "\u{FFFD}\n", 1), (#"\ud83d\u0041"#, "\u{FFFD}A", 1), (#"\udbff\udfff"#, "\u{10FFFF}", 0),
  ])
  func `a lone surrogate becomes U+FFFD, a pair its character`(json: String, text: String, count: Int) throws
  {
    let page = try parseRecord("\"actor\":\"\(json)\"")
    #expect(page.cells()["actor"] == text)
    #expect(page.counts.loneSurrogates == count)
    let additional = try parseRecord("\"new\":\"\(json)\"")
    #expect(additional.cells()["additional_fields"] == "{\"new\":\"\(text.replacing("\n", with: #"\n"#))\"}")
    #expect(additional.counts.loneSurrogates == count)
  }

  @Test func `every value is kept unchanged, including line breaks`() throws {
    let text = #""\u0001\"\\\/\b\f\n\r\t,\\N 'a' ""#
    #expect(try cells("\"actor\":\(text)") == ["actor": "\u{1}\"\\/\u{8}\u{C}\n\r\t,\\N 'a' "])
  }

  @Test func `a string of a megabyte is read`() throws {
    let text = String(repeating: "long é ", count: 131_072)
    #expect(
      try cells("\"actor\":\"\(text)\",\"new\":\"\(text)\"") == [
        "actor": text, "additional_fields": "{\"new\":\"\(text)\"}",
      ])
  }

  @Test func `truncated digits of event_at are counted`() throws {
    let page = try parsePage(
      #"[{"uuid":"a","event_at":"2024-02-12T10:30:45.1234567+01:00"},{"uuid":"b","event_at":"2024-02-12T10:30:45.123456Z"}]"#
    )
    #expect(page.rows.time(0).description == "2024-02-12T09:30:45.123456Z")
    #expect(page.counts.truncatedTimes == 1)
  }

  @Test func `second 60 becomes the start of the next minute and is counted`() throws {
    let page = try parsePage(
      #"""
      [{"uuid":"a","event_at":"2016-12-31T23:59:60.25Z"},{"uuid":"b","event_at":"2016-12-31T23:59:6\u0030Z"},
      {"uuid":"c","event_at":"2016-12-31T23:59:59Z"}]
      """#)
    #expect(
      (0..<3).map { page.rows.time($0).description } == [
        "2017-01-01T00:00:00.000000Z", "2017-01-01T00:00:00.000000Z", "2016-12-31T23:59:59.000000Z",
      ])
    #expect(page.counts.leapSeconds == 2 && page.counts.truncatedTimes == 0)
    var sum = page.counts
    sum.add(page.counts)
    #expect(sum.leapSeconds == 4)
  }

  @Test func `unknown names are counted, up to a limit of names`() throws {
    let records = (0..<300).map {
      #"{"uuid":"\#($0)","event_at":"2024-02-12T10:30:45Z","new_\#($0)":1,"all":2}"#
    }
    let long = #"{"uuid":"l","event_at":"2024-02-12T10:30:45Z","\#(String(repeating: "n", count: 257))":1}"#
    let page = try parsePage("[\((records + [long]).joined(separator: ","))]")
    #expect(page.counts.unknownFields["all"] == 300)
    #expect(page.counts.unknownFields["…"] == 300 + 1 - (FlatteningCounts.unknownNames - 1))
    var sum = page.counts
    sum.add(page.counts)
    #expect(sum.unknownFields == page.counts.unknownFields.mapValues { $0 * 2 })
  }
}
