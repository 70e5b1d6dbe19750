import AuditRecord
import TestSupport

@testable import PartitionFormats

/// One row in a form that tests can write and compare.
struct Row: Hashable {
  /// The text cells; a missing column is NULL.
  var text: [TextColumn: String] = [.uuid: "u"]
  var eventAt = Timestamp(microseconds: 1_707_733_845_123_456)
  var latitude = Double.nan
  var longitude = Double.nan

  /// NaN is equal to NaN here and zero is not minus zero.
  static func == (one: Row, other: Row) -> Bool {
    one.text == other.text && one.eventAt == other.eventAt
      && one.latitude.bitPattern == other.latitude.bitPattern
      && one.longitude.bitPattern == other.longitude.bitPattern
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(text)
    hasher.combine(eventAt)
  }
}

extension RowBatch {
  init(_ rows: [Row]) {
    self.init()
    for row in rows { append(row) }
  }

  mutating func append(_ row: Row) {
    append(at: row.eventAt, row.text, latitude: row.latitude, longitude: row.longitude)
  }

  func row(_ index: Int) -> Row {
    var row = Row(text: [:], eventAt: time(index), latitude: latitude[index], longitude: longitude[index])
    for column in TextColumn.allCases { row.text[column] = string(column, index) }
    return row
  }

  var rows: [Row] { (0..<count).map(row) }
}

extension Row {
  /// Values that have broken CSV loaders.
  static let hostile = [
    "", " ", "\t", ",", "\"", "\"\"", "\n", "\r", "\r\n", "\\", "\\N", "\\.", "NULL", "null", "nan", "#",
    "#a", "a#",
    " a", "a ", "\ta", "a\t", "a b", "a,b", "a\"b", "\"a\"", "a\nb", "a\r\nb", "a\rb", "\n\\.\n", "'", ";",
    "=1+1",
    "007", "1e5", "\u{1}", "\u{7f}", "\u{85}", "\u{a0}", "\u{feff}", "\u{2028}", "é", "漢字", "🙂", "👩‍👩‍👧", "שלום",
    "{\"a\":\"\\\"\\n\"}", "abcdefg", "abcdefgh", "abcdefghi", "abcdefg\"hijklmn", "abcdefgh,",
  ]

  static func random(using random: inout SeededRandom) -> Row {
    var row = Row(text: [:])
    for column in TextColumn.allCases {
      switch Int.random(in: 0..<4, using: &random) {
      case 0: row.text[column] = column == .uuid ? "u" : nil
      case 1: row.text[column] = hostile.randomElement(using: &random) ?? ""
      default:
        let pieces = Int.random(in: 0...6, using: &random)
        row.text[column] = (0..<pieces).map { _ in hostile.randomElement(using: &random) ?? "" }.joined()
      }
    }
    row.eventAt = Timestamp(
      microseconds: Int64.random(
        in: Timestamp.earliest.microseconds...Timestamp.latest.microseconds, using: &random))
    row.latitude = Double.randomValue(using: &random)
    row.longitude = Double(Int.random(in: -180_000_000...180_000_000, using: &random)) / 1e6
    return row
  }
}

extension Double {
  /// Any bit pattern, NaN for those that are not finite, and minus zero now and then.
  static func randomValue(using random: inout SeededRandom) -> Double {
    if Int.random(in: 0..<50, using: &random) == 0 { return -0.0 }
    let value = Double(bitPattern: random.next())
    return value.isFinite ? value : .nan
  }
}

/// The text of the rows as csv-1, with the header.
func csv(_ rows: [Row]) -> [UInt8] {
  var encoder = CSVEncoder()
  var text = CSVEncoder.header
  let batch = RowBatch(rows)
  encoder.append(batch, rows: 0..<batch.count, to: &text)
  return text
}

/// The rows of a csv-1 text, fed in chunks of the given length.
func decode(_ text: [UInt8], chunk: Int = .max, rowLimit: Int = CSVDecoder.rowLimit) throws(CSVError) -> [Row]
{
  var decoder = CSVDecoder(rowLimit: rowLimit)
  var rest = text[...]
  while !rest.isEmpty {
    let piece = rest.prefix(chunk)
    try decoder.append(Array(piece))
    rest = rest.dropFirst(piece.count)
  }
  try decoder.finish()
  return decoder.batch.rows
}
