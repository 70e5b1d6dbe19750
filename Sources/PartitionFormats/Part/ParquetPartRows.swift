import AuditRecord

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
