package import AuditRecord
import PartitionFormats

/// Rows that exceed the memory limit, in a lightly compressed `csv.gz` work file. Deleted at the end of the run at the latest.
package struct SpilledRows: Sendable {
  let file: ScratchFile
}

/// Reads spilled rows in the order in which they were written.
package struct SpilledRowsReader: ~Copyable {
  private let scratch: Scratch
  private let file: ScratchFile
  private var reader: CSVPartReader?
  private var content = DayContentHash()
  private var offset = 0
  private var ready: ArraySlice<RowBatch> = []

  /// Bytes read at a time.
  private static let chunk = 256 << 10

  init(_ rows: SpilledRows, scratch: Scratch) throws(ArchiveError) {
    self.scratch = scratch
    file = rows.file
    do { reader = try CSVPartReader() } catch { throw SpilledRowsReader.failure(file, error) }
  }

  /// The next rows; nil at the end. Throws `.storage`, also if the file was altered.
  package mutating func next() throws(ArchiveError) -> RowBatch? {
    while ready.isEmpty, var reader = reader.take() {
      let bytes = try onDisk(scratch.read(file, at: offset, count: Self.chunk))
      offset += bytes.count
      var batches: [RowBatch] = []
      do {
        if bytes.isEmpty {
          _ = try reader.finish { batches.append($0) }
        } else {
          try reader.append(bytes, content: &content) { batches.append($0) }
          self.reader = consume reader
        }
      } catch {
        throw SpilledRowsReader.failure(file, error)
      }
      ready = batches[...]
    }
    return ready.popFirst()
  }

  private static func failure(_ file: ScratchFile, _ error: any Error) -> ArchiveError {
    .storage(
      StorageError(
        operation: .read, path: file.path, reason: .other,
        detail: "this temporary file changed after it was written: \(error)"))
  }
}

extension ArchiveWriter {
  /// Writes rows to a work file, in the order in which `next` returns them.
  package func spill(next: () throws -> RowSelection?) async throws -> SpilledRows {
    let file = try onDisk(scratch.create())
    do {
      var writer = try CSVPartWriter(level: 1, width: settings.compressionWidth)
      var content = DayContentHash()
      while let selection = try next() {
        _ = try await writer.append(selection, content: &content) { try scratch.append($0, to: file) }
      }
      _ = try await writer.finish(content: &content) { try scratch.append($0, to: file) }
      try scratch.seal(file)
      return SpilledRows(file: file)
    } catch {
      throw (error as? StorageError).map(ArchiveError.storage) ?? error
    }
  }

  /// A reader of the rows, in the order in which they were spilled.
  package func reader(of rows: SpilledRows) throws(ArchiveError) -> SpilledRowsReader {
    try SpilledRowsReader(rows, scratch: scratch)
  }

  /// Deletes the rows. They cannot be read afterwards.
  package func discard(_ rows: SpilledRows) { scratch.discard(rows.file) }
}
