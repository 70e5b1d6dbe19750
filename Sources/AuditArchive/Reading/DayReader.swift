package import AuditRecord
import PartitionFormats

/// Reads the rows of a day in order, and verifies them.
///
/// The day is proven intact only when `next` returns nil. If a call throws, discard everything made from the rows before.
package struct DayReader: ~Copyable {
  private let storage: any ArchiveStorage
  private let partition: Partition?
  private var files: ArraySlice<PartFile>
  private var part: OpenPart?
  private var ready: ArraySlice<RowBatch> = []
  private var content = DayContentHash()
  private var isVerified = false

  private struct OpenPart: ~Copyable {
    let file: PartFile
    var csv: CSVPartReader?
    var parquet: ParquetPartReader?
    var bytesRead = 0
  }

  init(_ partition: Partition?, storage: any ArchiveStorage) {
    self.storage = storage
    self.partition = partition
    // One format is enough, and CSV is cheaper to read.
    let files = partition?.files ?? []
    let format = files.contains { $0.format == .csv } ? PartFormat.csv : .parquet
    self.files = files.filter { $0.format == format }[...]
  }

  /// The next rows; nil at the end. Throws `.damaged` if a file is not the one that was sealed.
  package mutating func next() async throws(ArchiveError) -> RowBatch? {
    while true {
      if let batch = ready.popFirst() { return batch }
      if part != nil {
        try await readOn()
      } else if let file = files.popFirst() {
        part = try await open(file)
      } else {
        try verifyContent()
        return nil
      }
    }
  }

  private func open(_ file: PartFile) async throws(ArchiveError) -> OpenPart {
    let storage = storage
    await storage.announce([file.path], readers: 1)
    do {
      guard let size = try await storage.size(file.path) else {
        throw damage(file, .missing(rows: file.rows))
      }
      guard size == file.bytes else {
        throw damage(file, .altered(.bytes(expected: file.bytes, found: size)))
      }
      switch file.format {
      case .csv: return OpenPart(file: file, csv: try CSVPartReader(), parquet: nil)
      case .parquet:
        let reader = try await ParquetPartReader(size: size) { offset, count in
          try await storage.read(file.path, at: offset, count: count)
        }
        return OpenPart(file: file, csv: nil, parquet: reader)
      }
    } catch {
      throw try await failure(file, error)
    }
  }

  private mutating func readOn() async throws(ArchiveError) {
    guard var part = part.take() else { return }
    let file = part.file
    var batches: [RowBatch] = []
    do {
      if var parquet = part.parquet.take() {
        if let batch = try await parquet.next(content: &content) {
          batches.append(batch)
          part.parquet = consume parquet
          self.part = consume part
        } else {
          try verify(file, try await parquet.finish())
        }
      } else if var csv = part.csv.take() {
        let bytes = try await chunk(of: file, at: part.bytesRead)
        part.bytesRead += bytes.count
        if bytes.isEmpty {
          let summary = try csv.finish { batches.append($0) }
          try verify(file, summary)
        } else {
          guard part.bytesRead <= file.bytes else {
            let problem = Finding.Problem.altered(.bytes(expected: file.bytes, found: part.bytesRead))
            throw damage(file, try await sizeDamage(file) ?? problem)
          }
          try csv.append(bytes, content: &content) { batches.append($0) }
          part.csv = consume csv
          self.part = consume part
        }
      }
    } catch {
      throw try await failure(file, error)
    }
    ready = batches[...]
  }

  /// The error of a reader or of the storage as an error of the archive.
  private func failure(_ file: PartFile, _ error: any Error) async throws(ArchiveError) -> ArchiveError {
    if let error = error as? ArchiveError { return error }
    if let error = error as? StorageError {
      return switch error.reason {
      case .missing: damage(file, .missing(rows: file.rows))
      case .notAFile(let found): damage(file, .irregular(found))
      default: .storage(error)
      }
    }
    return damage(file, try await sizeDamage(file) ?? .unreadable("\(error)"))
  }

  private func chunk(of file: PartFile, at offset: Int) async throws(ArchiveError) -> [UInt8] {
    do {
      return try await storage.read(file.path, at: offset)
    } catch let error where error.reason == .missing {
      throw damage(file, .missing(rows: file.rows))
    } catch {
      throw .storage(error)
    }
  }

  private func verify(_ file: PartFile, _ found: PartSummary) throws(ArchiveError) {
    guard found.bytes == file.bytes else {
      throw damage(file, .altered(.bytes(expected: file.bytes, found: found.bytes)))
    }
    guard found.sha256 == file.sha256 else {
      throw damage(file, .altered(.sha256(expected: file.sha256, found: found.sha256)))
    }
    guard found.rows == file.rows else {
      throw damage(file, .miscounted(.rows, expected: file.rows, found: found.rows))
    }
  }

  /// A truncated file is reported as such, whatever its reader says.
  private func sizeDamage(_ file: PartFile) async throws(ArchiveError) -> Finding.Problem? {
    let size = try await stored(await storage.size(file.path))
    guard let size, size != file.bytes else { return nil }
    return .altered(.bytes(expected: file.bytes, found: size))
  }

  private mutating func verifyContent() throws(ArchiveError) {
    guard !isVerified, let partition, let first = partition.files.first else { return }
    isVerified = true
    guard content.sha256 == partition.contentSHA256 else {
      throw damage(first, .wrongContent(expected: partition.contentSHA256, found: content.sha256))
    }
  }

  private func damage(_ file: PartFile, _ problem: Finding.Problem) -> ArchiveError {
    .damaged(Finding(problem, at: file.path, day: partition?.eventDate, commit: partition?.changedInCommit))
  }
}
