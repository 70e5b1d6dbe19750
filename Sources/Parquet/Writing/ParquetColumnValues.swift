/// The rows that become one row group, column by column.
///
/// The caller appends the values of the same rows to each column, then adds the number of rows to `rows`.
package struct ParquetRowGroup {
  /// The most rows in a row group. Readers hold at least a page of each column in memory and skip whole row groups, so a group
  /// should be neither much larger nor much smaller.
  package static let rowLimit = 50_000

  /// The columns of the schema, in its order.
  package var columns: [ParquetColumnValues]
  /// The number of rows. The caller adds to it after appending their values to each column.
  package var rows = 0

  /// Create an empty row group.
  package init(_ schema: ParquetSchema) {
    columns = schema.columns.map { ParquetColumnValues($0) }
  }

  /// Remove all rows but keep the memory for the next row group.
  package mutating func removeAll() {
    for index in columns.indices { columns[index].removeAll() }
    rows = 0
  }
}

/// A place in a column of a row group: a row, and the first level and value of the row.
struct ParquetPlace {
  var row = 0
  /// The same as the row in a flat table.
  var level = 0
  /// Counted without NULLs.
  var value = 0
}

/// The values of one column of a row group.
///
/// Callers append a batch of rows at a time, because a call for each value would cross the boundary of this target. Append with
/// the function of the column's kind; the others put values where no page finds them.
package struct ParquetColumnValues {
  let column: ParquetColumn
  /// The definition level of each row: 1 for a value, 0 for NULL. Empty for a required column. In a tree a row may have several, up
  /// to `column.definitionLimit`.
  private(set) var levels: [UInt8] = []
  /// The repetition level of each definition level. Empty unless the column is in a list or map.
  private(set) var repetitions: [UInt8] = []
  /// The values of every column but one of timestamps.
  private(set) var table = ValueTable()
  /// The values of a column of timestamps.
  private(set) var times: [Int64] = []

  init(_ column: ParquetColumn) {
    self.column = column
  }

  /// The number of values that are not NULL.
  var count: Int { column.kind == .timestamp ? times.count : table.count }

  /// Append rows of a text column.
  ///
  /// - Parameters:
  ///   - levels: for each row 1 for a value, 0 for NULL. A required column ignores them.
  ///   - texts: the range in `bytes` of each value that is not NULL, in row order: as many as `levels` has ones.
  ///   - bytes: UTF-8. The column copies what it keeps.
  package mutating func append(levels: [UInt8], texts: [Range<Int>], in bytes: RawSpan) {
    append(levels)
    for range in texts { table.append(bytes.extracting(range)) }
  }

  /// Append rows of a column of doubles; `levels` as for text. NaN is a value, not NULL.
  package mutating func append(levels: [UInt8], doubles: [Double]) {
    append(levels)
    for number in doubles {
      var bits = number.bitPattern.littleEndian
      withUnsafeBytes(of: &bits) { table.append($0.bytes) }
    }
  }

  /// Append rows of a column of timestamps, in microseconds since 1970; `levels` as for text.
  package mutating func append(levels: [UInt8], timestamps: [Int64]) {
    append(levels)
    times.append(contentsOf: timestamps)
  }

  /// Append levels without a value: NULL, or an empty or NULL group, list or map above.
  mutating func appendNull(repetition: UInt8, definition: UInt8) {
    if column.repetitionLimit > 0 { repetitions.append(repetition) }
    levels.append(definition)
  }

  /// Append the levels of a value, which the caller appends next.
  private mutating func appendLevels(repetition: UInt8) {
    if column.repetitionLimit > 0 { repetitions.append(repetition) }
    if column.definitionLimit > 0 { levels.append(UInt8(column.definitionLimit)) }
  }

  /// Append a value of a tree in its `PLAIN` encoding: text and binary without the length, a boolean as one byte.
  mutating func append(_ value: RawSpan, repetition: UInt8) {
    appendLevels(repetition: repetition)
    table.append(value)
  }

  mutating func append(timestamp: Int64, repetition: UInt8) {
    appendLevels(repetition: repetition)
    times.append(timestamp)
  }

  private mutating func append(_ added: [UInt8]) {
    if !column.isRequired { levels.append(contentsOf: added) }
  }

  fileprivate mutating func removeAll() {
    levels.removeAll(keepingCapacity: true)
    repetitions.removeAll(keepingCapacity: true)
    table.removeAll()
    times.removeAll(keepingCapacity: true)
  }
}

extension ParquetColumnValues {
  /// The encoding of the data pages.
  ///
  /// Measured on 100,000 rows of a log, gzipped: timestamps take 0.27 MB as differences and 0.38 MB as `PLAIN`; identifiers take
  /// 2.05 MB as lengths and bytes, 2.19 MB as `PLAIN` and 2.07 MB as `DELTA_BYTE_ARRAY`. Rows sorted by time share prefixes only by
  /// chance, so the writer does not use the last.
  var encoding: ParquetEncoding {
    switch column.kind {
    case .timestamp: .deltaBinaryPacked
    case .text where column.nesting == nil: table.isDictionary ? .rleDictionary : .deltaLengthByteArray
    // Trees, such as Delta checkpoints, have old readers too. All of them know these encodings.
    case .text, .double, .int32, .int64, .binary: table.isDictionary ? .rleDictionary : .plain
    case .boolean: .plain
    }
  }

  /// The width of indices into the dictionary, in bits; at least 1, since not every reader accepts 0.
  private var indexWidth: Int { max(1, UInt64(max(0, table.entries - 1)).width) }

