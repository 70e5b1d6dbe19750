package import AuditRecord

/// Rows in the order of the archive, handed out batch by batch.
package struct SortedRows: Sendable {
  private let chunks: [RowBatch]
  private let order: [Entry]
  private var position = 0
  private static let rowsPerBatch = 2_048

  private struct Entry: Sendable {
    var eventAt: Int64
    var place: RowPlace
  }

  init(_ chunks: [RowBatch], without struck: Set<RowPlace>) {
    self.chunks = chunks
    var order: [Entry] = []
    order.reserveCapacity(chunks.reduce(0) { $0 + $1.count })
    for (index, chunk) in chunks.enumerated() {
      for row in 0..<chunk.count {
        let place = RowPlace(chunk: index, row: row)
        if !struck.isEmpty, struck.contains(place) { continue }
        order.append(Entry(eventAt: chunk.eventAt[row], place: place))
      }
    }
    order.sort { one, other in
      if one.eventAt != other.eventAt { return one.eventAt < other.eventAt }
      return chunks[one.place.chunk].uuidPrecedes(one.place.row, chunks[other.place.chunk], other.place.row)
    }
    self.order = order
  }

  package mutating func next() -> RowBatch? {
    guard position < order.count else { return nil }
    var batch = RowBatch()
    let end = min(position + SortedRows.rowsPerBatch, order.count)
    for entry in order[position..<end] {
      batch.append(entry.place.row, of: chunks[entry.place.chunk])
    }
    position = end
    return batch
  }
}
