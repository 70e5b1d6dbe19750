import AuditArchive
package import AuditRecord

/// The rows of one day, once each: whoever came first keeps the place.
///
/// The rows stay in the batches that they came in. When there is no memory for them, they go to the disk in sorted blocks
/// (`spill`); what is kept of them then is enough to know them again.
package struct DayRows: Sendable {
  /// How a row compares to the one with the same uuid that was there before.
  package enum Match: Sendable {
    /// It has the same content.
    case duplicate
    /// It has other content; the earlier was kept.
    case conflicting
  }

  /// The batches of the rows in memory.
  private var chunks: [RowBatch] = []
  /// Where the rows in memory stand, in the order of their coming; they come behind the spilled ones.
  private var places: [RowPlace] = []
  /// The rows that are on the disk, as they were spilled.
  private(set) var blocks: [SpilledRows] = []
  /// What spilled rows are known by.
  private var fingerprints = ChunkedArray<RowFingerprint>()
  private var table = IdentityTable()
  /// Rows that the archive has already, by their numbers.
  private var struck: Set<Int> = []
  private var chunkBytes = 0

  package init() {}

  /// Rows that are not struck out.
  package var count: Int { table.count - struck.count }
  package var isEmpty: Bool { count == 0 }

  /// Bytes of memory, about: a quarter more than the rows, for what sorting takes and the allocator does not use.
  package var footprint: Int {
    chunkBytes * 5 / 4 + 24 * places.count + fingerprints.footprint + table.footprint
  }

  /// Bytes of memory that spilling frees, about.
  var spillable: Int { chunkBytes + 8 * places.capacity }

  /// Adds rows of a batch; what it returns was not added, because its uuid was there.
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

  /// Takes the row with the same uuid out of the sorted result; says how the two compare, nil if there is none.
  package mutating func strike(_ row: Int, of batch: RowBatch) -> Match? {
    guard let number = number(of: row, in: batch, batch.identity(row)) else { return nil }
    struck.insert(number)
    return match(number, row, batch)
  }

  /// The number of the row with the same uuid, where it has a time that `isIncluded` says yes to; nil if there is none.
  func find(_ row: Int, of batch: RowBatch, where isIncluded: (Timestamp) -> Bool) -> Int? {
    guard let number = number(of: row, in: batch, batch.identity(row)), !struck.contains(number) else {
      return nil
    }
    return isIncluded(time(of: number)) ? number : nil
  }

  /// Takes the rows of these numbers out of the sorted result.
  mutating func strike(_ numbers: Set<Int>) { struck.formUnion(numbers) }

  private func time(of number: Int) -> Timestamp {
    guard number >= fingerprints.count else { return Timestamp(microseconds: fingerprints[number].eventAt) }
    let place = places[number - fingerprints.count]
    return chunks[place.chunk].time(place.row)
  }

  /// Takes the rows with these uuids out; returns those that were there.
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

  /// Forgets what was struck out.
  mutating func restoreStruck() { struck = [] }

  /// How the row with the same uuid compares; nil if there is none.
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

  /// How many rows have a time that `isIncluded` says yes to.
  func count(where isIncluded: (Timestamp) -> Bool) -> Int {
    (0..<table.count).count { !struck.contains($0) && isIncluded(time(of: $0)) }
  }

  // MARK: Order

  /// The rows in memory, by `event_at`, then by the bytes of `uuid`.
  package func sorted() -> SortedRows { SortedRows(chunks, kept) }

  /// Hands over all rows, in one such sequence or several; `spilled` reads one from the disk. None are left: so their memory
  /// is free as they are passed on.
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

  /// Of the rows in memory.
  private var kept: [RowPlace] {
    guard !struck.isEmpty else { return places }
    return places.indices.filter { !struck.contains(fingerprints.count + $0) }.map { places[$0] }
  }

  private func isKept(_ row: Int, of batch: RowBatch) -> Bool {
    number(of: row, in: batch, batch.identity(row)).map { !struck.contains($0) } ?? true
  }

  /// Hands the rows in memory to `write` in their order, and forgets all but their fingerprints.
  mutating func spill(_ write: (SortedRows) async throws -> SpilledRows) async throws {
    guard !places.isEmpty else { return }
    blocks.append(try await write(SortedRows(chunks, places)))
    for place in places { fingerprints.append(RowFingerprint(place.row, of: chunks[place.chunk])) }
    places = []
    chunks = []
    chunkBytes = 0
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
