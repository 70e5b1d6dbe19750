import AuditRecord
import TestSupport
import Testing

/// Pages and times that are almost right.
@Suite struct MutantTests {
  /// Two parsers read every page: one that is new, and one that has read all the pages before it, good and bad.
  @Test func `a mutated page gives no more records than it has, and all are JSON`() async throws {
    var experienced = EventParser()
    try await FuzzedReader.page.readMutants(of: pages(), tokens: MutantTests.members) { body, random in
      let page: ParsedPage
      do throws(PageError) {
        var parser = EventParser()
        page = try parser.parse(body)
      } catch {
        try #require((0...body.count).contains(error.offset))
        try #require(outcome(&experienced, body) == nil)
        return false
      }
      let first = Outcome(page)
      try #require(outcome(&experienced, body) == first)
      try #require(page.rows.bytes.count <= body.count + 128 * page.recordCount)
      try #require(page.rows.ends.last.map(Int.init) ?? 0 == page.rows.bytes.count)
      try #require(String(validating: page.rows.bytes, as: UTF8.self) != nil)

      // The canonical text says the same, and is its own canonical text. (An unknown member that came twice is there once.)
      let canonical = try CanonicalJSON.text(of: body)
      try #require(try CanonicalJSON.text(of: canonical) == canonical)
      var parser = EventParser()
      let again = Outcome(try parser.parse(canonical))
      try #require(again.cells == first.cells && again.quarantined == first.quarantined)
      if random.once(in: 16), !mayDiffer(body) { _ = try JSONValue.decoded(body) }
      return true
    }
  }

  @Test func `a mutated time is read as Foundation's calendar reads it, or refused`() async throws {
    let times = [
      "2024-02-12T10:30:45.123456Z", "2024-02-12T10:30:45Z", "1969-12-31T23:59:59.999999999-23:59",
      "2024-02-29t00:00:00.5z", "2016-12-31T23:59:60.25-01:00", "9999-12-31 23:59:59.1+05:30",
      "0001-01-01T00:00:00-00:00", "2024-02-12",
      "90s", "10m",
      "24h", "106751991d",
    ].map { Array($0.utf8) }
    try await FuzzedReader.time.readMutants(of: times) { text, _ in
      let string = String(decoding: text, as: UTF8.self)
      if let span = TimeSpan(string) { try #require(TimeSpan(span.description) == span) }
      if let day = Day(string) {
        try #require(day.description == string && Day(containing: day.start) == day)
      }
      guard let reading = Timestamp.read(rfc3339: text) else { return false }
      try #require(reading.time == MutantTests.plainly(text))
      let printed = Array(reading.time.description.utf8)
      try #require(printed.count == Timestamp.printedLength)
      let again = Timestamp.read(rfc3339: printed)
      try #require(again?.time == reading.time && again?.truncated == false && again?.isLeapSecond == false)
      return true
    }
  }

  // MARK: - Pages

  private func pages() throws -> [[UInt8]] {
    var random = SeededRandom(seed: 1)
    let made = (0..<20).map { number in
      Array("[\(RandomRecord(number: number, &random).text(&random))]".utf8)
    }
    return try samples("pages", ending: ".json") + made + [Array("[]".utf8), Array("[1,\"a\",null]".utf8)]
  }

  private static let members = [
    #""uuid":"#, #""event_at":"2024-02-12T10:30:45Z""#, #""actor_location":{"#, #""actor_location":null"#,
    #"{},"#,
    #""latitude":"1e400","#, #""additional_fields":{}"#, #","uuid":"","#, #""a":[1,{"b":"\ud800"}]"#, #"},{"#,
  ].map { Array($0.utf8) }

  /// The difference between two results of parsing a page; nil if there is none.
  private struct Outcome: Equatable {
    var cells: [Cells]
    var quarantined: [QuarantinedRecord]
    var unknownFields: [String: Int]

    init(_ page: ParsedPage) {
      cells = (0..<page.rows.count).map { page.cells($0) }
      quarantined = page.quarantined
      unknownFields = page.counts.unknownFields
    }
  }

  private func outcome(_ parser: inout EventParser, _ body: [UInt8]) -> Outcome? {
    do throws(PageError) {
      return Outcome(try parser.parse(body))
    } catch {
      return nil
    }
  }

  /// As `DifferentialTests` explains: Foundation refuses lone surrogates and what no double holds, and takes some bodies
  /// for UTF-16.
  private func mayDiffer(_ body: [UInt8]) -> Bool {
    let text = String(decoding: body, as: UTF8.self).lowercased()
    return text.contains("\\ud") || text.contains(/[0-9]e/) || text.contains(/[0-9]{300}/)
  }

  // MARK: - Times

  /// The instant of a text that is known to be a time, by counting days one year and one month after the other.
  private static func plainly(_ text: [UInt8]) -> Timestamp? {
    func number(_ range: Range<Int>) -> Int64 {
      text[range].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
    let year = number(0..<4)
    let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
    let months: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    let before = year - 1
    let days =
      before * 365 + before / 4 - before / 100 + before / 400 - 719_162
      + months.prefix(Int(number(5..<7)) - 1).reduce(0, +) + number(8..<10) - 1
    var seconds = days * 86_400 + number(11..<13) * 3_600 + number(14..<16) * 60 + number(17..<19)
    var rest = text[19...]
    var fraction: [UInt8] = []
    if rest.first == UInt8(ascii: ".") {
      fraction = Array(rest.dropFirst().prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
      rest = rest.dropFirst(1 + fraction.count)
    }
    let micros = fraction.prefix(6) + Array(repeating: UInt8(ascii: "0"), count: max(0, 6 - fraction.count))
    if rest.count == 6 {
      let at = rest.startIndex
      let offset = number(at + 1..<at + 3) * 3_600 + number(at + 4..<at + 6) * 60
      seconds += rest[at] == UInt8(ascii: "-") ? offset : -offset
    }
    let isLeapSecond = text[17..<19].elementsEqual("60".utf8)
    let microseconds = isLeapSecond ? 0 : micros.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    return Timestamp(microseconds: seconds * 1_000_000 + microseconds)
  }
}
