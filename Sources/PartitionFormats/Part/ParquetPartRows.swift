import AuditRecord

/// The rows of a row group, put together again from its columns.
struct ParquetPartRows {
  private let columns: [ParquetColumnContent]
  private let rowGroup: Int
  private var row = 0
  /// The next value of each column.
  private var next: [Int]

  /// The columns are those of the schema, each with the same number of rows.
  init(_ columns: [ParquetColumnContent], rowGroup: Int) throws(ParquetError) {
    self.columns = columns
    self.rowGroup = rowGroup
    next = Array(repeating: 0, count: columns.count)
    for column in Column.allCases where column.kind == .string {
      let content = columns[column.rawValue]
      for place in content.places where !content.isUTF8(place) {
        throw ParquetError(.notUTF8, rowGroup: rowGroup, column: column.name)
      }
    }
  }

  /// Adds the next row.
  mutating func appendNext(to batch: inout RowBatch) throws(ParquetError) {
    for column in Column.allCases {
      let index = column.rawValue
      let isNull = !columns[index].levels.isEmpty && columns[index].levels[row] == 0
      let value = next[index]
      if !isNull { next[index] += 1 }
      switch column {
      case .eventAt:
        let time = Timestamp(microseconds: columns[index].times[value])
        guard time >= .earliest, time <= .latest else { throw mistake(column) }
        batch.eventAt.append(time.microseconds)
      case .actorLocationLatitude: batch.latitude.append(isNull ? .nan : try number(column, value))
      case .actorLocationLongitude: batch.longitude.append(isNull ? .nan : try number(column, value))
      default:
        guard !isNull else {
          batch.cells.append(.null)
          continue
        }
        let place = columns[index].places[value]
        guard batch.hasRoom(for: place.count) else { throw mistake(column) }
        let start = batch.bytes.count
        batch.bytes.append(contentsOf: columns[index].bytes[place])
        batch.cells.append(.init(start..<batch.bytes.count))
      }
    }
    batch.ends.append(UInt32(truncatingIfNeeded: batch.bytes.count))
    row += 1
  }

  private func number(_ column: Column, _ value: Int) throws(ParquetError) -> Double {
    let index = column.rawValue
    let place = columns[index].places[value].lowerBound
    let bytes = columns[index].bytes
    let bits = bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self)
    let number = Double(bitPattern: UInt64(littleEndian: bits))
    guard number.isFinite else { throw mistake(column) }
    return number
  }

  private func mistake(_ column: Column) -> ParquetError {
    ParquetError(.value, rowGroup: rowGroup, column: column.name)
  }
}

extension ParquetColumnContent {
  fileprivate func isUTF8(_ place: Range<Int>) -> Bool {
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span.extracting(place))
      return true
    } catch {
      return false
    }
  }
}
