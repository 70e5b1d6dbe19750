package import AuditRecord

/// The rows of one day, once each: whoever came first keeps the place.
package struct DayRows: Sendable {
  /// What adding a row did.
  package enum Addition: Sendable {
    case new
    /// The uuid was there, with the same content.
    case duplicate
    /// The uuid was there, with other content, which was kept.
    case conflicting
  }

  private var chunks: [RowBatch] = []
  private var table = IdentityTable()
  /// Rows that the archive has already.
  private var struck: Set<RowPlace> = []

  package init() {}

  /// Rows that are not struck out.
  package var count: Int { table.count - struck.count }
  package var isEmpty: Bool { count == 0 }

  package mutating func add(_ row: Int, of batch: RowBatch) -> Addition {
    let hash = batch.identity(row)
    let found = table.place(of: hash) { chunks[$0.chunk].hasSameUUID($0.row, as: batch, row) }
    if let found {
      return chunks[found.chunk].hasSameContent(found.row, as: batch, row) ? .duplicate : .conflicting
    }
    let place = nextPlace(for: batch.textRange(row).count)
    chunks[place.chunk].append(row, of: batch)
    table.insert(hash, place)
    return .new
  }

  /// Takes the row with the same uuid out of the sorted result; says how the two compare, nil if there is none.
  package mutating func strike(_ row: Int, of batch: RowBatch) -> Addition? {
    guard let place = find(row, of: batch) else { return nil }
    struck.insert(place)
    return chunks[place.chunk].hasSameContent(place.row, as: batch, row) ? .duplicate : .conflicting
  }

  /// How the row with the same uuid compares; nil if there is none.
  package func compare(_ row: Int, of batch: RowBatch) -> Addition? {
    guard let place = find(row, of: batch) else { return nil }
    return chunks[place.chunk].hasSameContent(place.row, as: batch, row) ? .duplicate : .conflicting
  }

  private func find(_ row: Int, of batch: RowBatch) -> RowPlace? {
    table.place(of: batch.identity(row)) { chunks[$0.chunk].hasSameUUID($0.row, as: batch, row) }
  }

  /// Opens another chunk when the last is full: growing one large array would copy it all, again and again.
  private mutating func nextPlace(for length: Int) -> RowPlace {
    if let last = chunks.last, last.count < DayRows.rowsPerChunk,
      last.bytes.count + length <= DayRows.bytesPerChunk
    {
      return RowPlace(chunk: chunks.count - 1, row: last.count)
    }
    chunks.append(RowBatch())
    return RowPlace(chunk: chunks.count - 1, row: 0)
  }

  private static let rowsPerChunk = 4_096
  private static let bytesPerChunk = 4 << 20

  /// The rows in the order of the archive, by `event_at`, then by the bytes of `uuid`, in batches.
  package func sorted() -> SortedRows { SortedRows(chunks, without: struck) }

  /// How many rows have a time that `isIncluded` says yes to.
  package func count(where isIncluded: (Timestamp) -> Bool) -> Int {
    var count = 0
    for (index, chunk) in chunks.enumerated() {
      for row in 0..<chunk.count where !struck.contains(RowPlace(chunk: index, row: row)) {
        if isIncluded(chunk.time(row)) { count += 1 }
      }
    }
    return count
  }
}

/// Where a row stands in a day's chunks.
struct RowPlace: Hashable, Sendable {
  private var packed: UInt64

  init(chunk: Int, row: Int) {
    packed = UInt64(chunk) << 32 | UInt64(row)
  }

  var chunk: Int { Int(packed >> 32) }
  var row: Int { Int(packed & 0xFFFF_FFFF) }
}
