import AuditArchive
package import AuditRecord

/// Rows in the order of the archive (`event_at`, then the bytes of `uuid`), handed out as runs of rows from one batch.
///
/// Sorting costs 16 bytes per row. A batch is freed with its last row.
package struct SortedRows: Sendable {
  private var chunks: [RowBatch]
  /// The rows of each chunk that were not handed out yet.
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
    // The API lists the newest first, so reversed rows are nearly sorted.
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

  /// The next run of rows; nil after the last.
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

/// A sequence of a day's rows in the order of the archive, from memory or the disk.
struct RowSource {
  private let pull: () async throws(ArchiveError) -> RowSelection?

  init(_ pull: @escaping () async throws(ArchiveError) -> RowSelection?) {
    self.pull = pull
  }

  func next() async throws(ArchiveError) -> RowSelection? { try await pull() }

  /// The rows for which `isIncluded` is true.
  func filter(_ isIncluded: @escaping (RowBatch, Int) -> Bool) -> RowSource {
    RowSource { () async throws(ArchiveError) in
      while var selection = try await pull() {
        selection.rows.removeAll { !isIncluded(selection.batch, Int($0)) }
        if !selection.rows.isEmpty { return selection }
      }
      return nil
    }
  }
}

/// Merges several sources of a day's rows into one sequence in the order of the archive.
///
/// No two sources may share a uuid. Memory: one selection per source.
struct MergedRows {
  private var heads: [Head] = []
  private let sources: [RowSource]
  private var isBegun = false

  /// The current selection of a source, and how many of its rows are taken.
  private struct Head {
    let source: Int
    var selection: RowSelection
    var taken = 0

    var row: Int { Int(selection.rows[taken]) }

    func precedes(_ other: Head) -> Bool {
      let (time, otherTime) = (selection.batch.eventAt[row], other.selection.batch.eventAt[other.row])
      return time == otherTime
        ? selection.batch.uuidPrecedes(row, other.selection.batch, other.row) : time < otherTime
    }
  }

  init(_ sources: [RowSource]) {
    self.sources = sources
  }

  mutating func next() async throws(ArchiveError) -> RowSelection? {
    if !isBegun {
      isBegun = true
      for source in sources.indices { try await refill(source) }
    }
    guard var first = heads.popLast() else { return nil }
    if heads.isEmpty, first.taken == 0 {
      try await refill(first.source)
      return first.selection
    }
    var rows: [Int32] = []
    repeat {
      rows.append(Int32(first.row))
      first.taken += 1
    } while first.taken < first.selection.rows.count && heads.last.map { first.precedes($0) } ?? true
    if first.taken < first.selection.rows.count {
      insert(first)
    } else {
      try await refill(first.source)
    }
    return RowSelection(first.selection.batch, rows: rows)
  }

  private mutating func refill(_ source: Int) async throws(ArchiveError) {
    if let selection = try await sources[source].next() { insert(Head(source: source, selection: selection)) }
  }

  /// Keeps the heads in falling order: the last head has the next row.
  private mutating func insert(_ head: Head) {
    heads.insert(head, at: heads.firstIndex { $0.precedes(head) } ?? heads.count)
  }
}
