import AuditRecord
import TestSupport
import Testing

@Suite struct CanonicalJSONTests {
  @Test(arguments: [
    ("null", "null"), (" true ", "true"), ("-0.0e+00", "-0.0e+00"), ("[ ]", "[]"), ("{ }", "{}"),
    (#""""#, #""""#),
    ("[ 1 , [ 2 , { } ] ]", "[1,[2,{}]]"), (#"{"b":1,"a":{"d":2,"c":3}}"#, #"{"a":{"c":3,"d":2},"b":1}"#),
    (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#),
    (#"{"b":0,"a":1,"\u0061":{"x":1,"x":2},"a":2}"#, #"{"a":2,"b":0}"#),
    (#"{"ab":1,"a":2,"":3,"B":4}"#, #"{"":3,"B":4,"a":2,"ab":1}"#),
    (#""\u0022\u005c\u002f\/\u0008\u0009\u000a\u000c\u000d""#, #""\"\\//\b\t\n\f\r""#),
    (#""\u0000\u0001\u001F\u007f""#, "\"\\u0000\\u0001\\u001f\u{7F}\""),
    (#""\u00e9\uD83D\uDE00\u2028""#, "\"é😀\u{2028}\""),
    (#"{"\n":1,"\"":2}"#, #"{"\n":1,"\"":2}"#), (#""\ud800x""#, "\"\u{FFFD}x\""),
    // By code point: U+FFFD before U+1F600, though its UTF-16 code unit is the greater one.
    (#"{"\ud83d\ude00":1,"\ufffd":2,"\u00e9":3,"z":4}"#, "{\"z\":4,\"é\":3,\"\u{FFFD}\":2,\"😀\":1}"),
  ])
  func `equal values have one canonical text`(json: String, canonical: String) throws {
    #expect(String(decoding: try CanonicalJSON.text(of: Array(json.utf8)), as: UTF8.self) == canonical)
  }

  @Test(arguments: ["", "1 2", "{\"a\":1}x", "[1,]", "\"\u{1}\"", "\u{FEFF}1"])
  func `text that is not one JSON value has no canonical text`(json: String) {
    #expect(throws: PageError.self) { try CanonicalJSON.text(of: Array(json.utf8)) }
  }

  @Test
  func
    `canonical text is its own canonical text, is no longer, and means the same, for seeded random values`()
    throws
  {
    try withEvery("seed", in: 0..<800) { seed in
      var random = SeededRandom(seed: seed)
      let value = JSONValue.random(depth: 4, &random)
      let text = Array(value.text(&random).utf8)
      let canonical = try CanonicalJSON.text(of: text)
      try #require(try CanonicalJSON.text(of: canonical) == canonical)
      try #require(canonical.count <= text.count)
      try #require(try JSONValue.decoded(canonical) == value)
      try #require(String(decoding: canonical, as: UTF8.self) == value.canonicalText)
    }
  }
}

@Suite struct JSONTreeTests {
  private func tree(_ text: String) throws -> JSONTree { try JSONTree(Array(text.utf8)) }

  @Test func `values are read as written`() throws {
    #expect(
      try tree(#" {"a":[1,-2.50e3,true,null],"b":{"c":"x\/\u00e4\ud83d\ude00\n"}} "#)
        == .object([
          "a": .array([.scalar("1"), .scalar("-2.50e3"), .scalar("true"), .scalar("null")]),
          "b": .object(["c": .string("x/ä😀\n")]),
        ]))
    #expect(try tree("[]") == .array([]) && tree("{}") == .object([:]) && tree("\"\"") == .string(""))
  }

  @Test func `a duplicate member is refused, however its name is escaped and wherever it is`() {
    for text in [
      #"{"a":1,"a":1}"#, #"{"partitions":[],"x":0,"part\u0069tions":[]}"#, #"[{"b":{"c":1,"d":2,"c":3}}]"#,
    ] {
      #expect(throws: JSONTreeError.self) { try tree(text) }
    }
    #expect(throws: JSONTreeError.twice(member: "c")) { try tree(#"[{"b":{"c":1,"d":2,"c":3}}]"#) }
    #expect(throws: Never.self) { try tree(#"[{"c":1},{"c":1}]"#) }
  }

  @Test func `text that is not JSON in UTF-8 is refused with reason and position`() {
    let cases: [([UInt8], JSONTreeError)] = [
      ([0xEF, 0xBB, 0xBF] + Array("{}".utf8), .text(.byteOrderMark, at: 0)),
      (Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8), .text(.invalidUTF8, at: 6)),
      (Array("{} {}".utf8), .text(.trailingBytes, at: 3)),
      (Array("{\"a\":1".utf8), .text(.unexpectedEnd, at: 6)),
      ([], .text(.unexpectedEnd, at: 0)),
      ([UInt8](repeating: 0, count: 64), .text(.unexpectedByte, at: 0)),
      (Array("[01]".utf8), .text(.invalidNumber, at: 1)),
      ([UInt8](repeating: UInt8(ascii: "["), count: 100_000), .text(.tooDeep, at: 16)),
    ]
    for (bytes, error) in cases {
      #expect(throws: error) { try JSONTree(bytes) }
    }
  }

  @Test func `an empty value is distinguished from one with content`() throws {
    for text in ["null", "0", "false", "[]", "{}", #"{"a":0,"b":[]}"#] {
      #expect(try tree(text).saysNothing, "\(text)")
    }
    for text in ["1", "true", "\"\"", "[0]", #"{"a":0,"b":1}"#] {
      #expect(try !tree(text).saysNothing, "\(text)")
    }
  }
}

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
  func `the last of duplicate members wins, and nothing of the first remains`(members: String, row: Cells)
    throws
  {
    #expect(try cells(members) == row)
    let page = try parseRecord(members)
    let length = TextColumn.allCases.reduce(0) { $0 + page.rows.cell($1, 0).range.count }
    #expect(page.rows.bytes.count == length)
  }

  @Test func `duplicates of uuid and event_at follow the same rule`() throws {
    let page = try parsePage(
      #"[{"uuid":"a","event_at":"x","uuid":"b","event_at":"2024-02-12T10:30:45Z"},{"uuid":"c","event_at":"2024-02-12T10:30:45Z","event_at":"x"}]"#
    )
    #expect(page.cells() == ["uuid": "b", "event_at": "2024-02-12T10:30:45.000000Z"])
    #expect(page.quarantined.map(\.reason) == [.unreadableEventAt])
    #expect(page.counts == FlatteningCounts())
  }
}