  /// The place after the last row of the page that starts at `start`.
  func pageEnd(from start: ParquetPlace, rows: Int, rowLimit: Int, byteLimit: Int) -> ParquetPlace {
    guard column.nesting == nil else {
      return nestedPageEnd(from: start, rows: rows, rowLimit: rowLimit, byteLimit: byteLimit)
    }
    let end = flatPageEnd(
      from: (start.row, start.value), rows: rows, rowLimit: rowLimit, byteLimit: byteLimit)
    return ParquetPlace(row: end.row, level: end.row, value: end.value)
  }

  private func flatPageEnd(
    from start: (row: Int, value: Int), rows: Int, rowLimit: Int, byteLimit: Int
  ) -> (row: Int, value: Int) {
    let last = min(rows, start.row + rowLimit)
    guard column.kind.isBytes, !table.isDictionary else {
      // Values of eight bytes or less reach the row limit first.
      let end = min(last, start.row + byteLimit / 8)
      return (end, start.value + present(start.row..<end))
    }
    var (row, value) = start
    var bytes = 0
    while row < last, bytes < byteLimit {
      if levels.isEmpty || levels[row] == 1 {
        bytes += 4 + table.range(Int(table.ids[value])).count
        value += 1
      }
      row += 1
    }
    return (row, value)
  }

  /// A page of a tree ends with a row too, however many levels the row has.
  private func nestedPageEnd(
    from start: ParquetPlace, rows: Int, rowLimit: Int, byteLimit: Int
  ) -> ParquetPlace {
    let last = min(rows, start.row + rowLimit)
    var place = start
    var bytes = 0
    while place.row < last, bytes < byteLimit {
      repeat {
        if levels.isEmpty || Int(levels[place.level]) == column.definitionLimit {
          bytes +=
            table.isDictionary || !column.kind.isBytes
            ? 8 : 4 + table.range(Int(table.ids[place.value])).count
          place.value += 1
        } else {
          bytes += 1
        }
        place.level += 1
      } while place.level < repetitions.count && repetitions[place.level] > 0
      place.row += 1
    }
    return place
  }

  /// The number of these rows that have a value.
  private func present(_ rows: Range<Int>) -> Int {
    guard !levels.isEmpty else { return rows.count }
    return levels.span.extracting(rows).sum
  }

  /// The number of values, including NULLs.
  func levelCount(rows: Int) -> Int { column.nesting == nil || levels.isEmpty ? rows : levels.count }

  /// How often each repetition level occurs, and each definition level. Empty in a flat table, and for a single level.
  var levelCounts: (repetition: [Int], definition: [Int]) {
    guard column.nesting != nil else { return ([], []) }
    let count = { (levels: [UInt8], limit: Int) in
      guard limit > 0 else { return [Int]() }
      var counts = Array(repeating: 0, count: limit + 1)
      for level in levels { counts[Int(level)] += 1 }
      return counts
    }
    return (count(repetitions, column.repetitionLimit), count(levels, column.definitionLimit))
  }

  /// Append the repetition levels, then the definition levels (parquet-format, README, "Data Pages").
  func appendLevels(_ range: Range<Int>, to output: inout [UInt8]) {
    if column.repetitionLimit > 0 { append(repetitions, range, column.repetitionLimit, to: &output) }
    if column.definitionLimit > 0 { append(levels, range, column.definitionLimit, to: &output) }
  }

  /// Append levels: the length of the runs in four bytes, then the runs (parquet-format, Encodings.md, the table under "RLE").
  private func append(_ levels: [UInt8], _ range: Range<Int>, _ limit: Int, to output: inout [UInt8]) {
    var runs: [UInt8] = []
    HybridRuns.append(levels.span.extracting(range), width: UInt64(limit).width, to: &runs)
    output.append(littleEndian: UInt32(runs.count))
    output.append(contentsOf: runs)
  }

  /// Append the values with these numbers, encoded.
  func appendValues(_ present: Range<Int>, _ encoding: ParquetEncoding, to output: inout [UInt8]) {
    switch encoding {
    case .rleDictionary:
      output.append(UInt8(indexWidth))
      HybridRuns.append(table.ids.span.extracting(present), width: indexWidth, to: &output)
    case .deltaBinaryPacked:
      DeltaBinaryPacking.append(times.span.extracting(present), to: &output)
    case .deltaLengthByteArray:
      // All lengths, then all bytes (parquet-format, Encodings.md, "Delta-length byte array").
      let lengths = present.map { Int64(table.range(Int(table.ids[$0])).count) }
      DeltaBinaryPacking.append(lengths.span, to: &output)
      table.bytes.withUnsafeBytes { bytes in
        for index in present {
          let range = table.range(Int(table.ids[index]))
          output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
      }
    case .plain where column.kind == .boolean:
      var packer = BitPacker()
      for index in present {
        packer.append(
          UInt64(table.bytes[table.range(Int(table.ids[index])).lowerBound]), width: 1, to: &output)
      }
      packer.finish(to: &output)
    case .plain, .rle:
      for index in present { output.append(plain: table, Int(table.ids[index]), column.kind) }
    }
  }
}

extension Span<UInt8> {
  fileprivate var sum: Int {
    var sum = 0
    for index in indices { sum &+= Int(self[unchecked: index]) }
    return sum
  }
}

extension [UInt8] {
  /// Append an entry as `PLAIN` (parquet-format, Encodings.md): text after its length in four bytes, a number as its bytes.
  mutating func append(plain table: ValueTable, _ entry: Int, _ kind: ParquetColumn.Kind) {
    let range = table.range(entry)
    if kind.isBytes { append(littleEndian: UInt32(range.count)) }
    append(contentsOf: table.bytes[range])
  }
}
