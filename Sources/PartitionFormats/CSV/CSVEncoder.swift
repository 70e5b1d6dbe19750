package import AuditRecord

/// Writes rows as CSV text in the dialect `csv-1`.
///
/// The text is UTF-8 with commas, every row ends in LF, and all columns are in schema order. NULL is an empty field, and empty text
/// is `""`. `FieldText` decides about quotes, `PlainDecimal` formats numbers and `EventTimeText` formats times. Each row has exactly
/// one text, so equal rows are equal bytes.
package struct CSVEncoder: Sendable {
  /// The name of the dialect, which every manifest records.
  package static let dialect = "csv-1"

  /// The first row of every file: the column names and LF.
  package static let header = Array((columns.map(\.name).joined(separator: ",") + "\n").utf8)

  private static let columns = Column.allCases
  private static let textColumns = TextColumn.count
  private var times = EventTimeText()

  package init() {}

  /// Append the text of these rows to `output`.
  package mutating func append(_ batch: RowBatch, rows: Range<Int>, to output: inout [UInt8]) {
    _ = append(RowSelection(batch, rows: rows.map { Int32($0) }), to: &output)
  }

  /// The result of `append`.
  package struct Progress {
    /// The place in the selection after the last appended row.
    package var place: Int
    /// Where the last row starts in the output.
    package var lastRow: Int
  }

  /// Append the text of a selection's rows, from its place `start` on, until the selection ends or the output holds at least
  /// `length` bytes. The row that reaches `length` is complete.
  package mutating func append(
    _ selection: RowSelection, from start: Int = 0, to output: inout [UInt8], until length: Int = .max
  ) -> Progress {
    var progress = Progress(place: start, lastRow: output.count)
    while progress.place < selection.rows.count, output.count < length {
      let some = progress.place..<min(progress.place + CSVEncoder.rowsAtATime, selection.rows.count)
      let room = some.reduce(0) {
        $0 + CSVEncoder.longestText(of: Int(selection.rows[$1]), in: selection.batch)
      }
      let before = output.count
      output.append(addingCapacity: room) { space in
        // `count` counts the bytes after the existing ones.
        space.withUnsafeMutableBufferPointer { buffer, count in
          guard var end = buffer.baseAddress.map({ $0 + count }) else { return }
          for place in some where before + count < length {
            let next = write(selection.batch, row: Int(selection.rows[place]), at: end)
            progress = Progress(place: place + 1, lastRow: before + count)
            count += next - end
            end = next
          }
        }
      }
    }
    return progress
  }

  private static let rowsAtATime = 64

  /// An upper bound of the row's text: every byte is a doubled quote, every field is quoted.
  private static func longestText(of row: Int, in batch: RowBatch) -> Int {
    let cells = batch.cells.span.extracting(row * textColumns..<(row + 1) * textColumns)
    var length = 0
    // The length plus one, which wraps to zero for NULL.
    for index in cells.indices { length += Int(cells[unchecked: index].length &+ 1) }
    return 2 * length + 3 * columns.count + Timestamp.printedLength + 2 * PlainDecimal.longestText
  }

  private mutating func write(
    _ batch: RowBatch, row: Int, at start: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    let text = batch.bytes.span.bytes
    let cells = batch.cells.span.extracting(row * CSVEncoder.textColumns..<(row + 1) * CSVEncoder.textColumns)
    var end = start
    end.putCells(cells.extracting(..<CSVEncoder.beforeTime), of: text)
    end = times.write(batch.eventAt[row], at: end)
    end.put(FieldText.comma)
    end.putCells(cells.extracting(CSVEncoder.beforeTime..<CSVEncoder.beforePlace), of: text)
    end.putNumber(batch.latitude[row])
    end.put(FieldText.comma)
    end.putNumber(batch.longitude[row])
    end.put(FieldText.comma)
    end.putCells(cells.extracting(CSVEncoder.beforePlace...), of: text)
    end[-1] = FieldText.lineFeed
    return end
  }

  /// The number of text columns before `event_at`, and before the coordinates.
  private static let beforeTime = textColumns(before: .eventAt)
  private static let beforePlace = textColumns(before: .actorLocationLatitude)

  private static func textColumns(before column: Column) -> Int {
    columns.prefix { $0 != column }.count { $0.kind == .string }
  }
}

extension UnsafeMutablePointer<UInt8> {
  /// Write a number; nothing for NaN, which is NULL. A batch holds no infinity.
  fileprivate mutating func putNumber(_ value: Double) {
    if value.isFinite { self = PlainDecimal.write(value, at: self) }
  }

  /// Write text fields, each followed by a comma.
  fileprivate mutating func putCells(_ cells: Span<RowBatch.Cell>, of text: RawSpan) {
    for index in cells.indices {
      // Stored properties, because `isNull` and `range` would be calls into another module.
      let (offset, length) = (Int(cells[unchecked: index].offset), cells[unchecked: index].length)
      if length != RowBatch.Cell.null.length {
        putField(text.extracting(offset..<offset &+ Int(length)))
      }
      put(FieldText.comma)
    }
  }

  @inline(__always)
  private mutating func putField(_ field: RawSpan) {
    if !putPlain(field) { putQuoted(field) }
  }

  /// Copy a field by words while checking its bytes. Returns false, without advancing, if the field needs quotes or may need them.
  @inline(__always)
  private mutating func putPlain(_ field: RawSpan) -> Bool {
    let count = field.byteCount
    guard count > 0 else { return false }
    var doubts = FieldText.edgeDoubts(field)
    let raw = UnsafeMutableRawPointer(self)
    if count >= 8 {
      var offset = 0
      while offset < count - 8 {
        doubts |= FieldText.copy(8, of: field, at: offset, to: raw)
        offset += 8
      }
      doubts |= FieldText.copy(8, of: field, at: count - 8, to: raw)
    } else if count >= 4 {
      doubts |=
        FieldText.copy(4, of: field, at: 0, to: raw) | FieldText.copy(4, of: field, at: count - 4, to: raw)
    } else {
      for offset in 0..<count { doubts |= FieldText.copy(1, of: field, at: offset, to: raw) }
    }
    guard doubts == 0 else { return false }
    self += count
    return true
  }

  @inline(never)
  private mutating func putQuoted(_ field: RawSpan) {
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
