package import AuditRecord

/// Reads one part of a day from its Parquet file, and finds again all that its writer knew about it.
///
/// In memory are the footer, the compressed bytes of one row group, and of each column one page and the dictionary. The file's
/// bytes are read from the first to the last; only the footer is read twice, since nothing can be read without it. After an
/// error the reader cannot be used further.
package struct ParquetPartReader: ~Copyable {
  /// Reads `count` bytes of the file from `offset` on. Fewer are taken for a file that ends there.
  package typealias Source = (_ offset: Int, _ count: Int) async throws -> [UInt8]

  /// A batch of so many rows, or of so much text, is handed on.
  private static let batchRows = 4_096
  private static let batchBytes = 4 << 20
  /// What stands behind the row groups is read so many bytes at a time.
  private static let pieceLength = 1 << 20

  private let reader: ParquetReader
  private var tally = PartTally()
  private var group = 0
  private var rows = ParquetPartRows([], rows: 0)
  /// Bytes of the file that the tally has seen.
  private var position = ParquetNumber.magic.count

  /// Reads the footer of a file of `size` bytes. Throws `ParquetError`, or what `source` throws.
  package init(size: Int, _ source: @escaping Source) async throws {
    let reader = try await ParquetReader(size: size, source)
    guard reader.metadata.schema.columns == ParquetPartColumns.schema.columns,
      reader.metadata.schema.metadata == ParquetPartColumns.schema.metadata
    else { throw ParquetError(.schema) }
    self.reader = reader
    // The reader has seen that these are the first bytes.
    tally.add(file: ParquetNumber.magic)
  }

  /// The next rows, a few thousand; nil at the end.
  ///
  /// `content` takes the rows' text. Throws `ParquetError` where the file is not what a writer made, or what the source
  /// throws.
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

  /// Ends the file, of which `next` has handed out all rows.
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

  /// The next bytes of the file. Chunks stand one behind the other, as `ParquetReader` has checked.
  private mutating func readOn(_ count: Int) async throws -> [UInt8] {
    let bytes = try await reader.bytes(at: position, count: count)
    tally.add(file: bytes)
    position += count
    return bytes
  }
}

/// The rows of a row group, put together again from its columns.
struct ParquetPartRows {
  /// Those of the schema, in its order.
  private var columns: [ParquetColumnReader]
  private(set) var rowsLeft: Int

  init(_ columns: [ParquetColumnReader], rows: Int) {
    self.columns = columns
    rowsLeft = rows
  }

  /// Adds the next row; throws when there is none.
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
        let length = columns[index].content.places[value].count
        guard batch.hasRoom(for: length) else { throw columns[index].mistake(.value) }
        columns[index].content.append(value, to: &batch.bytes)
        batch.cells.append(.init(batch.bytes.count - length..<batch.bytes.count))
      }
    }
    batch.ends.append(UInt32(truncatingIfNeeded: batch.bytes.count))
    rowsLeft -= 1
  }

  /// Throws unless the columns hold no more than the rows.
  func finish() throws(ParquetError) {
    for column in columns { try column.finish() }
  }

  private func time(_ index: Int, _ value: Int?) throws(ParquetError) -> Int64 {
    guard let value else { throw columns[index].mistake(.value) }
    let time = Timestamp(microseconds: columns[index].content.times[value])
    guard time >= .earliest, time <= .latest else { throw columns[index].mistake(.value) }
    return time.microseconds
  }

  private func number(_ index: Int, _ value: Int?) throws(ParquetError) -> Double {
    guard let value else { return .nan }
    let number = columns[index].content.number(value)
    guard number.isFinite else { throw columns[index].mistake(.value) }
    return number
  }
}
