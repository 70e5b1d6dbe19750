import AuditRecord
import Compression
import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `parts of a day` {
  private static func rows(_ count: Int, seed: Int) -> [Row] {
    var random = SeededRandom(seed: seed)
    return (0..<count).map { _ in Row.random(using: &random) }
  }

  private struct Part {
    var file: [UInt8] = []
    var summary: PartSummary
  }

  /// Writes rows into as many parts as the limit asks for, handing them over in slices.
  private func write(
    _ rows: [Row], limit: Int = .max, slice: Int = .max, width: Int = 1, content: inout DayContentHash
  ) async throws -> [Part] {
    let batch = RowBatch(rows)
    var parts: [Part] = []
    var file: [UInt8] = []
    var writer = try CSVPartWriter(limit: limit, width: width)
    var rest = ArraySlice((0..<Int32(batch.count)).map { $0 })
    while !rest.isEmpty {
      let selection = RowSelection(batch, rows: Array(rest.prefix(slice)))
      let end = try await writer.append(selection, content: &content) { file += $0 }
      rest = rest.dropFirst(end)
      if end < selection.rows.count {
        let summary = try await writer.finish(content: &content) { file += $0 }
        parts.append(Part(file: file, summary: summary))
        file = []
        writer = try CSVPartWriter(limit: limit, width: width)
      }
    }
    let summary = try await writer.finish(content: &content) { file += $0 }
    return parts + [Part(file: file, summary: summary)]
  }

  private func read(
    _ file: [UInt8], chunk: Int = .max, content: inout DayContentHash
  ) throws -> (rows: [Row], summary: PartSummary) {
    var reader = try CSVPartReader()
    var rows: [Row] = []
    var rest = file[...]
    while !rest.isEmpty {
      let piece = rest.prefix(chunk)
      try reader.append(Array(piece), content: &content) { rows += $0.rows }
      rest = rest.dropFirst(piece.count)
    }
    let summary = try reader.finish { rows += $0.rows }
    return (rows, summary)
  }

  @Test(arguments: [0, 1, 2, 300]) func `a part is read back as written, and its summary is correct`(
    count: Int
  ) async throws {
    let rows = Self.rows(count, seed: 11)
    var written = DayContentHash()
    let part = try #require(try await write(rows, content: &written).first)
    let text = csv(rows)
    #expect(
      part.summary
        == PartSummary(
          rows: count, bytes: part.file.count, uncompressedBytes: text.count, sha256: sha256(part.file),
          minEventAt: rows.map(\.eventAt).min(), maxEventAt: rows.map(\.eventAt).max()))
    #expect(try Gzip.decompress(part.file, limit: .max) == text)
    #expect(written.sha256 == sha256(Array(text.dropFirst(CSVEncoder.header.count))))
    for chunk in [1, 4_096, .max] {
      var content = DayContentHash()
      let (found, summary) = try read(part.file, chunk: chunk, content: &content)
      #expect(found == rows)
      #expect(summary == part.summary)
      #expect(content.sha256 == written.sha256)
    }
  }

  @Test func `a part does not depend on the batches of its rows`() async throws {
    let rows = Self.rows(200, seed: 12)
    var whole = DayContentHash()
    let part = try #require(try await write(rows, content: &whole).first)
    for slice in [1, 7, 199] {
      var content = DayContentHash()
      let other = try #require(try await write(rows, slice: slice, content: &content).first)
      #expect(other.file == part.file)
      #expect(other.summary == part.summary)
      #expect(content.sha256 == whole.sha256)
    }
  }

  @Test(arguments: [1, 1_000, 5_000, 20_000]) func `no part exceeds the size limit unless a single row does`(
    limit: Int
  ) async throws {
    let rows = Self.rows(100, seed: 13)
    var once = DayContentHash()
    _ = try await write(rows, content: &once)
    for slice in [1, 30, .max] {
      var content = DayContentHash()
      let parts = try await write(rows, limit: limit, slice: slice, content: &content)
      #expect(content.sha256 == once.sha256)
      var found: [Row] = []
      var reading = DayContentHash()
      for part in parts {
        let (rows, summary) = try read(part.file, content: &reading)
        #expect(summary == part.summary)
        #expect(summary.rows == 1 || summary.uncompressedBytes <= limit)
        found += rows
      }
      #expect(found == rows)
      #expect(reading.sha256 == once.sha256)
      // Each part was filled: the first row of the next would not have fitted.
      for (part, next) in zip(parts, parts.dropFirst()) {
        var content = DayContentHash()
        let first = try #require(try read(next.file, content: &content).rows.first)
        let length = csv([first]).count - CSVEncoder.header.count
        #expect(part.summary.uncompressedBytes + length > limit)
      }
    }
  }

  @Test func `a part of exactly the limit is one part`() async throws {
    let rows = Self.rows(10, seed: 14)
    var content = DayContentHash()
    #expect(try await write(rows, limit: csv(rows).count, content: &content).count == 1)
    #expect(try await write(rows, limit: csv(rows).count - 1, content: &content).count == 2)
  }

  @Test func `the content hash of rows alone equals that of their part`() async throws {
    let rows = Self.rows(3_000, seed: 15)
    let batch = RowBatch(rows)
    var alone = DayContentHash()
    alone.append(batch, rows: 0..<1_234)
    alone.append(batch, rows: 1_234..<3_000)
    var written = DayContentHash()
    _ = try await write(rows, content: &written)
    #expect(alone.sha256 == written.sha256)
    #expect(DayContentHash().sha256 == sha256([]))
  }

  @Test func `many rows are read in batches of some thousands`() async throws {
    let rows = (0..<30_000).map { Row(text: [.uuid: "u\($0)"]) }
    var content = DayContentHash()
    let part = try #require(try await write(rows, content: &content).first)
    var reader = try CSVPartReader()
    var batches: [Int] = []
    var reading = DayContentHash()
    try reader.append(part.file, content: &reading) { batches.append($0.count) }
    _ = try reader.finish { batches.append($0.count) }
    #expect(batches.reduce(0, +) == rows.count)
    #expect(batches.count > 2)
    #expect(batches.allSatisfy { $0 <= 12_000 })
  }

  @Test func `a changed or truncated file never gives other rows silently`() async throws {
    let rows = Self.rows(2, seed: 16)
    var content = DayContentHash()
    let part = try #require(try await write(rows, content: &content).first)
    for index in part.file.indices {
      var flipped = part.file
      flipped[index] ^= 0x11
      for file in [flipped, Array(part.file[..<index])] {
        var content = DayContentHash()
        do {
          let (found, summary) = try read(file, content: &content)
          #expect(found == rows && summary.sha256 != part.summary.sha256)
        } catch {
          #expect(error is GzipError || error is CSVError)
        }
      }
    }
  }

  @Test func `an error of the sink is rethrown unchanged`() async throws {
    struct DiskFull: Error {}
    var content = DayContentHash()
    await #expect(throws: DiskFull.self) {
      var content = DayContentHash()
      var writer = try CSVPartWriter()
      _ = try await writer.finish(content: &content) { _ in throw DiskFull() }
    }
    let part = try #require(try await write(Self.rows(1, seed: 17), content: &content).first)
    #expect(throws: DiskFull.self) {
      var reader = try CSVPartReader()
      try reader.append(part.file, content: &content) { _ in }
      _ = try reader.finish { _ in throw DiskFull() }
    }
  }
}
