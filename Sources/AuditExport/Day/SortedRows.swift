package import AuditRecord

/// Rows in the order of the archive, handed out run by run: as many as come from one batch, one after the other.
package struct SortedRows: Sendable {
  private let chunks: [RowBatch]
  private let order: [Entry]
  private var position = 0

  private struct Entry: Sendable {
    var eventAt: Int64
    var place: RowPlace
  }

  init(_ chunks: [RowBatch], _ places: [RowPlace]) {
    self.chunks = chunks
    var order: [Entry] = []
    order.reserveCapacity(places.count)
    // The API lists the newest first: this way round they are nearly sorted.
    for place in places.reversed() {
      order.append(Entry(eventAt: chunks[place.chunk].eventAt[place.row], place: place))
    }
    order.sort { one, other in
      if one.eventAt != other.eventAt { return one.eventAt < other.eventAt }
      return chunks[one.place.chunk].uuidPrecedes(one.place.row, chunks[other.place.chunk], other.place.row)
    }
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
    return RowSelection(chunks[chunk], rows: rows)
  }
}
