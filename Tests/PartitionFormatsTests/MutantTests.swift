import AuditRecord
import Compression
import TestSupport
import Testing

@testable import PartitionFormats

/// CSV and Parquet that are almost right.
@Suite struct MutantTests {
  @Test func `a mutated CSV text that parses is written back unchanged, in any chunks`() async throws {
    var random = SeededRandom(seed: 1)
    let made = (0..<20).map { count in csv((0..<count % 5).map { _ in Row.random(using: &random) }) }
    let texts = try samples("archive/csv", ending: ".csv.gz").map { try Gzip.decompress($0, limit: 1 << 20) }
    try await FuzzedReader.csv.readMutants(
      of: texts + made, tokens: [Array(",,,,".utf8), Array("\",\"".utf8)]
    ) {
      text, random in
      var decoder = CSVDecoder()
      let mistake = mistake(in: [text], &decoder)
      var other = CSVDecoder()
      try #require(self.mistake(in: pieces(of: text, &random), &other) == mistake)
      try #require(other.batch.count == decoder.batch.count)
      try #require(decoder.batch.bytes.count <= text.count)
      guard mistake == nil else { return false }
      try #require(other.batch.bytes == decoder.batch.bytes && other.batch.cells == decoder.batch.cells)
      var encoder = CSVEncoder()
      var again = CSVEncoder.header
      encoder.append(decoder.batch, rows: 0..<decoder.batch.count, to: &again)
      try #require(again == text)
      return true
    }
  }

  @Test func `a mutated Parquet file that parses has the stated number of rows every time`() async throws {
    var random = SeededRandom(seed: 3)
    let files = try [0, 1, 7, 60].map { count in
      try ParquetPart((0..<count).map { _ in Row.random(using: &random) }).file
    }
    try await FuzzedReader.parquet.readMutants(of: files, tokens: [Array("PAR1".utf8)]) { file, _ in
      let once = try? await readParquet(file)
      let again = try? await readParquet(file)
      guard let found = once, let other = again else {
        try #require(once == nil && again == nil)
        return false
      }
      try #require(found.text == other.text && found.rows == found.summary.rows)
      try #require(found.summary.bytes == file.count)
      return true
    }
  }

  private func readParquet(_ file: [UInt8]) async throws -> (rows: Int, text: String, summary: PartSummary) {
    var content = DayContentHash()
    var reader = try await ParquetPartReader(size: file.count) { Array(file[$0..<$0 + $1]) }
    var rows = 0
    while let batch = try await reader.next(content: &content) { rows += batch.count }
    return await (rows, content.sha256, try reader.finish())
  }

  // MARK: - CSV

  private func mistake(in pieces: [[UInt8]], _ decoder: inout CSVDecoder) -> CSVError? {
    do throws(CSVError) {
      for piece in pieces { try decoder.append(piece) }
      try decoder.finish()
      return nil
    } catch {
      return error
    }
  }

  private func pieces(of text: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = text[...]
    while !rest.isEmpty {
      pieces.append(Array(rest.prefix(Int.random(in: 1...rest.count, using: &random))))
      rest = rest.dropFirst(pieces[pieces.count - 1].count)
    }
    return pieces
  }
}
