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
  func `a value has one text`(json: String, canonical: String) throws {
    #expect(String(decoding: try CanonicalJSON.text(of: Array(json.utf8)), as: UTF8.self) == canonical)
  }

  @Test(arguments: ["", "1 2", "{\"a\":1}x", "[1,]", "\"\u{1}\"", "\u{FEFF}1"])
  func `what is not one JSON value has none`(json: String) {
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
