/// One column of the row group in hand.
struct ParquetColumnValues {
  let column: ParquetColumn
  /// For each row 1 when there is a value, 0 for NULL; empty for a required column.
  private(set) var levels: [UInt8] = []
  /// Of a column of text or doubles.
  private(set) var table = ValueTable()
  /// Of a column of times.
  private(set) var times: [Int64] = []

  init(_ column: ParquetColumn) {
    self.column = column
  }

  /// Values that are not NULL.
  var count: Int { column.kind == .timestamp ? times.count : table.count }

  /// Adds so many rows, of which `isThere` tells whether they have a value, which a required column always has. The values
  /// themselves are added behind one another by the functions below.
  @inline(__always)
  mutating func append(rows: Int, _ isThere: (Int) -> Bool = { _ in true }) {
    guard !column.isRequired else { return }
    levels.append(addingCapacity: rows) { space in
      for row in 0..<rows { space.append(isThere(row) ? 1 : 0) }
    }
  }

  @inline(__always)
  mutating func append(text: RawSpan) { table.append(text) }

  mutating func append(number: Double) {
    var bits = number.bitPattern.littleEndian
    withUnsafeBytes(of: &bits) { table.append($0.bytes) }
  }

  mutating func append(time: Int64) { times.append(time) }

  mutating func removeAll() {
    levels.removeAll(keepingCapacity: true)
    table.removeAll()
    times.removeAll(keepingCapacity: true)
  }
}

/// Rows that become a row group. The caller adds the values of each column, as many to each, and then counts the rows.
struct ParquetRowGroup {
  /// Readers hold pages or more of each column in memory, and skip whole row groups; so neither many more nor many fewer.
  static let rowLimit = 50_000

  var columns: [ParquetColumnValues]
  var rows = 0

  init(_ schema: ParquetSchema) {
    columns = schema.columns.map { ParquetColumnValues($0) }
  }

  mutating func removeAll() {
    for index in columns.indices { columns[index].removeAll() }
    rows = 0
  }
}
