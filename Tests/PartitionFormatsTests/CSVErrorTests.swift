import AuditRecord
import Testing

@testable import PartitionFormats

@Suite struct `what is not csv-1` {
  /// A text of one good row, and then one with these fields in place of those of the same column.
  private func text(_ fields: [Column: String]) -> [UInt8] {
    let good: [Column: String] = [.uuid: "u", .eventAt: "2024-02-12T10:30:45.123456Z"]
    let row = Column.allCases.map { fields[$0] ?? good[$0] ?? "" }.joined(separator: ",") + "\n"
    return csv([Row()]) + Array(row.utf8)
  }

  private func expect(_ reason: CSVError.Reason, _ column: Column?, _ text: [UInt8], row: Int = 2) {
    for chunk in [1, 7, .max] {
      #expect(throws: CSVError(reason, row: row, column: column)) { try decode(text, chunk: chunk) }
    }
  }

  @Test(arguments: [" ", "\t", " a", "a ", "a\t", "#", "a\\b", "\\N", "a\rb", "a\"b\"", "\r"])
  func `a field without required quotes is refused`(field: String) {
    expect(.unquoted, .context, text([.context: field]))
    expect(.unquoted, .additionalFields, text([.additionalFields: field]))
  }

  @Test(arguments: ["\"a\"", "\"NULL\"", "\"a b\"", "\"é\"", "\"'\""])
  func `a field with needless quotes is refused`(field: String) {
    expect(.needlesslyQuoted, .context, text([.context: field]))
    expect(.needlesslyQuoted, .uuid, text([.uuid: field]))
  }

  @Test func `quoted times and numbers are refused`() {
    expect(.needlesslyQuoted, .eventAt, text([.eventAt: "\"2024-02-12T10:30:45.123456Z\""]))
    expect(.needlesslyQuoted, .actorLocationLatitude, text([.actorLocationLatitude: "\"1.5\""]))
    expect(.number, .actorLocationLatitude, text([.actorLocationLatitude: "\"\""]))
  }

  @Test(arguments: ["\"\"a", "\"a,\"b", "\"a,\" ", "\"a,\"\r"])
  func `text after a closing quote is refused`(field: String) {
    expect(.textAfterQuote, .context, text([.context: field]))
  }

  @Test func `CRLF at the end of a row is refused`() {
    var bytes = text([:])
    bytes.insert(UInt8(ascii: "\r"), at: bytes.count - 1)
    expect(.unquoted, .additionalFields, bytes)
  }

  @Test func `an empty row, a short row and a long row are refused`() {
    expect(.missing, .uuid, csv([Row()]) + Array("\n".utf8))
    expect(.tooFewFields, .event, csv([Row()]) + Array("u,2024-02-12T10:30:45.123456Z\n".utf8))
    expect(.tooFewFields, .additionalFields, text([:]).dropLast(2) + Array("\n".utf8))
    expect(.tooManyFields, nil, text([.additionalFields: ","]))
  }

  @Test func `NULL in a required column is refused`() {
    expect(.missing, .uuid, text([.uuid: ""]))
    expect(.missing, .eventAt, text([.eventAt: ""]))
  }

  @Test(arguments: [
    "2024-02-12T10:30:45Z", "2024-02-12T10:30:45.123Z", "2024-02-12T10:30:45.1234567Z",
    "2024-02-12t10:30:45.123456Z",
    "2024-02-12T10:30:45.123456z", "2024-02-12 10:30:45.123456Z", "2024-02-30T10:30:45.123456Z",
    "2023-02-29T10:30:45.123456Z", "0000-01-01T10:30:45.123456Z", "2024-13-12T10:30:45.123456Z",
    "2024-02-12T24:00:00.000000Z", "2024-02-12T10:60:45.123456Z", "2024-02-12T10:30:60.123456Z",
    "2024-02-12T10:30:45,123456Z".replacing(",", with: ";"), "2024-02-12T10-30:45.123456Z",
    "2024-02-12T10:30-45.123456Z",
    "2024-02-12T1a:30:45.123456Z", "2024-02-12T10:30:45.12345/Z", "+024-02-12T10:30:45.123456Z", "x",
  ])
  func `a time in another form or that does not exist is refused`(time: String) {
    expect(.time, .eventAt, text([.eventAt: time]))
  }

  @Test func `a number in another form is refused`() {
    expect(.number, .actorLocationLongitude, text([.actorLocationLongitude: "1.50"]))
    expect(.number, .actorLocationLatitude, text([.actorLocationLatitude: "nan"]))
  }

  @Test(
    arguments: [
      [0x80], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xe2, 0x82],
      Array("abcdefgh".utf8) + [0xc3],
    ] as [[UInt8]])
  func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
    let tail = Array((String(repeating: ",", count: 20) + "\n").utf8)
    let start = csv([Row()]) + Array("u,2024-02-12T10:30:45.123456Z,".utf8)
    expect(.notUTF8, .event, start + bytes + tail)
    expect(.notUTF8, .event, start + Array("\",".utf8) + bytes + Array("\"".utf8) + tail)
  }

  @Test func `another header, a byte order mark or a missing header is refused`() {
    var bytes = text([:])
    bytes[3] ^= 1
    expect(.header, nil, bytes, row: 0)
    expect(.header, nil, [0xef, 0xbb, 0xbf] + text([:]), row: 0)
    expect(.unfinished, nil, [], row: 0)
    expect(.header, nil, CSVEncoder.header.dropLast() + Array("\r\n".utf8), row: 0)
  }

  @Test func `each error states position and cause in one line without bytes of the file`() {
    let messages = [
      CSVError(.header, row: 0).description, CSVError(.unfinished, row: 0).description,
      CSVError(.number, row: 7, column: .actorLocationLatitude).description,
      CSVError(.tooManyFields, row: 3).description,
    ]
    #expect(
      messages == [
        "the header: the column names are not those of schema audit-log-1",
        "the header: the file ends inside this row",
        "row 7, column actor_location_latitude: the value is not a number in the form of dialect csv-1, such as -122.4194",
        "row 3: the row has more than 23 fields",
      ])
  }
}
