extension RowBatch {
  package func hasSameUUID(_ row: Int, as other: RowBatch, _ otherRow: Int) -> Bool {
    bytes[cell(.uuid, row).range].elementsEqual(other.bytes[other.cell(.uuid, otherRow).range])
  }

  /// Whether two rows are equal in every column.
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

  /// Whether the row's uuid sorts before the other's, byte by byte.
  package func uuidPrecedes(_ row: Int, _ other: RowBatch, _ otherRow: Int) -> Bool {
    bytes[cell(.uuid, row).range].lexicographicallyPrecedes(other.bytes[other.cell(.uuid, otherRow).range])
  }
}

extension Double {
  /// Equal as a cell: bit by bit, and NULL (NaN) equal to NULL.
  fileprivate func isSameCell(as other: Double) -> Bool {
    isNaN ? other.isNaN : bitPattern == other.bitPattern
  }
}
