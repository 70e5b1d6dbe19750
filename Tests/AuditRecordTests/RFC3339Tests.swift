import AuditRecord
import TestSupport
import Testing

@Suite struct RFC3339Tests {
  @Test(arguments: [
    ("2024-02-12T10:30:45.123456Z", "2024-02-12T10:30:45.123456Z"),
    ("2024-02-12T10:30:45Z", "2024-02-12T10:30:45.000000Z"),
    ("2024-02-12t10:30:45z", "2024-02-12T10:30:45.000000Z"),
    ("2024-02-12 10:30:45Z", "2024-02-12T10:30:45.000000Z"),
    ("2024-02-12T10:30:45.1Z", "2024-02-12T10:30:45.100000Z"),
    ("2024-02-12T10:30:45.000001Z", "2024-02-12T10:30:45.000001Z"),
    ("2024-02-12T10:30:45+00:00", "2024-02-12T10:30:45.000000Z"),
    ("2024-02-12T10:30:45-00:00", "2024-02-12T10:30:45.000000Z"),
    ("2024-02-12T10:30:45+05:30", "2024-02-12T05:00:45.000000Z"),
    ("2024-02-12T10:30:45.5-08:00", "2024-02-12T18:30:45.500000Z"),
    ("2024-02-12T23:59:59+23:59", "2024-02-12T00:00:59.000000Z"),
    ("2023-12-31T23:30:00-00:30", "2024-01-01T00:00:00.000000Z"),
    ("2024-01-01T00:00:00.000001+00:01", "2023-12-31T23:59:00.000001Z"),
    ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00.000000Z"),
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
    ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
    ("2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000000Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ("0001-01-01T00:00:00-23:59", "0001-01-01T23:59:00.000000Z"),
    ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ("9999-12-31T23:59:59.999999+00:01", "9999-12-31T23:58:59.999999Z"),
    ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"),
    ("2016-12-31T23:59:60.000000Z", "2017-01-01T00:00:00.000000Z"),
    ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.000000Z"),
    ("2016-12-31T23:59:60.999999999Z", "2017-01-01T00:00:00.000000Z"),
    ("2017-01-01T05:29:60.25+05:30", "2017-01-01T00:00:00.000000Z"),
    ("2024-02-28T23:59:60Z", "2024-02-29T00:00:00.000000Z"),
    ("2024-02-12T10:30:60Z", "2024-02-12T10:31:00.000000Z"),
    ("1969-12-31T23:59:60Z", "1970-01-01T00:00:00.000000Z"),
    ("9999-12-31T23:58:60.5Z", "9999-12-31T23:59:00.000000Z"),
  ])
  func `every form of RFC 3339 is read`(text: String, printed: String) {
    #expect(Timestamp(rfc3339: text)?.description == printed)
  }

  @Test(arguments: [
    "", "2024", "2024-02-12", "2024-02-12T10:30:45", "2024-02-12T10:30Z", "2024-02-12T10:30:45.Z",
    "2024-02-12T10:30:45.1234567890Z", "2024-02-12T10:30:45,5Z", "2024-02-12T10:30:61Z",
    "9999-12-31T23:59:60Z", "2024-02-12T10:30:6Z", "2024-02-12T10:30:60", "2024-02-12T10:60:60Z",
    "2024-02-12T24:00:00Z", "2024-02-12T10:60:00Z", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z", "2024-00-12T00:00:00Z", "2024-13-12T00:00:00Z",
    "2024-02-00T00:00:00Z", "0000-12-31T23:59:59Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
    "2024-02-12T10:30:45+0000", "2024-02-12T10:30:45+00", "2024-02-12T10:30:45+24:00",
    "2024-02-12T10:30:45+00:60",
    "2024-02-12T10:30:45ZZ", "2024-02-12T10:30:45Z ", " 2024-02-12T10:30:45Z", "2024-02-12_10:30:45Z",
    "2024/02/12T10:30:45Z", "2024-02-12T10.30.45Z", "+024-02-12T10:30:45Z", "12024-02-12T10:30:45Z",
    "2024-02-12T1a:30:45Z", "2024-02-12T10:30:45.12a456Z", "2024-02-12T10:30:45é",
    "2024-02-12T10:30:45.5+01:0",
    "2024-02-12T10:30:45\u{0}Z", "２024-02-12T10:30:45Z",
  ])
  func `anything else is not a time`(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  /// The form with `Z` and six digits is read by itself, and must be read as every other form is.
  @Test func `the fast path for the usual form agrees with the general parser`() throws {
    let alphabet = Array("0123456789-:.TtZz /:;@\u{0}".utf8) + [0x80, 0xB0, 0xFF]
    var read = 0
    try withEvery("seed", in: 0..<20_000) { seed in
      var random = SeededRandom(seed: seed)
      let time = Int64.random(
        in: Timestamp.earliest.microseconds...Timestamp.latest.microseconds, using: &random)
      var text = Array(Timestamp(microseconds: time).description.utf8.dropLast())
      for _ in 0..<random.pick([0, 1, 1, 2]) {
        text[Int.random(in: text.indices, using: &random)] = random.pick(alphabet)
      }
      let usual = Timestamp.read(rfc3339: text + Array("Z".utf8))
      try #require(usual == Timestamp.read(rfc3339: text + Array("+00:00".utf8)))
      if usual != nil { read += 1 }
    }
    #expect((6_000..<19_000).contains(read))
  }

  @Test func `digits beyond the microsecond are truncated and reported`() throws {
    try withEvery("digits", in: 1...9) { count in
      let digits = "987654321".prefix(count)
      let reading = try #require(Timestamp.read(rfc3339: Array("2024-02-12T10:30:45.\(digits)Z".utf8)))
      let kept = digits.prefix(6) + String(repeating: "0", count: max(0, 6 - count))
      try #require(reading.time.description == "2024-02-12T10:30:45.\(kept)Z")
      try #require(reading.truncated == (count > 6))
    }
  }

  @Test func `second 60 is reported, and sorts between its minute and the next`()
    throws
  {
    let texts = [
      "2016-12-31T23:59:59.999999Z", "2016-12-31T23:59:60Z", "2016-12-31T23:59:60.000001Z",
      "2016-12-31T23:59:60.9Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:00.000001Z",
    ]
    let readings = try texts.map { try #require(Timestamp.read(rfc3339: Array($0.utf8))) }
    #expect(readings.map(\.isLeapSecond) == [false, true, true, true, false, false])
    #expect(readings.map(\.time) == readings.map(\.time).sorted())
  }

  @Test(
    arguments: [
      ("2024-02-12T10:30:45+0000", .offsetForm), ("2024-02-12T10:30:45.123456+0530", .offsetForm),
      ("2024-02-12T10:30:45-0800", .offsetForm), ("2024-02-12T10:30:45+00", .offsetForm),
      ("2024-02-12 10:30:45.123456789-1100", .offsetForm), ("2024-02-12T10:30:45", .noZone),
      ("2024-02-12 10:30:45.5", .noZone), ("2024-02-12T10:30:45.123456789", .noZone),
      ("2024-02-12T10:30:45+2400", nil), ("2024-02-30T10:30:45+0000", nil), ("2024-02-30T10:30:45", nil),
      ("2024-02-12T10:30:45+0", nil), ("2024-02-12T10:30:450000", nil), ("2024-02-12", nil), ("", nil),
      ("Z", nil),
      ("yesterday", nil), (String(repeating: "2", count: 10_000), nil),
    ] as [(String, Timestamp.Flaw?)])
  func `the error names the only reason why a text is not a time`(text: String, flaw: Timestamp.Flaw?) {
    #expect(Timestamp(rfc3339: text) == nil)
    #expect(Timestamp.flaw(rfc3339: text.utf8.span) == flaw)
  }

  @Test func `a truncated fraction moves a time before 1970 backwards`() {
    #expect(Timestamp(rfc3339: "1969-12-31T23:59:59.9999999Z")?.microseconds == -1)
  }

  @Test func `seeded random times are read back as printed`() throws {
    try withEvery("seed", in: 0..<5_000) { seed in
      var random = SeededRandom(seed: seed)
      let range = Timestamp.earliest.microseconds...Timestamp.latest.microseconds
      let time = Timestamp(microseconds: Int64.random(in: range, using: &random))
      try #require(Timestamp(rfc3339: time.description) == time)
    }
  }

  @Test func `a time written with any offset is one instant`() throws {
    let local = Timestamp(microseconds: 1_707_733_845_123_456)
    try withEvery("minutes", in: -1_439...1_439) { minutes in
      let size = abs(minutes)
      let pair = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
      let offset = "\(minutes < 0 ? "-" : "+")\(pair(size / 60)):\(pair(size % 60))"
      let text = local.description.dropLast() + offset
      try #require(Timestamp(rfc3339: String(text)) == local - .minutes(Double(minutes)))
    }
  }

  @Test func `every day of the calendar is read, and no other date`() throws {
    let years = [
      1, 4, 99, 100, 400, 1_600, 1_899, 1_900, 1_969, 1_970, 1_999, 2_000, 2_023, 2_024, 2_100, 9_999,
    ]
    try withEvery("year", in: years) { year in
      var days = 0
      for month in 1...12 {
        for day in 1...31 {
          let date = CivilDate(year: Int64(year), month: Int64(month), day: Int64(day))
          var text: [UInt8] = []
          date.append(to: &text)
          let time = Timestamp(rfc3339: String(decoding: text, as: UTF8.self) + "T12:00:00Z")
          try #require((time != nil) == date.isValid)
          if let time {
            days += 1
            try #require(Day(containing: time).description == String(decoding: text, as: UTF8.self))
          }
        }
      }
      try #require(days == (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365))
    }
  }

  @Test func `no truncated or changed time crashes the parser`() throws {
    let text = Array("2024-02-12T10:30:45.123456+05:30".utf8)
    for length in 0...text.count { _ = Timestamp.read(rfc3339: Array(text.prefix(length))) }
    try withEvery("position", in: text.indices) { position in
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[position] = byte
        guard let reading = Timestamp.read(rfc3339: changed) else { continue }
        try #require(reading.time >= .earliest && reading.time <= .latest)
      }
    }
  }
}
