package import AuditRecord

/// Reads the text that `CSVEncoder` writes, header first, a chunk at a time; the strict inverse of it.
///
/// Any other text is an error, even where another reader of CSV would find the same cells: what is read without an error is,
/// encoded again, the same bytes. So the hash of a file's text is the hash of its rows. After an error the decoder cannot
/// be used further.
package struct CSVDecoder: Sendable {
  /// The length that a row may have, in bytes of its text.
  package static let rowLimit = 256 << 20

  /// The rows read so far. The caller takes them out when there are enough of them (`RowBatch.removeAll`).
  package var batch = RowBatch()

  private let rowLimit: Int
  /// How much of the header was seen.
  private var headerSeen = 0
  /// Whole rows so far.
  private var rows = 0
  /// The row that is not complete.
  private var pending: [UInt8] = []
  private var insideQuotes = false
  private var parser = CSVRowParser()

  package init(rowLimit: Int = CSVDecoder.rowLimit) {
    self.rowLimit = rowLimit
  }

  /// Takes the next bytes of the text; adds the rows that they complete to `batch`.
  package mutating func append(_ bytes: [UInt8]) throws(CSVError) {
    let chunk = bytes.span
    var start = try readHeader(chunk)
    while start < chunk.count {
      let end = rowEnd(in: chunk.bytes, from: start)
      let piece = chunk.extracting(start..<(end ?? chunk.count))
      guard pending.count + piece.count <= rowLimit else {
        throw CSVError(.longerThan(rowLimit), row: rows + 1)
      }
      if pending.isEmpty && end != nil {
        try readRow(piece)
      } else {
        pending.append(contentsOf: piece)
        if end != nil { try readPending() }
      }
      start += piece.count + 1
    }
  }

  /// Ends the text: throws unless it ended at the end of a row.
  package func finish() throws(CSVError) {
    guard headerSeen == CSVEncoder.header.count else { throw CSVError(.unfinished, row: 0) }
    guard pending.isEmpty else { throw CSVError(.unfinished, row: rows + 1) }
  }

  /// Returns where in `text` the header ends.
  private mutating func readHeader(_ text: Span<UInt8>) throws(CSVError) -> Int {
    var index = 0
    while headerSeen < CSVEncoder.header.count, index < text.count {
      guard text[index] == CSVEncoder.header[headerSeen] else { throw CSVError(.header, row: 0) }
      headerSeen += 1
      index += 1
    }
    return index
  }

  /// The index of the LF that ends the row; nil when the text ends first.
  private mutating func rowEnd(in text: RawSpan, from start: Int) -> Int? {
    var index = start
    while index < text.byteCount {
      index =
        insideQuotes
        ? FieldText.firstQuote(in: text, from: index) : FieldText.firstQuoteOrLineFeed(in: text, from: index)
      guard index < text.byteCount else { return nil }
      if text[index] == FieldText.lineFeed { return index }
      insideQuotes.toggle()
      index += 1
    }
    return nil
  }

  private mutating func readPending() throws(CSVError) {
    var row: [UInt8] = []
    swap(&row, &pending)
    try readRow(row.span)
    guard row.capacity <= CSVDecoder.keptCapacity else { return }
    row.removeAll(keepingCapacity: true)
    swap(&row, &pending)
  }

  /// The memory of one long row is not kept for the short ones that follow.
  private static let keptCapacity = 1 << 20

  private mutating func readRow(_ row: Span<UInt8>) throws(CSVError) {
    do throws(CSVRowParser.Mistake) {
      try parser.append(row, to: &batch)
    } catch {
      throw CSVError(error.reason, row: rows + 1, column: error.column)
    }
    rows += 1
  }
}

/// Where a text is not csv-1 with the columns of this schema, and why.
package struct CSVError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// The first row is not the names of the columns.
    case header
    case tooFewFields
    case tooManyFields
    /// NULL in a column that is never NULL.
    case missing
    /// Not quoted, but holds something for which csv-1 quotes a field.
    case unquoted
    /// Quoted, but holds nothing for which csv-1 quotes a field.
    case needlesslyQuoted
    /// Something stands between the closing quote and the end of the field.
    case textAfterQuote
    case notUTF8
    /// Not a time of the form `2024-02-12T10:30:45.123456Z`.
    case time
    /// Not a number as csv-1 writes it.
    case number
    /// The file ends before the row does.
    case unfinished
    /// The row is longer than so many bytes.
    case longerThan(Int)
  }

  package var reason: Reason
  /// Counted from 1, without the header, which is row 0.
  package var row: Int
  /// The column where it was noticed; nil when it is about the row as a whole.
  package var column: Column?

  package init(_ reason: Reason, row: Int, column: Column? = nil) {
    self.reason = reason
    self.row = row
    self.column = column
  }
}

extension CSVError: CustomStringConvertible {
  /// One sentence without the full stop and without anything from the file.
  package var description: String {
    let place = column.map { "row \(row), column \($0.name)" } ?? (row == 0 ? "the header" : "row \(row)")
    return "\(place): \(why)"
  }

  private var why: String {
    switch reason {
    case .header: "not the column names of schema \(Column.schemaName)"
    case .tooFewFields: "the row ends here, and has fewer than \(Column.allCases.count) fields"
    case .tooManyFields: "the row goes on after the last of \(Column.allCases.count) fields"
    case .missing: "empty, but this column is never NULL"
    case .unquoted: "holds something that dialect \(CSVEncoder.dialect) writes only inside quotes"
    case .needlesslyQuoted: "quoted, although dialect \(CSVEncoder.dialect) writes this without quotes"
    case .textAfterQuote: "text after the closing quote"
    case .notUTF8: "not UTF-8"
    case .time: "not a time such as 2024-02-12T10:30:45.123456Z"
    case .number: "not a number as dialect \(CSVEncoder.dialect) writes it, such as -122.4194"
    case .unfinished: "the file ends in the middle of it"
    case .longerThan(let limit): "longer than \(limit) bytes"
    }
  }
}
