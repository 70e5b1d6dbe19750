import AuditRecord
import Parquet
import PartitionFormats

/// Reads one part to its end: its bytes, and its rows up to the first unreadable one. A file that is longer than recorded is not read
/// to its end: it can have any size, or grow as fast as it is read.
struct PartScan {
  /// Of the file.
  private(set) var bytes = 0
  private(set) var sha256 = ""
  /// The sum of the rows; nil if the file is not complete.
  private(set) var summary: PartSummary?
  /// Why the file is not complete.
  private(set) var problem: Finding.Problem?

  /// Throws the failure of the storage, `.missing` if there is no file.
  ///
  /// - Parameters:
  ///   - content: takes the text of the rows.
  ///   - each: takes the rows, or those before the place where the file is damaged.
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

  /// Reads the bytes once for their hash and once for their rows, because Parquet is read from its end.
  private mutating func readParquet(
    _ file: PartFile, _ storage: any ArchiveStorage, _ content: inout DayContentHash,
    _ each: (RowBatch) -> Void
  ) async throws(StorageError) {
    (bytes, sha256) = try await storage.digest(of: file.path, limit: file.bytes + 1)
    guard bytes <= file.bytes else { return }  // it has grown meanwhile
    do {
      var reader = try await ParquetPartReader(size: bytes) { offset, count in
        try await storage.read(file.path, at: offset, count: count)
      }
      while let batch = try await reader.next(content: &content) { each(batch) }
      summary = try await reader.finish()
    } catch let error as StorageError {
      throw error
    } catch {
      problem = Finding.Problem(ofPart: error)
    }
  }

  private mutating func readCSV(
    _ file: PartFile, _ storage: any ArchiveStorage, _ content: inout DayContentHash,
    _ each: (RowBatch) -> Void
  ) async throws(StorageError) {
    var reader: CSVPartReader?
    var problem: Finding.Problem?
    do { reader = try CSVPartReader() } catch { problem = .unreadable("\(error)") }
    (bytes, sha256) = try await storage.digest(of: file.path, limit: file.bytes + 1) { chunk in
      // After an error the rest of the file is only hashed.
      guard problem == nil else { return }
      do {
        try reader?.append(chunk, content: &content) { each($0) }
      } catch {
        problem = Finding.Problem(ofPart: error)
      }
    }
    guard bytes <= file.bytes else { return }  // it has grown meanwhile
    if problem == nil {
      do { summary = try reader?.finish { each($0) } } catch { problem = Finding.Problem(ofPart: error) }
    }
    self.problem = problem
  }
}

extension Finding.Problem {
  /// The error of a reader of parts.
  fileprivate init(ofPart error: any Error) {
    if (error as? CSVError)?.reason == .header || (error as? ParquetError)?.reason == .schema {
      self = .schemaMismatch(expected: Column.schemaName, found: "another schema")
    } else {
      self = .unreadable("\(error)")
    }
  }
}

/// Checks the rows of a day part after part: whether they belong to the day, and whether they are in order.
struct RowCheck {
  private let day: Day
  private var lastTime = Int64.min
  private var lastUUID: [UInt8] = []

  // Of the current part.
  private var row = 0
  private var outOfOrder = (rows: 0, first: 0)
  private var outside = (rows: 0, first: 0, eventAt: Int64(0))

  init(day: Day) { self.day = day }

  mutating func beginPart() {
    (row, outOfOrder, outside) = (0, (0, 0), (0, 0, 0))
  }

  mutating func add(_ batch: RowBatch) {
    let (start, end) = (day.start.microseconds, day.end.microseconds)
    // The uuid of the previous row, if that is in this batch; else it is `lastUUID`.
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
      // A row that equals the previous one is reported as a duplicate.
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

  /// The problems of the current part.
  var problems: [Finding.Problem] {
    var problems: [Finding.Problem] = []
    if outside.rows > 0 {
      let eventAt = Timestamp(microseconds: outside.eventAt)
      problems.append(.wrongDay(rows: outside.rows, first: outside.first, eventAt: eventAt))
    }
    if outOfOrder.rows > 0 { problems.append(.outOfOrder(rows: outOfOrder.rows, first: outOfOrder.first)) }
    return problems
  }
}
