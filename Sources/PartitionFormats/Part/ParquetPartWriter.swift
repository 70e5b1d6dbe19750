package import AuditRecord

/// Writes one part of a day as a Parquet file.
///
/// The caller says where the part ends; so a part holds the rows that the part of the same number holds in another format.
/// Rows go in in their final order; bytes of the file come out through `sink`, a column of a row group at a time. In memory
/// is one row group, of at most `groupBytes` of values and one row more. After an error the writer cannot be used further.
package struct ParquetPartWriter: ~Copyable {
  /// A row group ends with the row that brings it to so many rows or bytes of values.
  private static let groupBytes = 32 << 20
  /// The format counts the bytes of a page in 32 bits.
  private static let rowBytes = 1 << 30

  private var group = ParquetRowGroup(ParquetPartColumns.schema)
  private var groupSize = 0
  private var writer: ParquetWriter
  private var tally = PartTally()

  /// Throws `ParquetError` for zstd in a build without it, `GzipError` for a level that is none.
  package init(_ compression: ParquetCompression = .gzip(level: 6)) throws {
    writer = try ParquetWriter(
      ParquetPartColumns.schema, createdBy: ParquetPartColumns.createdBy, compression)
  }

  /// The rows written so far.
  package var rows: Int { tally.rows }
  /// The bytes of the values written so far: four and its own for a text, eight for a time or number, none for NULL.
  package var uncompressedBytes: Int { tally.uncompressedBytes }

  /// Writes the rows at some places of a selection. Throws `GzipError`, `ParquetError` for a row of more than 1 GiB, or what
  /// `sink` throws.
  package mutating func append(
    _ selection: RowSelection, _ places: Range<Int>, to sink: ([UInt8]) throws -> Void
  ) throws {
    var first = places.lowerBound
    for place in places {
      let row = Int(selection.rows[place])
      let size = ParquetPartColumns.size(of: row, in: selection.batch)
      guard size <= Self.rowBytes else { throw ParquetError(.tooLarge(Self.rowBytes)) }
      tally.uncompressedBytes += size
      tally.add(eventAt: selection.batch.eventAt[row])
      groupSize += size
      if group.rows + place + 1 - first == ParquetRowGroup.rowLimit || groupSize >= Self.groupBytes {
        group.append(selection.batch, rows: selection.rows[first..<place + 1])
        try writeGroup(to: sink)
        first = place + 1
      }
    }
    group.append(selection.batch, rows: selection.rows[first..<places.upperBound])
  }

  /// Ends the file. A part without rows is one without row groups.
  package mutating func finish(to sink: ([UInt8]) throws -> Void) throws -> PartSummary {
    if group.rows > 0 { try writeGroup(to: sink) }
    var tally = tally
    try writer.finish {
      tally.add(file: $0)
      try sink($0)
    }
    return tally.summary
  }

  private mutating func writeGroup(to sink: ([UInt8]) throws -> Void) throws {
    var tally = tally
    try writer.write(group) {
      tally.add(file: $0)
      try sink($0)
    }
    self.tally = tally
    group.removeAll()
    groupSize = 0
  }
}

/// The schema of the audit log as columns of Parquet.
enum ParquetPartColumns {
  /// Readers take this apart; the number changes when rows are written otherwise, and not with each release.
  static let createdBy = "cloudsmith-audit-export version 1.0.0 (build 1)"

  /// Whoever looks for one actor or object opens the days that have it: DuckDB reads 17 KB of a part of 3.3 MB, and not 2.5 MB, to
  /// know that it is not there. The filters are 4 % of the part, nearly all of it for `uuid`.
  static let schema = ParquetSchema(
    name: "schema",
    columns: Column.allCases.map { ParquetColumn($0.name, kind($0.kind), isRequired: $0.isRequired) },
    sorting: [Column.eventAt.rawValue, Column.uuid.rawValue],
    filtered: [Column.uuid.rawValue, Column.actor.rawValue, Column.object.rawValue],
    metadata: [.init("schema", Column.schemaName)])

  private static func kind(_ kind: Column.Kind) -> ParquetColumn.Kind {
    switch kind {
    case .string: .text
    case .timestamp: .timestamp
    case .float64: .double
    }
  }

  /// The bytes of a row's values, as `PLAIN` writes them: four and its own for a text, eight for the others, none for NULL.
  static func size(of row: Int, in batch: RowBatch) -> Int {
    let cells = batch.cells.span.extracting(row * TextColumn.count..<(row + 1) * TextColumn.count)
    var size = 8
    for index in cells.indices {
      let length = cells[unchecked: index].length
      if length != RowBatch.Cell.null.length { size += 4 + Int(length) }
    }
    if !batch.latitude[row].isNaN { size += 8 }
    if !batch.longitude[row].isNaN { size += 8 }
    return size
  }
}

extension ParquetRowGroup {
  /// Adds rows of a batch, column by column.
  mutating func append(_ batch: RowBatch, rows added: ArraySlice<Int32>) {
    let text = batch.bytes.span.bytes
    var cell = 0
    for column in Column.allCases {
      switch column {
      case .eventAt: columns[column.rawValue].append(batch.eventAt, added)
      case .actorLocationLatitude: columns[column.rawValue].append(batch.latitude, added)
      case .actorLocationLongitude: columns[column.rawValue].append(batch.longitude, added)
      default:
        columns[column.rawValue].append(text, batch.cells.span, cell, added.span)
        cell += 1
      }
    }
    rows += added.count
  }
}

extension ParquetColumnValues {
  /// Adds the values of one column of text: of each row the cell at the place `column`, which is a range of `text`.
  fileprivate mutating func append(
    _ text: RawSpan, _ cells: Span<RowBatch.Cell>, _ column: Int, _ rows: Span<Int32>
  ) {
    let (null, columns) = (RowBatch.Cell.null.length, TextColumn.count)
    append(rows: rows.count) { cells[Int(rows[$0]) * columns + column].length != null }
    for index in rows.indices {
      let value = cells[Int(rows[index]) * columns + column]
      if value.length != null {
        append(text: text.extracting(Int(value.offset)..<Int(value.offset) + Int(value.length)))
      }
    }
  }

  /// A batch tells NULL as NaN, and holds no infinity.
  fileprivate mutating func append(_ numbers: [Double], _ rows: ArraySlice<Int32>) {
    append(rows: rows.count) { numbers[Int(rows[rows.startIndex + $0])].isFinite }
    for row in rows where numbers[Int(row)].isFinite { append(number: numbers[Int(row)]) }
  }

  fileprivate mutating func append(_ times: [Int64], _ rows: ArraySlice<Int32>) {
    append(rows: rows.count)
    for row in rows { append(time: times[Int(row)]) }
  }
}
