import AuditRecord
import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `csv-1 as it is written` {
  /// The text of one row whose `event` is the value.
  private func event(_ value: String?) -> String {
    var row = Row()
    row.text[.event] = value
    let text = String(decoding: csv([row]).dropFirst(CSVEncoder.header.count), as: UTF8.self)
    let prefix = "u,2024-02-12T10:30:45.123456Z,"
    let suffix = String(repeating: ",", count: Column.allCases.count - 3) + "\n"
    #expect(text.hasPrefix(prefix) && text.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8))
    return String(decoding: text.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count), as: UTF8.self)
  }

  @Test func `the header has the names of the columns`() {
    #expect(
      String(decoding: CSVEncoder.header, as: UTF8.self) == """
        uuid,event_at,event,context,actor,actor_kind,actor_slug_perm,actor_url,actor_ip_address,\
        actor_location_continent,actor_location_country,actor_location_country_code,\
        actor_location_city,actor_location_postal_code,actor_location_latitude,actor_location_longitude,\
        object,object_kind,object_slug_perm,target,target_kind,target_slug_perm,additional_fields

        """)
  }

  @Test func `NULL is an empty field and the empty string is two quotes`() {
    #expect(event(nil) == "")
    #expect(event("") == "\"\"")
  }

  @Test(arguments: [
    ",", "\r", "\n", "\r\n", "\\", "\\N", "\\.", " ", "\t", " a", "\ta", "a ", "a\t", "#", "#a", "a,b",
    "a\nb",
    "a\rb", "a\\b", "abcdefgh,", "abcdefg\\", "abcdefghijk\r", "seven77\n", "漢字,",
  ])
  func `a field with a special character is quoted`(value: String) {
    #expect(event(value).utf8.elementsEqual("\"\(value)\"".utf8))
  }

  @Test(arguments: [
    "a", "a b", "a\tb", "a#", "NULL", "null", "nan", "N", "'", "''", ";", "|", "=1", "+1", "-1", "@a", "007",
    "1.0",
    "\u{1}", "\u{b}", "\u{c}", "\u{7f}", "\u{85}", "\u{a0}a\u{a0}", "\u{feff}", "\u{2028}", "é", "🙂", "\0",
    "a/b:c?d=e&f",
    "abcdefghijklmnopqrstuvwxyz", "-", "true", "\u{ac}\u{a2}\u{dc}",
  ])
  func `a field without special characters is not quoted`(value: String) {
    #expect(event(value).utf8.elementsEqual(value.utf8))
  }

  @Test(arguments: [
    ("\"", "\"\"\"\""), ("\"\"", "\"\"\"\"\"\""), ("a\"b", "\"a\"\"b\""), ("\"a\"", "\"\"\"a\"\"\""),
    ("{\"key\":\"value, and\"}", "\"{\"\"key\"\":\"\"value, and\"\"}\""),
    ("abcdefgh\"", "\"abcdefgh\"\"\""), ("a\"bcdefghi\"j", "\"a\"\"bcdefghi\"\"j\""),
  ])
  func `a quote is doubled`(value: String, text: String) {
    #expect(event(value) == text)
  }

  @Test func `quoting depends on each byte alone, at every position of a short field`() {
    let special = Set(",\"\r\n\\".utf8)
    for length in 1...17 {
      for place in 0..<length {
        for byte in UInt8(0)...0x7f {
          var field = [UInt8](repeating: UInt8(ascii: "x"), count: length)
          field[place] = byte
          let isBlank = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
          let isQuoted =
            special.contains(byte) || (isBlank && (place == 0 || place == length - 1))
            || (place == 0 && byte == UInt8(ascii: "#"))
          #expect(FieldText.isQuoted(field.span.bytes) == isQuoted, "byte \(byte) at \(place) of \(length)")
          let value = String(decoding: field, as: UTF8.self)
          let quoted = "\"" + value.replacing("\"", with: "\"\"") + "\""
          #expect(event(value) == (isQuoted ? quoted : value), "byte \(byte) at \(place) of \(length)")
        }
      }
    }
  }

  @Test func `the record in the connector's reference becomes the expected row`() {
    let row = Row(
      text: [
        .uuid: "770e8400-e29b-41d4-a716-446655440002", .event: "Repository.Create", .context: "Repository",
        .actor: "john.doe", .actorKind: "user", .actorSlugPerm: "550e8400-e29b-41d4-a716-446655440000",
        .actorURL: "https://api.cloudsmith.io/users/550e8400-e29b-41d4-a716-446655440000/",
        .actorIPAddress: "203.0.113.42", .actorLocationCountry: "United States",
        .actorLocationCountryCode: "US",
        .actorLocationCity: "San Francisco", .object: "my-repo", .objectKind: "Repository",
        .objectSlugPerm: "660e8400-e29b-41d4-a716-446655440001", .target: "my-org",
        .targetKind: "Organization",
      ],
      eventAt: Timestamp(microseconds: 1_707_733_845_000_000), latitude: 37.7749, longitude: -122.4194)
    #expect(
      String(decoding: csv([row]).dropFirst(CSVEncoder.header.count), as: UTF8.self) == """
        770e8400-e29b-41d4-a716-446655440002,2024-02-12T10:30:45.000000Z,Repository.Create,Repository,john.doe,user,\
        550e8400-e29b-41d4-a716-446655440000,https://api.cloudsmith.io/users/550e8400-e29b-41d4-a716-446655440000/,\
        203.0.113.42,,United States,US,San Francisco,,37.7749,-122.4194,my-repo,Repository,\
        660e8400-e29b-41d4-a716-446655440001,my-org,Organization,,

        """)
  }

  @Test func `times have the form of Timestamp`() {
    var random = SeededRandom(seed: 4)
    let edges: [Int64] = [
      Timestamp.earliest.microseconds, Timestamp.latest.microseconds, 0, -1, 1, Day.microseconds - 1,
      Day.microseconds,
    ]
    let times = edges + (0..<2_000).map { _ in Row.random(using: &random).eventAt.microseconds }
    for microseconds in times {
      let time = Timestamp(microseconds: microseconds)
      let text = csv([Row(eventAt: time)]).dropFirst(CSVEncoder.header.count + 2).prefix(27)
      #expect(String(decoding: text, as: UTF8.self) == time.description)
    }
  }

  @Test func `a range of rows is appended to the output`() {
    let batch = RowBatch((0..<5).map { Row(text: [.uuid: "u\($0)"]) })
    var encoder = CSVEncoder()
    var output = Array("before\n".utf8)
    encoder.append(batch, rows: 1..<3, to: &output)
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map { $0.prefix { $0 != "," } }
    #expect(lines == ["before", "u1", "u2"])
  }
}
