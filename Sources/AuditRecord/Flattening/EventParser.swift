import Crypto

/// Parses a response body, one JSON array of records, into flat rows in a single pass.
///
/// The whole body must be strict RFC 8259 JSON in UTF-8; otherwise no row is read. The rules that make a record a row are those
/// of schema `audit-log-1`. A parser learns the order of members from the records that it has read, so use one parser for all
/// pages of a walk.
package struct EventParser: Sendable {
  private var reader: RecordReader
  /// Where the text of a page's rows is assembled. Its content between pages does not matter.
  private var text: [UInt8] = []
  /// The number of rows of the previous page, as an estimate for the next.
  private var expectedRows = 0
  private var recordLength = 0

  package init(limits: JSONLimits = JSONLimits()) {
    reader = RecordReader(limits: limits)
  }

  /// The bytes that a row without a `uuid` needs beyond those of its record (`sha256:` and 64 digits), and that a copy by words
  /// may write past the end.
  private static let slack = 128

  /// The largest text buffer that a parser keeps for the next page, in bytes.
  private static let roomKept = 16 << 20

  /// Parse one body.
  ///
  /// - Parameter recordLength: a lower limit of a record's length for this page, in bytes.
  /// - Returns: the rows in page order, and the records that cannot become rows.
  /// - Throws: `PageError` if the body is not a page of records within the limits.
  package mutating func parse(_ body: [UInt8], recordLength: Int? = nil) throws(PageError) -> ParsedPage {
    self.recordLength = min(reader.scanner.limits.recordLength, recordLength ?? .max)
    if body.starts(with: [0xEF, 0xBB, 0xBF]) { throw PageError(.byteOrderMark, at: 0) }
    // The same mark in UTF-16 and in big-endian UTF-32. The little-endian one of UTF-32 starts like that of UTF-16.
    for mark: [UInt8] in [[0xFF, 0xFE], [0xFE, 0xFF], [0, 0, 0xFE, 0xFF]] where body.starts(with: mark) {
      throw PageError(.otherEncoding, at: 0)
    }
    try JSONScanner.checkUTF8(body.span)
    let json = body.span
    var page = ParsedPage()
    page.rows.reserveRows(expectedRows)
    reader.end = 0
    reader.scanner.position = 0
    reader.scanner.skipWhiteSpace(json)
    try checkArray(json)
    if try reader.scanner.open(until: UInt8(ascii: "]"), json) {
      repeat {
        guard page.recordCount < reader.scanner.limits.records else {
          throw PageError(.tooManyRecords, at: reader.scanner.position)
        }
        try makeRoom(json)
        try readElement(json, &page)
      } while try reader.scanner.continues(until: UInt8(ascii: "]"), json)
    }
    reader.scanner.skipWhiteSpace(json)
    guard reader.scanner.position == json.count else {
      throw PageError(.trailingBytes, at: reader.scanner.position)
    }
    page.rows.cells.removeLast(page.rows.cells.count - page.rows.count * TextColumn.count)
    page.rows.bytes = Array(text[..<reader.end])
    if text.count > EventParser.roomKept { text = [] }
    expectedRows = page.rows.count
    return page
  }

  /// Check that the value at the position is an array, and distinguish another JSON value from bytes that are not JSON.
  private func checkArray(_ json: Span<UInt8>) throws(PageError) {
    let position = reader.scanner.position
    switch try reader.scanner.peek(json) {
    case UInt8(ascii: "["): return
    case UInt8(ascii: "{"), UInt8(ascii: "\""): throw PageError(.notAnArray, at: position)
    default:
      var scanner = reader.scanner
      try scanner.skipScalar(json)
      throw PageError(.notAnArray, at: position)
    }
  }

  /// Make `text` long enough for all records that the rest of the body can hold: no text is longer than its JSON. It includes
  /// one missing `uuid`.
  private mutating func makeRoom(_ json: Span<UInt8>) throws(PageError) {
    let needed = reader.end + (json.count - reader.scanner.position) + EventParser.slack
    guard needed > text.count else { return }
    guard needed < Int(UInt32.max) else { throw PageError(.tooLarge, at: reader.scanner.position) }
    text.append(contentsOf: repeatElement(0, count: needed - text.count))
  }

  private mutating func readElement(_ json: Span<UInt8>, _ page: inout ParsedPage) throws(PageError) {
    let start = reader.scanner.position
    let rowStart = reader.end
    do throws(PageError) {
      try readRecord(json, &page)
    } catch {
      guard let reason = QuarantinedRecord.Reason(error.reason) else { throw error }
      clearCells(&page.rows)
      reader.end = rowStart
      reader.counts = FlatteningCounts()
      let outline = try RecordOutline(json, from: start)
      page.quarantinedPlaces.append(page.recordCount)
      page.quarantined.append(outline.record(reason, json))
      reader.scanner.position = outline.range.upperBound
    }
  }

  private func checkLength(_ range: Range<Int>) throws(PageError) {
    guard range.count <= recordLength else { throw PageError(.recordTooLong, at: range.lowerBound) }
  }

  private mutating func readRecord(_ json: Span<UInt8>, _ page: inout ParsedPage) throws(PageError) {
    let start = reader.scanner.position
    guard try reader.scanner.peek(json) == UInt8(ascii: "{") else {
      try reader.scanner.skipValue(json, depth: 1)
      try checkLength(start..<reader.scanner.position)
      reader.counts = FlatteningCounts()
      try quarantine(.notAnObject, json, start..<reader.scanner.position, &page)
      return
    }
    let rowStart = reader.end
    makeCells(&page.rows)
    try EventParser.read(json, &reader, &text, &page.rows)
    let end = reader.scanner.position
    try checkLength(start..<end)
    guard reader.hasDuplicates else {
      try finish(json, start..<end, rowStart, &page)
      return
    }
    // The canonical JSON holds only the last of the duplicates. Read it instead.
    var writer = CanonicalWriter(limits: reader.scanner.limits)
    try writer.append(json, start..<end)
    clearCells(&page.rows)
    reader.end = rowStart
    reader.scanner.position = 0
    let canonical = writer.text
    try EventParser.read(canonical.span, &reader, &text, &page.rows)
    reader.counts.loneSurrogates += writer.loneSurrogates
    try finish(canonical.span, 0..<canonical.count, rowStart, &page)
    reader.scanner.position = end
  }

  /// Read a record into the cells of the next row.
  private static func read(
    _ json: Span<UInt8>, _ reader: inout RecordReader, _ bytes: inout [UInt8], _ rows: inout RowBatch
  ) throws(PageError) {
    let firstCell = rows.count * TextColumn.count
    var text = bytes.mutableSpan
    var cells = rows.cells.mutableSpan
    try reader.read(json, &text, &cells, firstCell)
  }

  /// Make cells for the next row, all NULL, and for as many rows after it as are expected, because that costs little.
  private func makeCells(_ rows: inout RowBatch) {
    guard rows.cells.count == rows.count * TextColumn.count else { return }
    let some = max(expectedRows - rows.count, EventParser.rowsAtATime)
    rows.cells.append(contentsOf: repeatElement(.null, count: some * TextColumn.count))
  }

  private static let rowsAtATime = 32

  /// Reset the next row's cells, if there are any, to NULL.
  private func clearCells(_ rows: inout RowBatch) {
    let firstCell = rows.count * TextColumn.count
    guard firstCell < rows.cells.count else { return }
    for cell in firstCell..<firstCell + TextColumn.count { rows.cells[cell] = .null }
  }

  /// Add the record at `range` to the page, as a row or as a quarantined record.
  private mutating func finish(
    _ json: Span<UInt8>, _ range: Range<Int>, _ rowStart: Int, _ page: inout ParsedPage
  ) throws(PageError) {
    let time: Timestamp
    switch reader.eventAt {
    case .read(let read): time = read
    case .unreadable(let reason):
      clearCells(&page.rows)
      reader.end = rowStart
      reader.counts = FlatteningCounts()
      try quarantine(reason, json, range, &page)
      return
    }
    let firstCell = page.rows.count * TextColumn.count
    let uuid = page.rows.cells[firstCell + TextColumn.uuid.rawValue]
    if uuid.isNull || uuid.length == 0 {
      reader.counts.missingUUID += 1
      page.rows.cells[firstCell + TextColumn.uuid.rawValue] = write(try identity(json, range))
    }
    if !reader.extras.isEmpty {
      let text = try AdditionalFields.text(of: reader.extras, json, reader.scanner, &page.counts)
      page.rows.cells[firstCell + TextColumn.additionalFields.rawValue] = write(text)
    }
    page.rows.ends.append(UInt32(truncatingIfNeeded: reader.end))
    page.rows.eventAt.append(time.microseconds)
    page.rows.latitude.append(reader.latitude)
    page.rows.longitude.append(reader.longitude)
    page.counts.add(reader.counts)
  }

  private mutating func quarantine(
    _ reason: QuarantinedRecord.Reason, _ json: Span<UInt8>, _ range: Range<Int>, _ page: inout ParsedPage
  ) throws(PageError) {
    var writer = CanonicalWriter(limits: reader.scanner.limits)
    try writer.append(json, range)
    page.counts.loneSurrogates += writer.loneSurrogates
    page.quarantinedPlaces.append(page.recordCount)
    page.quarantined.append(QuarantinedRecord(reason: reason, json: writer.text))
  }

  /// The identity of a record without a `uuid`: the hash of its canonical JSON.
  private func identity(_ json: Span<UInt8>, _ range: Range<Int>) throws(PageError) -> [UInt8] {
    var writer = CanonicalWriter(limits: reader.scanner.limits)
    try writer.append(json, range)
    var identity = Array("sha256:".utf8)
    let digits = Array("0123456789abcdef".utf8)
    for byte in SHA256.hash(data: writer.text) {
      identity.append(digits[Int(byte >> 4)])
      identity.append(digits[Int(byte & 0xF)])
    }
    return identity
  }

  private mutating func write(_ added: [UInt8]) -> RowBatch.Cell {
    let start = reader.end
    text.replaceSubrange(start..<start + added.count, with: added)
    reader.end += added.count
    return RowBatch.Cell(start..<reader.end)
  }
}

