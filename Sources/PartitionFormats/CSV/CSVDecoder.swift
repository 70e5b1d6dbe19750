package import AuditRecord

/// Reads the text that `CSVEncoder` writes, header first, a chunk at a time.
///
/// It is the strict inverse of the encoder. Any other text is an error, even if other CSV readers would find the same cells, so
/// text that it accepts encodes to the same bytes again. Therefore the hash of a file's text is the hash of its rows. Do not use the
/// decoder again after an error.
package struct CSVDecoder: Sendable {
  /// The longest row, in bytes of text.
  package static let rowLimit = 256 << 20

  /// The rows read so far. The caller removes them when it has used them (`RowBatch.removeAll`).
  package var batch = RowBatch()

  private let rowLimit: Int
  /// The number of header bytes checked.
  private var headerSeen = 0
  /// Complete rows so far.
  private var rows = 0
  /// The start of a row that the last chunk did not complete.
  private var pending: [UInt8] = []
  private var insideQuotes = false
  private var parser = CSVRowParser()

  /// - Parameter rowLimit: the longest row to accept, in bytes of text without its line feed.
  package init(rowLimit: Int = CSVDecoder.rowLimit) {
    self.rowLimit = rowLimit
  }

  /// Read the next bytes of the text, and append the rows that they complete to `batch`.
  ///
  /// - Throws: `CSVError` for text that is not csv-1 with the columns of this schema.
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

  /// End the text.
  ///
  /// - Throws: `CSVError` unless the text ended at the end of a row.
  package func finish() throws(CSVError) {
    guard headerSeen == CSVEncoder.header.count else { throw CSVError(.unfinished, row: 0) }
    guard pending.isEmpty else { throw CSVError(.unfinished, row: rows + 1) }
  }

  /// Check the header. Returns where it ends in `text`.
  private mutating func readHeader(_ text: Span<UInt8>) throws(CSVError) -> Int {
    var index = 0
    while headerSeen < CSVEncoder.header.count, index < text.count {
      guard text[index] == CSVEncoder.header[headerSeen] else { throw CSVError(.header, row: 0) }
      headerSeen += 1
      index += 1
    }
    return index
  }

  /// The index of the LF that ends the row; nil if the text ends first.
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

  /// The largest buffer that it keeps for the next rows, in bytes, so that one long row does not hold memory.
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

/// Where and why a text is not csv-1 with the columns of this schema.
package struct CSVError: Error, Hashable, Sendable {
  /// What is wrong with the row or field.
  package enum Reason: Hashable, Sendable {
    /// The first row does not have the column names.
    case header
    case tooFewFields
    case tooManyFields
    /// NULL in a column that is never NULL.
    case missing
    /// An unquoted field that csv-1 would quote.
    case unquoted
    /// A quoted field that csv-1 would not quote.
    case needlesslyQuoted
    /// Text between the closing quote and the end of the field.
    case textAfterQuote
    case notUTF8
    /// A time not of the form `2024-02-12T10:30:45.123456Z`.
    case time
    /// A number not in the form that csv-1 writes.
    case number
    /// The file ends inside the row.
    case unfinished
    /// The row is longer than this many bytes.
    case longerThan(Int)
  }

  package var reason: Reason
  /// The row, from 1. The header is row 0.
  package var row: Int
  /// The column. nil if the error concerns the whole row.
  package var column: Column?

  package init(_ reason: Reason, row: Int, column: Column? = nil) {
    self.reason = reason
    self.row = row
    self.column = column
  }
}

extension CSVError: CustomStringConvertible {
  /// One sentence without a full stop and without any content of the file.
  package var description: String {
    let place = column.map { "row \(row), column \($0.name)" } ?? (row == 0 ? "the header" : "row \(row)")
    return "\(place): \(why)"
  }

  private var why: String {
    switch reason {
    case .header: "the column names are not those of schema \(Column.schemaName)"
    case .tooFewFields: "the row has fewer than \(Column.allCases.count) fields"
    case .tooManyFields: "the row has more than \(Column.allCases.count) fields"
    case .missing: "the value is NULL, but this column is never NULL"
    case .unquoted: "the value is not quoted, but dialect \(CSVEncoder.dialect) requires quotes"
    case .needlesslyQuoted:
      "the value is quoted, but dialect \(CSVEncoder.dialect) does not allow quotes here"
    case .textAfterQuote: "there is text after the closing quote"
    case .notUTF8: "the text is not valid UTF-8"
    case .time: "the value is not a time such as 2024-02-12T10:30:45.123456Z"
    case .number: "the value is not a number in the form of dialect \(CSVEncoder.dialect), such as -122.4194"
    case .unfinished: "the file ends inside this row"
    case .longerThan(let limit): "the row is longer than \(limit) bytes"
    }
  }
}
