/// Flattened rows, stored column-wise in a few arrays: no allocation, `String` or dictionary per event.
///
/// `bytes` holds the UTF-8 text of all rows, row after row; a cell is a range of it. Rows are only appended. A batch holds less
/// than 4 GiB of text (`hasRoom`).
package struct RowBatch: Sendable {
  /// The value of a text column in a row: a range of the batch's bytes, or NULL.
  package struct Cell: Hashable, Sendable {
    /// The first byte of the text in the batch's bytes.
    package var offset: UInt32
    /// The length in bytes; `.max` for NULL.
    package var length: UInt32

    package init(offset: UInt32, length: UInt32) {
      self.offset = offset
      self.length = length
    }

    /// The value at `range` of the batch's bytes, which are fewer than 4 GiB.
    package init(_ range: Range<Int>) {
      self.offset = UInt32(truncatingIfNeeded: range.lowerBound)
      self.length = UInt32(truncatingIfNeeded: range.count)
    }

    /// The cell of a NULL value. Its offset is 0, so NULLs are equal.
    package static let null = Cell(offset: 0, length: .max)
    @inlinable @inline(__always) package var isNull: Bool { length == .max }
    /// The range of the batch's bytes; empty for NULL and for the empty string.
    @inlinable @inline(__always) package var range: Range<Int> {
      isNull ? 0..<0 : Int(offset)..<Int(offset) + Int(length)
    }
  }

  /// The text of all rows in UTF-8.
  package var bytes: [UInt8] = []
  /// `TextColumn.count` cells per row.
  package var cells: [Cell] = []
  /// Where each row's text ends in `bytes`. It starts where the previous row's ends.
  package var ends: [UInt32] = []
  /// Microseconds since 1970-01-01T00:00:00Z.
  package var eventAt: [Int64] = []
  /// Degrees; NaN is NULL.
  package var latitude: [Double] = []
  /// Degrees; NaN is NULL.
  package var longitude: [Double] = []

  package init() {}

  /// The number of rows.
  @inlinable @inline(__always) package var count: Int { eventAt.count }
  @inlinable @inline(__always) package var isEmpty: Bool { eventAt.isEmpty }

  /// The cell of a text column in a row.
  @inlinable @inline(__always) package func cell(_ column: TextColumn, _ row: Int) -> Cell {
    cells[row * TextColumn.count + column.rawValue]
  }

  /// The `event_at` of a row.
  @inlinable @inline(__always) package func time(_ row: Int) -> Timestamp {
    Timestamp(microseconds: eventAt[row])
  }

  /// The range of `bytes` that holds the row's text.
  @inlinable @inline(__always) package func textRange(_ row: Int) -> Range<Int> {
    (row == 0 ? 0 : Int(ends[row - 1]))..<Int(ends[row])
  }

  /// The approximate memory of the batch, in bytes.
  package var footprint: Int {
    bytes.capacity + MemoryLayout<Cell>.stride * cells.capacity + 4 * ends.capacity + 8 * eventAt.capacity
      + 8 * latitude.capacity + 8 * longitude.capacity
  }

  /// Whether the batch can address `length` more bytes of text.
  package func hasRoom(for length: Int) -> Bool { bytes.count + length < Int(UInt32.max) }

  /// A text cell as a `String`; nil for NULL. It allocates: use it for messages and tests, not for every event.
  package func string(_ column: TextColumn, _ row: Int) -> String? {
    let cell = cell(column, row)
    return cell.isNull ? nil : String(decoding: bytes[cell.range], as: UTF8.self)
  }

  /// Append a copy of a row of another batch. The caller checks `hasRoom`.
  package mutating func append(_ row: Int, of other: RowBatch) {
    let text = other.textRange(row)
    let shift = UInt32(truncatingIfNeeded: bytes.count) &- UInt32(truncatingIfNeeded: text.lowerBound)
    bytes.append(contentsOf: other.bytes[text])
    let first = row * TextColumn.count
    let added = cells.count
    cells.append(contentsOf: other.cells[first..<first + TextColumn.count])
    for index in added..<added + TextColumn.count {
      cells[index].offset &+= cells[index].isNull ? 0 : shift
    }
    ends.append(UInt32(truncatingIfNeeded: bytes.count))
    eventAt.append(other.eventAt[row])
    latitude.append(other.latitude[row])
    longitude.append(other.longitude[row])
  }

  /// Reserve memory for this many rows, without their text.
  package mutating func reserveRows(_ count: Int) {
    cells.reserveCapacity(count * TextColumn.count)
    ends.reserveCapacity(count)
    eventAt.reserveCapacity(count)
    latitude.reserveCapacity(count)
    longitude.reserveCapacity(count)
  }

  /// Remove all rows but keep the memory.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    cells.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    eventAt.removeAll(keepingCapacity: true)
    latitude.removeAll(keepingCapacity: true)
    longitude.removeAll(keepingCapacity: true)
  }
}

/// Some rows of a batch in a given order, such as the result of a sort, without copying rows.
package struct RowSelection: Sendable {
  /// The batch that `rows` refers to.
  package let batch: RowBatch
  /// Indices of the batch's rows.
  package var rows: [Int32]

  /// - Parameter rows: indices of the batch's rows, in the order of the selection. The caller checks that they exist.
  package init(_ batch: RowBatch, rows: [Int32]) {
    self.batch = batch
    self.rows = rows
  }

  /// All rows of a batch, in batch order.
  package init(_ batch: RowBatch) {
    self.init(batch, rows: (0..<Int32(batch.count)).map { $0 })
  }
}

extension RowBatch {
  /// Whether two rows have the same `uuid`.
  package func hasSameUUID(_ row: Int, as other: RowBatch, _ otherRow: Int) -> Bool {
    bytes[cell(.uuid, row).range].elementsEqual(other.bytes[other.cell(.uuid, otherRow).range])
  }

  /// Whether two rows are equal in every column. NULL equals NULL, and zero differs from minus zero.
  package func hasSameContent(_ row: Int, as other: RowBatch, _ otherRow: Int) -> Bool {
    guard eventAt[row] == other.eventAt[otherRow],
      latitude[row].isSameCell(as: other.latitude[otherRow]),
      longitude[row].isSameCell(as: other.longitude[otherRow])
    else { return false }
    return (0..<TextColumn.count).allSatisfy { column in
      let cell = cells[row * TextColumn.count + column]
      let otherCell = other.cells[otherRow * TextColumn.count + column]
      return cell.length == otherCell.length
        && bytes[cell.range].elementsEqual(other.bytes[otherCell.range])
    }
  }

  /// Whether the row's `uuid` sorts before the other's, by bytes.
  package func uuidPrecedes(_ row: Int, _ other: RowBatch, _ otherRow: Int) -> Bool {
    bytes[cell(.uuid, row).range].lexicographicallyPrecedes(other.bytes[other.cell(.uuid, otherRow).range])
  }
}

extension Double {
  /// Whether two cells are equal: bit by bit, and NULL (NaN) equals NULL.
  fileprivate func isSameCell(as other: Double) -> Bool {
    isNaN ? other.isNaN : bitPattern == other.bitPattern
  }
}
