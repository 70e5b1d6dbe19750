package import AuditRecord
private import Parquet

/// Reads one part of a day from its Parquet file, and recomputes the summary that its writer recorded.
///
/// Memory holds the footer, the compressed bytes of one row group, and for each column one page and the dictionary. It reads the
/// file from the first byte to the last; only the footer, which it needs first, is read twice. Do not use the reader again after an
/// error.
package struct ParquetPartReader: ~Copyable {
  /// Reads `count` bytes of the file from `offset` on. Fewer bytes mean that the file ends there.
  package typealias Source = (_ offset: Int, _ count: Int) async throws -> [UInt8]

  /// A batch ends when it reaches either limit, in rows and in bytes of text.
  private static let batchRows = 4_096
  private static let batchBytes = 4 << 20
  /// The bytes after the row groups are read in pieces of this size.
  private static let pieceLength = 1 << 20

  private let reader: ParquetReader
  private var tally = PartTally()
  private var group = 0
  private var rows = ParquetPartRows([], rows: 0)
  /// Bytes of the file that the tally includes.
  private var position = ParquetReader.magic.count

  /// Read the footer of a file of `size` bytes.
  ///
  /// - Throws: `ParquetError` if the file is not a part of this schema, or what `source` throws.
  package init(size: Int, _ source: @escaping Source) async throws {
    let reader = try await ParquetReader(size: size, source)
    guard reader.metadata.schema.columns == ParquetPartColumns.schema.columns,
      reader.metadata.schema.metadata == ParquetPartColumns.schema.metadata
    else { throw ParquetError(.schema) }
    self.reader = reader
    // The reader has checked that the file starts with them.
    tally.add(file: ParquetReader.magic)
  }

  /// Return the next few thousand rows; nil after the last.
  ///
  /// - Parameter content: receives the CSV text of the rows.
  /// - Throws: `ParquetError` if the file is not what a writer wrote, or what the source throws.
  package mutating func next(content: inout DayContentHash) async throws -> RowBatch? {
    var batch = RowBatch()
    while batch.count < Self.batchRows, batch.bytes.count < Self.batchBytes {
      if rows.rowsLeft > 0 {
        try rows.appendNext(to: &batch)
      } else {
        try rows.finish()
        guard group < reader.metadata.groups.count else { break }
        try await openGroup()
      }
    }
    guard !batch.isEmpty else { return nil }
    for row in 0..<batch.count {
      tally.uncompressedBytes += ParquetPartColumns.size(of: row, in: batch)
      tally.add(eventAt: batch.eventAt[row])
    }
    content.append(batch, rows: 0..<batch.count)
    return batch
  }

  /// Read the rest of the file, after `next` has returned all rows, and return the part's summary.
  ///
  /// - Throws: `ParquetError` if the file ends early, or what the source throws.
  package mutating func finish() async throws -> PartSummary {
    while position < reader.size { _ = try await readOn(min(Self.pieceLength, reader.size - position)) }
    return tally.summary
  }

  private mutating func openGroup() async throws {
    let next = reader.metadata.groups[group]
    var columns: [ParquetColumnReader] = []
    for chunk in next.chunks {
      let bytes = try await readOn(chunk.compressedSize)
      columns.append(try ParquetColumnReader(chunk, bytes, rowGroup: group))
    }
    rows = ParquetPartRows(columns, rows: next.rows)
    group += 1
  }

  /// Read the next bytes of the file. Columns follow each other without gaps, as `ParquetReader` has checked.
  private mutating func readOn(_ count: Int) async throws -> [UInt8] {
    let bytes = try await reader.bytes(at: position, count: count)
    tally.add(file: bytes)
    position += count
    return bytes
  }
}

/// Assembles the rows of a row group from its columns.
private struct ParquetPartRows {
  /// A column, and the position in its current page.
  ///
  /// It takes values straight out of the page. A call into Parquet for each of them would be many times slower.
  private struct Cursor {
    var reader: ParquetColumnReader
    /// The next row of the page, and the next value that is not NULL.
    private var row = 0
    private var value = 0

    init(_ reader: ParquetColumnReader) {
      self.reader = reader
    }

    /// Advance to the next row. Returns the index of its value among those of the page, or nil for NULL.
    mutating func next() throws(ParquetError) -> Int? {
      if row == reader.page.rows {
        try reader.readPage()
        (row, value) = (0, 0)
      }
      row += 1
      if !reader.page.levels.isEmpty && reader.page.levels[row - 1] == 0 { return nil }
      value += 1
      return value - 1
    }

    func append(_ value: Int, to output: inout [UInt8]) {
      output.append(contentsOf: reader.page.bytes.span.extracting(reader.page.texts[value]))
    }
  }

  /// The columns of the schema, in its order.
  private var columns: [Cursor]
  private(set) var rowsLeft: Int

  init(_ columns: [ParquetColumnReader], rows: Int) {
    self.columns = columns.map { Cursor($0) }
    rowsLeft = rows
  }

  /// Append the next row to a batch. Throws if there is none.
  mutating func appendNext(to batch: inout RowBatch) throws(ParquetError) {
    for column in Column.allCases {
      let index = column.rawValue
      let value = try columns[index].next()
      switch column {
      case .eventAt: batch.eventAt.append(try time(index, value))
      case .actorLocationLatitude: batch.latitude.append(try number(index, value))
      case .actorLocationLongitude: batch.longitude.append(try number(index, value))
      default:
        guard let value else {
          batch.cells.append(.null)
          continue
        }
        let length = columns[index].reader.page.texts[value].count
        guard batch.hasRoom(for: length) else { throw columns[index].reader.error(.value) }
        columns[index].append(value, to: &batch.bytes)
        batch.cells.append(.init(batch.bytes.count - length..<batch.bytes.count))
      }
    }
    batch.ends.append(UInt32(truncatingIfNeeded: batch.bytes.count))
    rowsLeft -= 1
  }

  /// Throws unless the columns hold exactly the rows of the group.
  func finish() throws(ParquetError) {
    for column in columns { try column.reader.finish() }
  }

  private func time(_ index: Int, _ value: Int?) throws(ParquetError) -> Int64 {
    guard let value else { throw columns[index].reader.error(.value) }
    let time = Timestamp(microseconds: columns[index].reader.page.timestamps[value])
    guard time >= .earliest, time <= .latest else { throw columns[index].reader.error(.value) }
    return time.microseconds
  }

  private func number(_ index: Int, _ value: Int?) throws(ParquetError) -> Double {
    guard let value else { return .nan }
    let number = columns[index].reader.page.doubles[value]
    guard number.isFinite else { throw columns[index].reader.error(.value) }
    return number
  }
}
