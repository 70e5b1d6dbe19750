import AuditRecord
import TestSupport
import Testing

@Suite struct StrictnessTests {
  @Test(arguments: [
    (#"{"detail":"Not found."}"#, PageError.Reason.notAnArray, 0), (" null", .notAnArray, 1),
    ("\"a\"", .notAnArray, 0),
    ("12", .notAnArray, 0), ("true", .notAnArray, 0), ("\u{FEFF}[]", .byteOrderMark, 0),
    ("", .unexpectedEnd, 0),
    ("  ", .unexpectedEnd, 2), ("<html>", .unexpectedByte, 0), ("[", .unexpectedEnd, 1),
    ("[1", .unexpectedEnd, 2),
    ("[1,", .unexpectedEnd, 3), ("[1,]", .unexpectedByte, 3), ("[,1]", .unexpectedByte, 1),
    ("[1 2]", .unexpectedByte, 3), ("[]]", .trailingBytes, 2), ("[] x", .trailingBytes, 3),
    ("[][]", .trailingBytes, 2),
    ("[]\u{0}", .trailingBytes, 2), ("[}", .unexpectedByte, 1), ("[{]", .unexpectedByte, 2),
    ("[{}", .unexpectedEnd, 3),
    (#"[{"a"}]"#, .unexpectedByte, 5), (#"[{"a":}]"#, .unexpectedByte, 6),
    (#"[{"a":1,}]"#, .unexpectedByte, 8),
    (#"[{a:1}]"#, .unexpectedByte, 2), (#"[{1:1}]"#, .unexpectedByte, 2),
    (#"[{"a":1 "b":2}]"#, .unexpectedByte, 8),
    (#"[{"actor" "x"}]"#, .unexpectedByte, 10), (#"[{'actor':"x"}]"#, .unexpectedByte, 2),
    ("[nul]", .unexpectedByte, 4), ("[nulL]", .unexpectedByte, 4), ("[True]", .unexpectedByte, 1),
    ("[NaN]", .unexpectedByte, 1), ("[Infinity]", .unexpectedByte, 1), ("[-Infinity]", .invalidNumber, 1),
    ("[+1]", .unexpectedByte, 1), ("[01]", .invalidNumber, 1), ("[-01]", .invalidNumber, 1),
    ("[1.]", .invalidNumber, 1),
    ("[.5]", .unexpectedByte, 1), ("[-]", .invalidNumber, 1), ("[1e]", .invalidNumber, 1),
    ("[1e+]", .invalidNumber, 1),
    ("[1.e5]", .invalidNumber, 1), ("[0x1]", .unexpectedByte, 2), ("[1.2.3]", .unexpectedByte, 4),
    ("[/* */]", .unexpectedByte, 1), ("[\"a", .unexpectedEnd, 3), ("[\"a\n\"]", .controlCharacter, 3),
    ("[\"a\u{0}\"]", .controlCharacter, 3), ("[\"aaaaaaaaaaaaaaaaaaaa\u{1F}\"]", .controlCharacter, 22),
    (#"["\x"]"#, .invalidEscape, 2), (#"["\u12"]"#, .invalidEscape, 2), (#"["\u12G4"]"#, .invalidEscape, 2),
    (#"["\ud800\u12"]"#, .invalidEscape, 8), (#"["\"#, .unexpectedEnd, 3), (#"["\u123"#, .invalidEscape, 2),
    (#"[{"actor":"\x"}]"#, .invalidEscape, 11), ("[{\"actor\":\"a\tb\"}]", .controlCharacter, 12),
    (#"[{"actor":01}]"#, .invalidNumber, 10), (#"[{"actor":tru}]"#, .unexpectedByte, 13),
    ("[{\"actor\":\"", .unexpectedEnd, 11),
    (#"[{"event_at":"a}]"#, .unexpectedEnd, 17),
    (#"[{"actor_location":{"latitude":1.}}]"#, .invalidNumber, 31),
    ("[\u{A0}]", .unexpectedByte, 1), ("[\u{B}]", .unexpectedByte, 1),
  ])
  func `text that is not a page is refused with reason and position`(
    json: String, reason: PageError.Reason, offset: Int
  ) {
    #expect(pageError(json) == PageError(reason, at: offset))
  }

  @Test(
    arguments: [
      [0xFF, 0xFE, 0x5B, 0, 0x5D, 0], [0xFE, 0xFF, 0, 0x5B, 0, 0x5D], [0, 0, 0xFE, 0xFF, 0, 0, 0, 0x5B],
      [0xFF, 0xFE, 0, 0, 0x5B, 0, 0, 0],
    ] as [[UInt8]])
  func `a byte order mark of UTF-16 or UTF-32 is named as such`(body: [UInt8]) {
    #expect(pageError(body) == PageError(.otherEncoding, at: 0))
  }

  @Test func `white space is allowed between all tokens`() throws {
    let page = try parsePage(
      " \t\r\n[ \n{ \"uuid\" \t: \"u\" ,\r\n \"event_at\" : \"2024-02-12T10:30:45Z\" , \"actor_location\" : { \"city\" : \"B\" , \"x\" : [ 1 , { } ] } } ] \n"
    )
    #expect(
      page.cells() == [
        "uuid": "u", "event_at": "2024-02-12T10:30:45.000000Z", "actor_location_city": "B",
        "additional_fields": #"{"actor_location":{"x":[1,{}]}}"#,
      ])
  }

  @Test func `a page truncated anywhere is refused`() throws {
    let body = Array(
      #"[{"uuid":"é\n\ud83d\ude00","event_at":"2024-02-12T10:30:45Z","actor_location":{"latitude":"1.5","x":[true,null]}, "n":-1.5e3}]"#
        .utf8)
    #expect(pageError(body) == nil)
    try withEvery("length", in: 0..<body.count) { length in
      let error = try #require(pageError(Array(body.prefix(length))))
      try #require(error.offset <= length)
    }
  }

  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC2], [0xE0, 0x80, 0x80],
      [0xE0, 0x9F, 0xBF],
      [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
      [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    ] as [[UInt8]])
  func `bytes that are not UTF-8 are refused in every position`(bytes: [UInt8]) throws {
    try withEvery("distance", in: 0..<20) { distance in
      for (before, after) in [
        ("[\"", "\"]"), (#"[{"event_at":""#, "\"}]"), (#"[{"actor":""#, "\"}]"), ("[{\"", "\":1}]"),
      ] {
        let start = Array((before + String(repeating: "x", count: distance)).utf8)
        let error = try #require(pageError(start + bytes + Array(after.utf8)))
        try #require(error.reason == .invalidUTF8)
        try #require((start.count..<start.count + bytes.count).contains(error.offset))
      }
    }
  }

  @Test(arguments: [
    "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{FFF}", "\u{D7FF}", "\u{E000}", "\u{FFFD}", "\u{FFFF}",
    "\u{10000}",
    "\u{FFFFF}", "\u{10FFFF}", "e\u{301}", "\u{2028}", "שלום", "😀",
  ])
  func `boundary characters of UTF-8 are read, raw and escaped`(text: String) throws {
    let escaped = text.utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
    try withEvery("distance", in: 0..<20) { distance in
      let padding = String(repeating: "x", count: distance)
      try #require(try cells("\"actor\":\"\(padding)\(text)\"") == ["actor": padding + text])
      try #require(try cells("\"actor\":\"\(padding)\(escaped)\"") == ["actor": padding + text])
    }
  }

  @Test func `nesting is limited`() throws {
    let nested = { (depth: Int) in
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(try reasons(nested(64)) == [.notAnObject])
    #expect(try reasons(nested(65)) == [.tooDeep])
    #expect(try reasons(nested(1_000_000)) == [.tooDeep])
    #expect(pageError(String(repeating: "[", count: 1_000_000)) == PageError(.unexpectedEnd, at: 1_000_000))
    #expect(try reasons(#"[{"a":"# + nested(62) + "}]") == [.noEventAt])
    #expect(try reasons(#"[{"a":"# + nested(63) + "}]") == [.tooDeep])
    #expect(try reasons(#"[{"actor_location":{"a":"# + nested(61) + "}}]") == [.noEventAt])
    #expect(try reasons(#"[{"actor_location":{"a":"# + nested(62) + "}}]") == [.tooDeep])
  }

  @Test func `the length of a string is limited in every position`() throws {
    let limits = JSONLimits(stringLength: 30)
    let long = String(repeating: "x", count: 31)
    for json in [
      "\"\(long)\"", #"{"actor":"\#(long)"}"#, #"{"event_at":"\#(long)"}"#, #"{"a":"\#(long)"}"#,
      #"{"\#(long)":1}"#,
    ] {
      #expect(try reasons("[\(json)]", limits) == [.tooLong])
      #expect(try reasons("[\(json.replacing(long, with: long.dropLast()))]", limits) != [.tooLong])
    }
    let escaped = #"[{"actor":"\#(String(repeating: "x", count: 29))\n"}]"#
    #expect(try reasons(escaped, limits) == [.tooLong])
  }

  /// Why the records of a page are quarantined.
  private func reasons(_ json: String, _ limits: JSONLimits = JSONLimits()) throws -> [QuarantinedRecord
    .Reason]
  {
    try parsePage(json, limits: limits).quarantined.map(\.reason)
  }

  @Test func `the number of records is limited`() {
    #expect(pageError("[1,2,3]", limits: JSONLimits(records: 3)) == nil)
    #expect(pageError("[1,2,3,4]", limits: JSONLimits(records: 3)) == PageError(.tooManyRecords, at: 7))
  }

  @Test func `an error is one sentence without any text of the body`() throws {
    let error = try #require(pageError(#"[{"secret":x}]"#))
    #expect(error.description == "The body is not a page of records: it has an unexpected byte, at byte 11.")
  }
}
