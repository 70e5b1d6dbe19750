package import AuditRecord
package import Parquet

/// Writes one part of a day as a Parquet file.
///
/// The caller decides where the part ends, so that it holds the same rows as the part of the same number in another format. Append
/// rows in their final order. Bytes of the file go to `sink`, one column of a row group at a time. Memory holds one row group, of at
/// most `groupBytes` of values and one more row. Do not use the writer again after an error.
package struct ParquetPartWriter: ~Copyable {
  /// A row group ends with the row that reaches this many bytes of values, or `ParquetRowGroup.rowLimit` rows.
  private static let groupBytes = 32 << 20
  /// The largest row, in bytes of values: the format counts the bytes of a page in 32 bits.
  private static let rowBytes = 1 << 30

  private var group = ParquetRowGroup(ParquetPartColumns.schema)
  private var groupSize = 0
  private var values = GatheredValues()
  private var writer: ParquetWriter
  private var tally = PartTally()

  /// - Throws: `ParquetError` for zstd in a build without it or with a bad level, `GzipError` for a bad level of gzip.
  package init(_ compression: ParquetCompression = .gzip(level: 6)) throws {
    writer = try ParquetWriter(
      ParquetPartColumns.schema, createdBy: ParquetPartColumns.createdBy, compression)
  }

  /// The number of rows written so far.
  package var rows: Int { tally.rows }
  /// The bytes of values written so far: four and its own for a text, eight for a time or number, none for NULL.
  package var uncompressedBytes: Int { tally.uncompressedBytes }

  /// Write the rows at some places of a selection.
  ///
  /// - Throws: `ParquetError` for a row of more than 1 GiB, an error of the compression library, or what `sink` throws.
  package mutating func append(
    _ selection: RowSelection, _ places: Range<Int>, to sink: ([UInt8]) throws -> Void
  ) throws {
    // Read once: for each row it would be a call into another module.
    let rowLimit = ParquetRowGroup.rowLimit
    var first = places.lowerBound
    for place in places {
      let row = Int(selection.rows[place])
      let size = ParquetPartColumns.size(of: row, in: selection.batch)
      guard size <= Self.rowBytes else { throw ParquetError(.tooLarge(Self.rowBytes)) }
      tally.uncompressedBytes += size
      tally.add(eventAt: selection.batch.eventAt[row])
      groupSize += size
      if group.rows + place + 1 - first == rowLimit || groupSize >= Self.groupBytes {
        values.append(selection.batch, rows: selection.rows[first..<place + 1], to: &group)
        try writeGroup(to: sink)
        first = place + 1
      }
    }
    values.append(selection.batch, rows: selection.rows[first..<places.upperBound], to: &group)
  }

  /// End the file. A part without rows is a file without row groups.
  ///
  /// - Throws: an error of the compression library, or what `sink` throws.
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

/// The columns of the audit log as columns of Parquet.
enum ParquetPartColumns {
  /// Readers parse this. The number changes when the writer encodes rows differently, not with each release.
  static let createdBy = "cloudsmith-audit-export version 1.0.0 (build 1)"

  /// Bloom filters let a search for one actor or object skip the days without it: DuckDB reads 17 KB of a part of 3.3 MB to exclude
  /// it, instead of 2.5 MB. The filters are 4 % of the part, nearly all of it for `uuid`.
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

  /// The size of a row's values in `PLAIN` encoding: four and its own bytes for a text, eight for the others, none for NULL.
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

/// The values of one column of some rows, gathered from a batch into the form that `ParquetColumnValues` takes.
///
/// Parquet receives a column of a few thousand rows in one call, never a value. The arrays are reused.
private struct GatheredValues {
  /// Rows gathered at a time, so that the arrays stay in the processor's cache.
  private static let rowLimit = 4_096

  private var levels: [UInt8] = []
  private var texts: [Range<Int>] = []
  private var doubles: [Double] = []
  private var timestamps: [Int64] = []

  /// Append rows of a batch to a row group, column by column.
  mutating func append(_ batch: RowBatch, rows: ArraySlice<Int32>, to group: inout ParquetRowGroup) {
    var rest = rows
    while !rest.isEmpty {
      appendPiece(batch, rows: rest.prefix(Self.rowLimit), to: &group)
      rest = rest.dropFirst(Self.rowLimit)
    }
  }

  private mutating func appendPiece(
    _ batch: RowBatch, rows: ArraySlice<Int32>, to group: inout ParquetRowGroup
  ) {
    let text = batch.bytes.span.bytes
    var cell = 0
    for column in Column.allCases {
      let index = column.rawValue
      switch column {
      case .eventAt:
        gather(batch.eventAt, rows)
        group.columns[index].append(levels: [], timestamps: timestamps)
      case .actorLocationLatitude:
        gather(batch.latitude, rows)
        group.columns[index].append(levels: levels, doubles: doubles)
      case .actorLocationLongitude:
        gather(batch.longitude, rows)
        group.columns[index].append(levels: levels, doubles: doubles)
      default:
        gather(batch.cells.span, cell, rows.span)
        group.columns[index].append(levels: levels, texts: texts, in: text)
        cell += 1
      }
    }
    group.rows += rows.count
  }

  /// Gather one text column: for each row the cell at the place `column`.
  private mutating func gather(_ cells: Span<RowBatch.Cell>, _ column: Int, _ rows: Span<Int32>) {
    let (null, columns) = (RowBatch.Cell.null.length, TextColumn.count)
    levels.removeAll(keepingCapacity: true)
    texts.removeAll(keepingCapacity: true)
    levels.append(addingCapacity: rows.count) { space in
      for index in rows.indices {
        space.append(cells[Int(rows[index]) * columns + column].length == null ? 0 : 1)
      }
    }
    texts.append(addingCapacity: rows.count) { space in
      for index in rows.indices {
        let value = cells[Int(rows[index]) * columns + column]
        if value.length != null {
          space.append(Int(value.offset)..<Int(value.offset) + Int(value.length))
        }
      }
    }
  }

  /// Gather coordinates. A batch stores NULL as NaN, and holds no infinity.
  private mutating func gather(_ numbers: [Double], _ rows: ArraySlice<Int32>) {
    levels.removeAll(keepingCapacity: true)
    doubles.removeAll(keepingCapacity: true)
    for row in rows {
      let number = numbers[Int(row)]
      levels.append(number.isFinite ? 1 : 0)
      if number.isFinite { doubles.append(number) }
    }
  }

  /// Gather times, which are never NULL.
  private mutating func gather(_ times: [Int64], _ rows: ArraySlice<Int32>) {
    timestamps.removeAll(keepingCapacity: true)
    for row in rows { timestamps.append(times[Int(row)]) }
  }
}
