package import AuditRecord

/// Rows in the order of the archive, handed out run by run: as many as come from one batch, one after the other. A batch is
/// let go of with its last row.
package struct SortedRows: Sendable {
  private var chunks: [RowBatch]
  /// How many rows of each chunk were not handed out yet.
  private var left: [Int]
  private let order: [Entry]
  private var position = 0

  private struct Entry: Sendable {
    var eventAt: Int64
    var place: RowPlace
  }

  init(_ chunks: [RowBatch], _ places: [RowPlace]) {
    var order: [Entry] = []
    order.reserveCapacity(places.count)
    var left = Array(repeating: 0, count: chunks.count)
    // The API lists the newest first: this way round they are nearly sorted.
    for place in places.reversed() {
      order.append(Entry(eventAt: chunks[place.chunk].eventAt[place.row], place: place))
      left[place.chunk] += 1
    }
    order.sort { one, other in
      if one.eventAt != other.eventAt { return one.eventAt < other.eventAt }
      return chunks[one.place.chunk].uuidPrecedes(one.place.row, chunks[other.place.chunk], other.place.row)
    }
    self.chunks = chunks
    self.left = left
    self.order = order
  }

  package mutating func next() -> RowSelection? {
    guard position < order.count else { return nil }
    let chunk = order[position].place.chunk
    var rows: [Int32] = []
    while position < order.count, order[position].place.chunk == chunk {
      rows.append(Int32(order[position].place.row))
      position += 1
    }
    let selection = RowSelection(chunks[chunk], rows: rows)
    left[chunk] -= rows.count
    if left[chunk] == 0 { chunks[chunk] = RowBatch() }
    return selection
  }
}
