import AuditArchive
package import AuditRecord

/// The rows of one day, each uuid once: the first row received is kept.
///
/// Rows stay in the batches that they came in. When memory runs short they are spilled to the disk in sorted blocks; a
/// fingerprint of each row stays, so that duplicates are still recognised.
///
/// Rows are numbered in the order in which they were added.
package struct DayRows: Sendable {
  /// How a row compares to an earlier row with the same uuid.
  package enum Match: Sendable {
    /// The content is the same.
    case duplicate
    /// The content differs. The earlier row was kept.
    case conflicting
  }

  /// The batches of the rows in memory.
  private var chunks: [RowBatch] = []
  /// The places of the rows in memory, in the order of their numbers, which follow those of spilled rows.
  private var places: [RowPlace] = []
  /// The rows on the disk, oldest block first.
  private(set) var blocks: [SpilledRows] = []
  /// The fingerprints of spilled rows.
  private var fingerprints = ChunkedArray<RowFingerprint>()
  private var table = IdentityTable()
  /// The numbers of rows that are struck: the archive already has them.
  private var struck: Set<Int> = []
  private var chunkBytes = 0

  package init() {}

  /// The number of rows that are not struck.
  package var count: Int { table.count - struck.count }
  package var isEmpty: Bool { count == 0 }

  /// Approximate bytes of memory, with a quarter of the rows added for sorting and allocator overhead.
  package var footprint: Int {
    chunkBytes * 5 / 4 + 24 * places.count + fingerprints.footprint + table.footprint
  }

  /// Approximate bytes of memory that spilling frees.
  var spillable: Int { chunkBytes + 8 * places.capacity }

  /// Adds rows of a batch. Rows whose uuid is already there are counted instead.
  package mutating func add(_ rows: Range<Int>, of batch: RowBatch) -> (duplicates: Int, conflicting: Int) {
    var (duplicates, conflicting) = (0, 0)
    var chunk: Int?
    for row in rows {
      let hash = batch.identity(row)
      if let known = number(of: row, in: batch, hash) {
        switch match(known, row, batch) {
        case .duplicate: duplicates += 1
        case .conflicting: conflicting += 1
        }
        continue
      }
      if chunk == nil {
        chunks.append(batch)
        chunkBytes += batch.footprint
        chunk = chunks.count - 1
      }
      places.append(RowPlace(chunk: chunks.count - 1, row: row))
      table.append(hash)
    }
    return (duplicates, conflicting)
  }

  /// Strikes the row that has the same uuid as the given row.
  ///
  /// - Returns: how the two compare; nil if there is no such row.
  package mutating func strike(_ row: Int, of batch: RowBatch) -> Match? {
    guard let number = number(of: row, in: batch, batch.identity(row)) else { return nil }
    struck.insert(number)
    return match(number, row, batch)
  }

  /// The number of the row with the same uuid whose time `isIncluded` accepts; nil if there is none.
  func find(_ row: Int, of batch: RowBatch, where isIncluded: (Timestamp) -> Bool) -> Int? {
    guard let number = number(of: row, in: batch, batch.identity(row)), !struck.contains(number) else {
      return nil
    }
    return isIncluded(time(of: number)) ? number : nil
  }

  /// Strikes the rows with these numbers.
  mutating func strike(_ numbers: Set<Int>) { struck.formUnion(numbers) }

  private func time(of number: Int) -> Timestamp {
    guard number >= fingerprints.count else { return Timestamp(microseconds: fingerprints[number].eventAt) }
    let place = places[number - fingerprints.count]
    return chunks[place.chunk].time(place.row)
  }

  /// Strikes the rows with these uuids, and returns the uuids that were found.
  mutating func drop(_ uuids: Set<UUIDFingerprint>) -> Set<UUIDFingerprint> {
    var dropped: Set<UUIDFingerprint> = []
    for number in 0..<table.count {
      let uuid = fingerprint(of: number)
      if uuids.contains(uuid), struck.insert(number).inserted { dropped.insert(uuid) }
    }
    return dropped
  }

  private func fingerprint(of number: Int) -> UUIDFingerprint {
    guard number >= fingerprints.count else { return fingerprints[number].uuid }
    let place = places[number - fingerprints.count]
    return chunks[place.chunk].fingerprint(place.row)
  }

  /// Restores all struck rows.
  mutating func restoreStruck() { struck = [] }

  /// How the row with the same uuid compares to the given row; nil if there is none.
  package func compare(_ row: Int, of batch: RowBatch) -> Match? {
    number(of: row, in: batch, batch.identity(row)).map { match($0, row, batch) }
  }

  private func number(of row: Int, in batch: RowBatch, _ hash: IdentityHash) -> Int? {
    table.row(under: hash) { number in
      guard number >= fingerprints.count else { return fingerprints[number].hasUUID(of: row, in: batch) }
      let place = places[number - fingerprints.count]
      return chunks[place.chunk].hasSameUUID(place.row, as: batch, row)
    }
  }

  private func match(_ number: Int, _ row: Int, _ batch: RowBatch) -> Match {
    guard number >= fingerprints.count else {
      return fingerprints[number] == RowFingerprint(row, of: batch) ? .duplicate : .conflicting
    }
    let place = places[number - fingerprints.count]
    return chunks[place.chunk].hasSameContent(place.row, as: batch, row) ? .duplicate : .conflicting
  }

  /// The number of rows, less those struck, whose time `isIncluded` accepts.
  func count(where isIncluded: (Timestamp) -> Bool) -> Int {
    (0..<table.count).count { !struck.contains($0) && isIncluded(time(of: $0)) }
  }

  // MARK: Order

  /// The rows in memory that are not struck, by `event_at`, then by the bytes of `uuid`.
  package func sorted() -> SortedRows { SortedRows(chunks, kept) }

  /// Hands over all rows that are not struck, as one or more sorted sources. None are left here, so their memory is freed
  /// as they are consumed.
  ///
  /// - Parameter spilled: opens a block on the disk.
  mutating func takeSources(
    spilled: (SpilledRows) throws(ArchiveError) -> RowSource
  ) throws(ArchiveError) -> [RowSource] {
    var sources: [RowSource] = []
    for block in blocks {
      let source = try spilled(block)
      let known = self
      sources.append(struck.isEmpty ? source : source.filter { known.isKept($1, of: $0) })
    }
    var rows = sorted()
    self = DayRows()
    sources.append(RowSource { () throws(ArchiveError) in rows.next() })
    return sources
  }

  /// The places of the rows in memory that are not struck.
  private var kept: [RowPlace] {
    guard !struck.isEmpty else { return places }
    return places.indices.filter { !struck.contains(fingerprints.count + $0) }.map { places[$0] }
  }

  private func isKept(_ row: Int, of batch: RowBatch) -> Bool {
    number(of: row, in: batch, batch.identity(row)).map { !struck.contains($0) } ?? true
  }

  /// Hands the rows in memory to `write` in the order of the archive, and keeps their fingerprints only.
  mutating func spill(_ write: (SortedRows) async throws -> SpilledRows) async throws {
    guard !places.isEmpty else { return }
    blocks.append(try await write(SortedRows(chunks, places)))
    for place in places { fingerprints.append(RowFingerprint(place.row, of: chunks[place.chunk])) }
    places = []
    chunks = []
    chunkBytes = 0
  }
}

/// The place of a row in the chunks of a day, in 8 bytes.
struct RowPlace: Hashable, Sendable {
  private var packed: UInt64

  init(chunk: Int, row: Int) {
    packed = UInt64(chunk) << 32 | UInt64(row)
  }

  var chunk: Int { Int(packed >> 32) }
  var row: Int { Int(packed & 0xFFFF_FFFF) }
}
