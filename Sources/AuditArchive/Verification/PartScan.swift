import AuditRecord
import Crypto
import PartitionFormats

/// One part file, read to its end: its bytes, and its rows as far as it has any. One that is longer than is
/// recorded is not read: it may be of any size, or grow as fast as it is read.
struct PartScan {
  /// Of the file.
  private(set) var bytes = 0
  private(set) var sha256 = ""
  /// What the rows add up to; nil when the file is not whole.
  private(set) var summary: PartSummary?
  /// Why it is not.
  private(set) var problem: Finding.Problem?

  /// `content` takes the rows' text, `each` the rows: all of them, or those before the place where the file stops being one.
  /// Throws what the store throws, `.missing` when there is no such file.
  init(
    _ file: PartFile, in storage: any ArchiveStorage, content: inout DayContentHash,
    each: (RowBatch) -> Void
  ) async throws(StorageError) {
    if let size = try await storage.size(file.path), size > file.bytes {
      bytes = size
      return
    }
    switch file.format {
    case .csv: try await readCSV(file, storage, &content, each)
    case .parquet: try await readParquet(file, storage, &content, each)
    }
  }

  /// The bytes are read once for their hash and once for their rows: a reader of Parquet begins at the end.
  private mutating func readParquet(
    _ file: PartFile, _ storage: any ArchiveStorage, _ content: inout DayContentHash,
    _ each: (RowBatch) -> Void
  ) async throws(StorageError) {
    try await readBytes(file, storage) { _ in }
    guard bytes <= file.bytes else { return }  // it has grown since
    do {
      var reader = try await ParquetPartReader(size: bytes) { offset, count in
        try await storage.read(file.path, at: offset, count: count)
      }
      while let batch = try await reader.next(content: &content) { each(batch) }
      summary = try await reader.finish()
    } catch let error as StorageError {
      throw error
    } catch {
      problem = Finding.Problem(of: error)
    }
  }

  private mutating func readCSV(
    _ file: PartFile, _ storage: any ArchiveStorage, _ content: inout DayContentHash,
    _ each: (RowBatch) -> Void
  ) async throws(StorageError) {
    var reader: CSVPartReader?
    var problem: Finding.Problem?
    do { reader = try CSVPartReader() } catch { problem = .unreadable("\(error)") }
    try await readBytes(file, storage) { chunk in
      // After an error the rest of the file is read for its hash alone.
      guard problem == nil else { return }
      do { try reader?.append(chunk, content: &content) { each($0) } } catch {
        problem = Finding.Problem(of: error)
      }
    }
    guard bytes <= file.bytes else { return }  // it has grown since
    if problem == nil {
      do { summary = try reader?.finish { each($0) } } catch { problem = Finding.Problem(of: error) }
    }
    self.problem = problem
  }

  private mutating func readBytes(
    _ file: PartFile, _ storage: any ArchiveStorage, _ each: ([UInt8]) -> Void
  ) async throws(StorageError) {
    var hash = SHA256()
    while bytes <= file.bytes {
      let chunk = try await storage.read(file.path, at: bytes)
      guard !chunk.isEmpty else { break }
      bytes += chunk.count
      hash.update(data: chunk)
      each(chunk)
    }
    sha256 = hash.finalize().hex
  }
}

extension Finding.Problem {
  /// What a reader of parts says.
  fileprivate init(of error: any Error) {
    if (error as? CSVError)?.reason == .header || (error as? ParquetError)?.reason == .schema {
      self = .schemaMismatch(expected: Column.schemaName, found: "another schema")
    } else {
      self = .unreadable("\(error)")
    }
  }
}

/// Looks at the rows of a day as they come, part after part: are they of that day, and in order?
struct RowCheck {
  private let day: Day
  private var lastTime = Int64.min
  private var lastUUID: [UInt8] = []

  // Of the present part.
  private var row = 0
  private var outOfOrder = (rows: 0, first: 0)
  private var outside = (rows: 0, first: 0, eventAt: Int64(0))

  init(day: Day) { self.day = day }

  mutating func beginPart() {
    (row, outOfOrder, outside) = (0, (0, 0), (0, 0, 0))
  }

  mutating func add(_ batch: RowBatch) {
    let (start, end) = (day.start.microseconds, day.end.microseconds)
    // Where the uuid of the row before stands: in this batch, or, for its first row, in the one before.
    var previous: Range<Int>?
    for index in 0..<batch.count {
      row += 1
      let time = batch.eventAt[index]
      guard start <= time, time < end else {
        if outside.rows == 0 { (outside.first, outside.eventAt) = (row, time) }
        outside.rows += 1
        continue
      }
      let uuid = batch.cell(.uuid, index).range
      // A row equal to the one before is told as a duplicate.
      let isBehind =
        time < lastTime
        || time == lastTime
          && (previous.map { batch.bytes[uuid].lexicographicallyPrecedes(batch.bytes[$0]) }
            ?? batch.bytes[uuid].lexicographicallyPrecedes(lastUUID))
      if isBehind {
        if outOfOrder.rows == 0 { outOfOrder.first = row }
        outOfOrder.rows += 1
      }
      lastTime = time
      previous = uuid
    }
    if let previous { lastUUID = Array(batch.bytes[previous]) }
  }

  /// What is wrong with the rows of the present part.
  var problems: [Finding.Problem] {
    var problems: [Finding.Problem] = []
    if outside.rows > 0 {
      problems.append(
        .wrongDay(
          rows: outside.rows, first: outside.first, eventAt: Timestamp(microseconds: outside.eventAt)))
    }
    if outOfOrder.rows > 0 { problems.append(.outOfOrder(rows: outOfOrder.rows, first: outOfOrder.first)) }
    return problems
  }
}
