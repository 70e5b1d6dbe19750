import AuditRecord
import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `Parquet parts of a day` {
  private func contentHash(_ rows: [Row]) -> String {
    var content = DayContentHash()
    content.append(RowBatch(rows), rows: 0..<rows.count)
    return content.sha256
  }

  @Test func `random tables are read as they were written, with the content hash of their CSV`() throws {
    for seed in 0..<320 as Range<UInt64> {
      let rows = RandomTable.rows(seed: seed)
      let part = try ParquetPart(rows)
      var content = DayContentHash()
      let (found, summary) = try ParquetPart.read(part.file, chunk: 1 + Int(seed) * 100, content: &content)
      #expect(found == rows, "seed \(seed)")
      #expect(summary == part.summary, "seed \(seed)")
      #expect(content.sha256 == contentHash(rows), "seed \(seed)")
    }
  }

  @Test func `the same rows are the same bytes, however they were handed over`() throws {
    for seed in [1, 2, 3] as [UInt64] {
      var random = LocalSplitMix64(seed: seed)
      let rows = (0..<300).map { _ in Row.random(using: &random) }
      let part = try ParquetPart(rows)
      for slice in [1, 7, 299] {
        let other = try ParquetPart(rows, slice: slice)
        #expect(other.file == part.file && other.summary == part.summary)
      }
    }
  }

  @Test func `rows beyond a row group go on in the next, and pages and groups are those of the rows alone`()
    throws
  {
    var batch = RowBatch()
    for row in 0..<230_000 {
      var text: [TextColumn: String] = [.uuid: "u\(row)"]
      if row % 7 != 0 { text[.actor] = "a\(row % 50)" }
      batch.append(Row(text: text))
    }
    let part = try ParquetPart(batch)
    #expect(try ParquetPart(batch, slice: 33_333).file == part.file)
    let reader = try ParquetReader(size: part.file.count) { Array(part.file[$0]) }
    #expect(reader.metadata.groups.map(\.rows) == [100_000, 100_000, 30_000])
    var found = 0
    var content = DayContentHash()
    var parts = ParquetPartReader()
    parts.append(part.file)
    let summary = try parts.finish(content: &content) { rows in
      #expect(rows.count <= 4_096)
      for row in 0..<rows.count {
        let same = rows.hasSameContent(row, as: batch, found)
        if !same { Issue.record("row \(found)") }
        found += 1
      }
    }
    #expect(found == batch.count && summary == part.summary)
  }

  @Test(arguments: [1, 1_000, 5_000, 20_000]) func `no part passes the limit, unless one row alone does`(
    limit: Int
  ) throws {
    var random = LocalSplitMix64(seed: 13)
    let batch = RowBatch((0..<100).map { _ in Row.random(using: &random) })
    var content = DayContentHash()
    var parts: [PartSummary] = []
    var rest = 0..<batch.count
    while !rest.isEmpty {
      var writer = try ParquetPartWriter(limit: limit)
      let left = try writer.append(batch, rows: rest, content: &content) { _ in }
      #expect(writer.rows == rest.count - left.count)
      let size = (rest.lowerBound..<left.lowerBound)
        .reduce(0) { $0 + ParquetPartColumns.size(of: $1, in: batch) }
      #expect(writer.uncompressedBytes == size)
      // The first row that was left would not have fitted.
      if let next = left.first {
        #expect(size + ParquetPartColumns.size(of: next, in: batch) > limit)
      }
      parts.append(try writer.finish { _ in })
      rest = left
    }
    #expect(parts.allSatisfy { $0.rows == 1 || $0.uncompressedBytes <= limit })
    #expect(parts.reduce(0) { $0 + $1.rows } == batch.count)
    #expect(content.sha256 == contentHash(batch.rows))
  }

  @Test func `an error of the sink is thrown as it is`() throws {
    struct DiskFull: Error {}
    #expect(throws: DiskFull.self) {
      var writer = try ParquetPartWriter()
      _ = try writer.finish { _ in throw DiskFull() }
    }
    let part = try ParquetPart([Row()])
    #expect(throws: DiskFull.self) {
      var content = DayContentHash()
      var reader = ParquetPartReader()
      reader.append(part.file)
      _ = try reader.finish(content: &content) { _ in throw DiskFull() }
    }
  }
}
