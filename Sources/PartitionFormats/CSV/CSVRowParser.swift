import AuditRecord

/// Parses the text of one row, without its LF, into a batch.
struct CSVRowParser: Sendable {
  struct Mistake: Error {
    var reason: CSVError.Reason
    var column: Column?
  }

  /// The position of a field in its row.
  private struct Field {
    /// The content, inside the quotes if there are any.
    var content: Range<Int>
    var isQuoted = false
    /// Whether the content has doubled quotes.
    var hasQuotes = false
    /// The end of the field, after a closing quote.
    var end: Int
  }

  private static let columns = Column.allCases
  private var times = EventTimeText()

  /// Append a row to `batch`. After an error the batch may hold some of its cells.
  mutating func append(_ row: Span<UInt8>, to batch: inout RowBatch) throws(Mistake) {
    let text = row.bytes
    var position = 0
    for column in CSVRowParser.columns {
      if column.rawValue > 0 {
        // A field ends at a comma or at the end of the row.
        guard position < row.count else { throw Mistake(reason: .tooFewFields, column: column) }
        position += 1
      }
      do throws(FieldMistake) {
        let field = try CSVRowParser.field(in: text, at: position)
        try add(field, of: row, as: column, to: &batch)
        position = field.end
      } catch {
        throw Mistake(reason: error.reason, column: column)
      }
    }
    guard position == row.count else { throw Mistake(reason: .tooManyFields, column: nil) }
    batch.ends.append(UInt32(batch.bytes.count))
  }

  private struct FieldMistake: Error {
    var reason: CSVError.Reason
    init(_ reason: CSVError.Reason) { self.reason = reason }
  }

  private static func field(in row: RawSpan, at start: Int) throws(FieldMistake) -> Field {
    start < row.byteCount && row[start] == FieldText.quote
      ? try quotedField(in: row, at: start) : try plainField(in: row, at: start)
  }

  private static func plainField(in row: RawSpan, at start: Int) throws(FieldMistake) -> Field {
    let end = FieldText.firstSpecial(in: row, from: start)
    guard end == row.byteCount || row[end] == FieldText.comma,
      start == end || !FieldText.hasQuotedEdge(row.extracting(start..<end))
    else { throw FieldMistake(.unquoted) }
    return Field(content: start..<end, end: end)
  }

  private static func quotedField(in row: RawSpan, at start: Int) throws(FieldMistake) -> Field {
    var hasQuotes = false
    var quote = FieldText.firstQuote(in: row, from: start + 1)
    while quote + 1 < row.byteCount, row[quote + 1] == FieldText.quote {
      hasQuotes = true
      quote = FieldText.firstQuote(in: row, from: quote + 2)
    }
    guard quote < row.byteCount else { throw FieldMistake(.unfinished) }
    let field = Field(content: start + 1..<quote, isQuoted: true, hasQuotes: hasQuotes, end: quote + 1)
    guard field.end == row.byteCount || row[field.end] == FieldText.comma else {
      throw FieldMistake(.textAfterQuote)
    }
    guard hasQuotes || FieldText.isQuoted(row.extracting(field.content)) else {
      throw FieldMistake(.needlesslyQuoted)
    }
    return field
  }

  private mutating func add(
    _ field: Field, of row: Span<UInt8>, as column: Column, to batch: inout RowBatch
  ) throws(FieldMistake) {
    let isNull = field.content.isEmpty && !field.isQuoted
    if isNull && column.isRequired { throw FieldMistake(.missing) }
    let content = row.extracting(field.content)
    switch column {
    case .eventAt:
      guard let time = times.read(content.bytes) else { throw FieldMistake(.time) }
      batch.eventAt.append(time.microseconds)
    case .actorLocationLatitude:
      batch.latitude.append(isNull ? .nan : try CSVRowParser.number(content.bytes))
    case .actorLocationLongitude:
      batch.longitude.append(isNull ? .nan : try CSVRowParser.number(content.bytes))
    default:
      guard !isNull else { return batch.cells.append(.null) }
      try CSVRowParser.checkUTF8(content)
      let offset = batch.bytes.count
      if field.hasQuotes {
        batch.bytes.append(undoubled: content)
      } else {
        batch.bytes.append(contentsOf: content)
      }
      batch.cells.append(.init(offset: UInt32(offset), length: UInt32(batch.bytes.count - offset)))
    }
  }

  private static func number(_ text: RawSpan) throws(FieldMistake) -> Double {
    guard let value = PlainDecimal.read(text) else { throw FieldMistake(.number) }
    return value
  }

  private static func checkUTF8(_ content: Span<UInt8>) throws(FieldMistake) {
    if FieldText.isASCII(content.bytes) { return }
    do throws(UTF8.ValidationError) { _ = try UTF8Span(validating: content) } catch {
      throw FieldMistake(.notUTF8)
    }
  }
}

extension [UInt8] {
  /// Append content with each doubled quote replaced by one.
  fileprivate mutating func append(undoubled content: Span<UInt8>) {
    var rest = 0
    while rest < content.count {
      let quote = FieldText.firstQuote(in: content.bytes, from: rest)
      append(contentsOf: content.extracting(rest..<Swift.min(quote + 1, content.count)))
      rest = quote + 2
    }
  }
}