/// The column `additional_fields`: everything that no other column holds, as one JSON object.
enum AdditionalFields {
  /// The canonical JSON of a record's extras, with those of `actor_location` in an object of that name. NUL stays escaped,
  /// since this is JSON text. Adds unknown names and lone surrogates to `counts`.
  static func text(
    of extras: [RecordReader.Extra], _ json: Span<UInt8>, _ scanner: JSONScanner,
    _ counts: inout FlatteningCounts
  ) throws(PageError) -> [UInt8] {
    var members: [CanonicalWriter.Member] = []
    var inLocation: [CanonicalWriter.Member] = []
    var unknown: [String] = []
    var writer = CanonicalWriter(limits: scanner.limits)
    for extra in extras {
      let token = JSONScanner.StringToken(range: extra.name, hasEscapes: true)
      let name = try scanner.decode(token, json, loneSurrogates: &writer.loneSurrogates)
      let member = CanonicalWriter.Member(name: name, value: extra.value)
      if extra.isInLocation { inLocation.append(member) } else { members.append(member) }
      if !extra.isKnown {
        let path = String(decoding: name, as: UTF8.self)
        unknown.append(extra.isInLocation ? "actor_location.\(path)" : path)
      }
    }
    if !inLocation.isEmpty {
      members.append(CanonicalWriter.Member(name: Array("actor_location".utf8), value: nil))
    }
    // Do not count a record that throws here.
    try writer.append(members, inner: inLocation, json)
    for path in unknown { counts.addUnknownField(path) }
    counts.loneSurrogates += writer.loneSurrogates
    return writer.text
  }
}
