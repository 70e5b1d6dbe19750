import AuditRecord
import Parquet
import Synchronization
import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `Parquet parts of a day` {
  private func contentHash(_ rows: [Row]) -> String {
    var content = DayContentHash()
    content.append(RowBatch(rows), rows: 0..<rows.count)
    return content.sha256
  }

  @Test func `random tables are read back and have the content hash of their CSV`() async throws {
    for seed in 0..<320 {
      let rows = RandomTable.rows(seed: seed)
      let part = try ParquetPart(rows)
      var content = DayContentHash()
      let (found, summary) = try await ParquetPart.read(part.file, content: &content)
      #expect(found == rows, "seed \(seed)")
      #expect(summary == part.summary, "seed \(seed)")
      #expect(content.sha256 == contentHash(rows), "seed \(seed)")
    }
  }

  @Test func `the same rows make the same bytes, whatever the batches`() throws {
    for seed in [1, 2, 3] {
      var random = SeededRandom(seed: seed)
      let rows = (0..<300).map { _ in Row.random(using: &random) }
      let part = try ParquetPart(rows)
      for slice in [1, 7, 299] {
        let other = try ParquetPart(rows, slice: slice)
        #expect(other.file == part.file && other.summary == part.summary)
      }
    }
  }

  @Test func `rows continue in the next row group, and pages and groups depend on the rows alone`()
    async throws
  {
    var batch = RowBatch()
    for row in 0..<230_000 {
      var text: [TextColumn: String] = [.uuid: "u\(row)"]
      if row % 7 != 0 { text[.actor] = "a\(row % 50)" }
      batch.append(Row(text: text))
    }
    let part = try ParquetPart(batch)
    #expect(try ParquetPart(batch, slice: 33_333).file == part.file)
    let reader = try await ParquetReader(size: part.file.count) { Array(part.file[$0..<$0 + $1]) }
    #expect(reader.metadata.groups.map(\.rows) == [50_000, 50_000, 50_000, 50_000, 30_000])
    var found = 0
    var content = DayContentHash()
    var parts = try await ParquetPartReader(size: part.file.count) { Array(part.file[$0..<$0 + $1]) }
    while let rows = try await parts.next(content: &content) {
      #expect(rows.count <= 4_096)
      for row in 0..<rows.count {
        let same = rows.hasSameContent(row, as: batch, found)
        if !same { Issue.record("row \(found)") }
        found += 1
      }
    }
    let summary = try await parts.finish()
    #expect(found == batch.count && summary == part.summary)
  }

  @Test(arguments: [1_000, 5_000, 20_000])
  func `a Parquet part has the rows of its CSV part, wherever that ends`(
    limit: Int
  ) async throws {
    var random = SeededRandom(seed: 13)
    let batch = RowBatch((0..<100).map { _ in Row.random(using: &random) })
    var (csvContent, content) = (DayContentHash(), DayContentHash())
    var found: [Row] = []
    var rest = 0..<batch.count
    while !rest.isEmpty {
      var csv = try CSVPartWriter(limit: limit)
      let selection = RowSelection(batch, rows: rest.map { Int32($0) })
      let end = rest.lowerBound + (try await csv.append(selection, content: &csvContent) { _ in })
      let part = try ParquetPart(batch, rows: rest.lowerBound..<end, content: &content)
      let summary = try await csv.finish(content: &csvContent) { _ in }
      #expect(part.summary.rows == summary.rows)
      #expect(part.summary.minEventAt == summary.minEventAt)
      #expect(part.summary.maxEventAt == summary.maxEventAt)
      let size = (rest.lowerBound..<end)
        .reduce(0) { $0 + ParquetPartColumns.size(of: $1, in: batch) }
      #expect(part.summary.uncompressedBytes == size)
      var ignored = DayContentHash()
      await found += try ParquetPart.read(part.file, content: &ignored).rows
      rest = end..<rest.upperBound
    }
    #expect(found == batch.rows)
    #expect(content.sha256 == csvContent.sha256)
  }

  /// Several row groups, so that no reader could hold one and pass.
  @Test func `a part is read in order, at most one column chunk at a time`()
    async throws
  {
    var random = SeededRandom(seed: 14)
    var batch = RowBatch()
    for row in 0..<110_000 { batch.append(Row(text: [.uuid: "\(random.next())-\(row)"])) }
    let file = try ParquetPart(batch).file
    let metadata = try await ParquetReader(size: file.count) { Array(file[$0..<$0 + $1]) }.metadata
    let longest = metadata.groups.flatMap { $0.chunks.map(\.compressedSize) }.max()
    let reads = Mutex<[Range<Int>]>([])
    var content = DayContentHash()
    var reader = try await ParquetPartReader(size: file.count) { offset, count in
      reads.withLock { $0.append(offset..<offset + count) }
      return Array(file[offset..<offset + count])
    }
    while try await reader.next(content: &content) != nil {}
    _ = try await reader.finish()
    let ranges = reads.withLock { $0 }
    // The end, the beginning and the footer come first; then everything once, in order.
    let inOrder = ranges.dropFirst(3)
    #expect(inOrder.reduce(4) { $0 == $1.lowerBound ? $1.upperBound : -1 } == file.count)
    #expect(ranges.map(\.count).max() == longest)
  }

  @Test func `a file that ends before its size is an error`() async throws {
    let file = try ParquetPart([Row()]).file
    await #expect(throws: ParquetError.self) {
      _ = try await ParquetPartReader(size: file.count + 9) { Array(file.dropFirst($0).prefix($1)) }
    }
    var content = DayContentHash()
    var isCut = false
    var reader = try await ParquetPartReader(size: file.count) { offset, count in
      Array(file.dropFirst(offset).prefix(isCut ? count - 1 : count))
    }
    isCut = true
    await #expect(throws: ParquetError.self) { _ = try await reader.next(content: &content) }
  }

  @Test func `an error of the sink is rethrown unchanged`() async throws {
    struct DiskFull: Error {}
    #expect(throws: DiskFull.self) {
      var writer = try ParquetPartWriter()
      _ = try writer.finish { _ in throw DiskFull() }
    }
    await #expect(throws: DiskFull.self) {
      _ = try await ParquetPartReader(size: 100) { _, _ in throw DiskFull() }
    }
  }
}
