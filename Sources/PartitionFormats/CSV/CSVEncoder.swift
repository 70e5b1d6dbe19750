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
    _ = append(RowSelection(batch, rows: rows.map { Int32($0) }), to: &output)
  }

  /// What `append` has done.
  package struct Progress {
    /// The place in the selection behind the last row that was appended.
    package var place: Int
    /// Where in the output the last row begins.
    package var lastRow: Int
  }

  /// Appends the text of the rows of a selection, from its place `start` on, until there are no more or the output has
  /// come to `length` bytes; the row that brings it there is appended as a whole.
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
        // `count` is that of the space behind what was there.
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

  /// No text of the row is longer: every byte of text a quote to be doubled, every field quoted.
  private static func longestText(of row: Int, in batch: RowBatch) -> Int {
    let cells = batch.cells.span.extracting(row * textColumns..<(row + 1) * textColumns)
    var length = 0
    // One more than the length, which makes NULL, the greatest number, nothing.
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

  /// How many text columns stand before `event_at`, and before the coordinates.
  private static let beforeTime = textColumns(before: .eventAt)
  private static let beforePlace = textColumns(before: .actorLocationLatitude)

  private static func textColumns(before column: Column) -> Int {
    columns.prefix { $0 != column }.count { $0.kind == .string }
  }
}

extension UnsafeMutablePointer<UInt8> {
  /// Nothing for NaN, which is NULL, and for the infinities, which a batch never holds.
  fileprivate mutating func putNumber(_ value: Double) {
    if value.isFinite { self = PlainDecimal.write(value, at: self) }
  }

  /// Writes text fields, each with a comma behind it.
  fileprivate mutating func putCells(_ cells: Span<RowBatch.Cell>, of text: RawSpan) {
    for index in cells.indices {
      // The members themselves: `isNull` and `range` would be calls into another module.
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

  /// Copies a field a word at a time while its bytes are looked at; false, with nothing written that counts, when it has to
  /// be quoted or may have to be.
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
