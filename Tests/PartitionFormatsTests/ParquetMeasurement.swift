import AuditRecord
import Foundation
import Parquet
import PartitionFormats
import Testing

private let events = ProcessInfo.processInfo.environment["CLOUDSMITH_MEASURE_EVENTS"]

/// Not a test: prints sizes and processor time for a file of events that `cloudsmith-emulator --print-events` wrote, and
/// leaves both parts beside it.
@Suite(.enabled(if: events != nil, "CLOUDSMITH_MEASURE_EVENTS names no file of events"), .serialized)
struct `Parquet and CSV, measured` {
  private func seconds(_ work: () async throws -> Void) async rethrows -> Double {
    var times: [Double] = []
    for _ in 0..<3 {
      let start = clock()
      try await work()
      times.append(Double(clock() - start) / 1e6)
    }
    return times.min() ?? 0
  }

  @Test func `sizes and times of Parquet files are measured`() async throws {
    let path = try #require(events)
    var parser = EventParser()
    let rows = try parser.parse([UInt8](Data(contentsOf: URL(filePath: path)))).rows
    var batch = RowBatch()
    let order = (0..<rows.count).sorted {
      rows.eventAt[$0] != rows.eventAt[$1]
        ? rows.eventAt[$0] < rows.eventAt[$1] : rows.uuidPrecedes($0, rows, $1)
    }
    for row in order { batch.append(row, of: rows) }

    var (parquet, csv): ([UInt8], [UInt8]) = ([], [])
    let parquetTime = try await seconds { parquet = try ParquetPart(batch).file }
    var content = DayContentHash()
    var writer = try CSVPartWriter()
    _ = try await writer.append(RowSelection(batch), content: &content) { csv += $0 }
    _ = try await writer.finish(content: &content) { csv += $0 }
    let readTime = try await seconds {
      var content = DayContentHash()
      var reader = try await ParquetPartReader(size: parquet.count) { Array(parquet[$0..<$0 + $1]) }
      while try await reader.next(content: &content) != nil {}
      _ = try await reader.finish()
    }
    try Data(parquet).write(to: URL(filePath: path + ".parquet"))
    try Data(csv).write(to: URL(filePath: path + ".csv.gz"))
    print("rows \(batch.count), parquet \(parquet.count) B in \(parquetTime) s, read in \(readTime) s,")
    if ParquetCompression.hasZstd {
      let time = try await seconds { parquet = try ParquetPart(batch, .zstd(level: 3)).file }
      print("with zstd \(parquet.count) B in \(time) s")
    }
    print("csv.gz \(csv.count) B")
  }
}
