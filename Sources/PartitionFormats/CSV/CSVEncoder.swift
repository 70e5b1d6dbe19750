package import AuditRecord

/// Writes rows as CSV text in the dialect `csv-1`.
///
/// UTF-8, comma, every row ends in LF, all columns of the schema in their order. NULL is nothing between the commas and the
/// empty text is `""`. What is quoted: `FieldText`; numbers: `PlainDecimal`; times: `EventTimeText`. Everything else stands
/// as it is. Each row has one text only, so equal rows are equal bytes.
package struct CSVEncoder: Sendable {
  package static let dialect = "csv-1"

  /// The first row of every file: the names of the columns, and LF.
  package static let header = Array((columns.map(\.name).joined(separator: ",") + "\n").utf8)

  private static let columns = Column.allCases
  private static let textColumns = TextColumn.count
  private var times = EventTimeText()

  package init() {}

  /// Appends the text of some rows.
  package mutating func append(_ batch: RowBatch, rows: Range<Int>, to output: inout [UInt8]) {
    for row in rows { append(batch, row: row, to: &output) }
  }

  /// Appends the text of one row.
  package mutating func append(_ batch: RowBatch, row: Int, to output: inout [UInt8]) {
    let room = CSVEncoder.longestText(of: row, in: batch)
    output.append(addingCapacity: room) { space in
      space.withUnsafeMutableBufferPointer { buffer, count in
        guard let start = buffer.baseAddress else { return }
        let end = write(batch, row: row, at: start + count)
        count = end - start
      }
    }
  }

  /// No text of the row is longer: every byte of text a quote to be doubled, every field quoted.
  private static func longestText(of row: Int, in batch: RowBatch) -> Int {
    let first = row * textColumns
    var length = 0
    for index in first..<first + textColumns { length += batch.cells[index].range.count }
    return 2 * length + 3 * columns.count + Timestamp.printedLength + 2 * PlainDecimal.longestText
  }

  private mutating func write(
    _ batch: RowBatch, row: Int, at start: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    let text = batch.bytes.span.bytes
    let cells = batch.cells.span
    var end = start
    var cell = row * CSVEncoder.textColumns
    for column in CSVEncoder.columns {
      switch column {
      case .eventAt: end = times.write(batch.eventAt[row], at: end)
      case .actorLocationLatitude: end.putNumber(batch.latitude[row])
      case .actorLocationLongitude: end.putNumber(batch.longitude[row])
      default:
        if !cells[cell].isNull { end.putField(text.extracting(cells[cell].range)) }
        cell += 1
      }
      end.put(FieldText.comma)
    }
    end[-1] = FieldText.lineFeed
    return end
  }
}

extension UnsafeMutablePointer<UInt8> {
  /// Nothing for NaN, which is NULL, and for the infinities, which a batch never holds.
  fileprivate mutating func putNumber(_ value: Double) {
    if value.isFinite { self = PlainDecimal.write(value, at: self) }
  }

  fileprivate mutating func putField(_ field: RawSpan) {
    guard FieldText.isQuoted(field) else { return put(field) }
    put(FieldText.quote)
    var rest = 0
    while rest < field.byteCount {
      let quote = FieldText.firstQuote(in: field, from: rest)
      put(field.extracting(rest..<quote))
      if quote < field.byteCount {
        put(FieldText.quote)
        put(FieldText.quote)
      }
      rest = quote + 1
    }
    put(FieldText.quote)
  }
}
