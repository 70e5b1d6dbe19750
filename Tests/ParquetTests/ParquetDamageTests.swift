import Compression
import TestSupport
import Testing

@testable import Parquet

@Suite struct `damaged pages and footers` {
  /// Makes the checksums true again, so that the decoders behind them see the damage.
  @Test func `damage under a correct checksum gives an error or rows, and never a crash`() throws {
    let column = ParquetColumn("c", .text)
    var random = SeededRandom(seed: 41)
    for kind in [ParquetColumn.Kind.text, .timestamp, .double] {
      for encoding in [ParquetEncoding.plain, .rleDictionary, .deltaBinaryPacked, .deltaLengthByteArray] {
        for _ in 0..<3_000 {
          var column = column
          column.kind = kind
          column.isRequired = random.next() % 2 == 0
          let body = Self.hostileBody(&random)
          do {
            try Self.readPage(column, encoding, body, rows: Int(random.next() % 70) + 1)
          } catch {
            #expect(error is ParquetError)
          }
        }
      }
    }
  }

  @Test func `numbers in a footer are not trusted`() async throws {
    // A run of two thousand million values in five bytes.
    let run: [UInt8] = [0xfe, 0xff, 0xff, 0xff, 0x0f, 0]
    #expect(HybridRuns.read(run, at: 0..<6, width: 1, count: 8, below: 2) == nil)
    let rows = ParquetRowGroup.rowLimit + 1
    var thrift = ThriftWriter()
    let chunk = ParquetChunk(
      column: ParquetColumn("c", .text), encoding: .plain, values: rows, uncompressedSize: 1,
      compressedSize: 1, dataOffset: 4)
    ParquetMetadata(
      schema: ParquetSchema(name: "s", columns: [chunk.column]), rows: rows,
      groups: [ParquetGroup(rows: rows, chunks: [chunk])], createdBy: ""
    ).write(to: &thrift)
    var file = ParquetNumber.magic + [0] + thrift.bytes
    file.append(littleEndian: UInt32(thrift.bytes.count))
    file += ParquetNumber.magic
    await #expect(throws: ParquetError(.tooLarge(ParquetRowGroup.rowLimit), rowGroup: 0)) {
      _ = try await ParquetReader(size: file.count) { Array(file[$0..<$0 + $1]) }
    }
  }

  @Test func `a page that inflates to more than it states is an error and is not inflated`() throws {
    let column = ParquetColumn("c", .text, isRequired: true)
    let body = Array(repeating: 0 as UInt8, count: 1 << 20)
    #expect(throws: ParquetError.self) {
      try Self.readPage(column, .plain, body, rows: 1, statedSize: 4)
    }
  }

  private static func hostileBody(_ random: inout SeededRandom) -> [UInt8] {
    let small: [UInt8] = [0, 1, 2, 3, 4, 5, 8, 16, 32, 64, 127, 128, 129, 255]
    var body: [UInt8] = []
    if random.next() % 2 == 0 { body = [2, 0, 0, 0, UInt8(random.next() % 64) * 2, 1] }
    if random.next() % 2 == 0 { body += [0x80, 1, 4] }
    for _ in 0..<random.next() % 60 {
      body.append(
        random.next() % 2 == 0 ? small[Int(random.next() % 14)] : UInt8(truncatingIfNeeded: random.next()))
    }
    return body
  }

  /// Reads a chunk of one page, and of a dictionary with three entries where the encoding wants one.
  private static func readPage(
    _ column: ParquetColumn, _ encoding: ParquetEncoding, _ body: [UInt8], rows: Int, statedSize: Int? = nil
  ) throws {
    var file: [UInt8] = []
    var chunk = ParquetChunk(column: column, encoding: encoding, values: rows, dataOffset: 4)
    if encoding == .rleDictionary {
      let entry: [UInt8] = column.kind == .text ? [1, 0, 0, 0, 97] : [0, 0, 0, 0, 0, 0, 0, 0]
      chunk.uncompressedSize += try append(
        entry + entry + entry, ParquetNumber.dictionaryPage, .plain, 3, nil, to: &file)
      chunk.dictionaryOffset = 4
      chunk.dataOffset = 4 + file.count
    }
    chunk.uncompressedSize += try append(body, ParquetNumber.dataPage, encoding, rows, statedSize, to: &file)
    chunk.compressedSize = file.count
    var reader = try ParquetColumnReader(chunk, file, rowGroup: 0)
    var left = rows
    while left > 0 {
      try reader.readPage()
      left -= reader.page.rows
    }
    try reader.finish()
  }

  private static func append(
    _ body: [UInt8], _ type: Int, _ encoding: ParquetEncoding, _ values: Int, _ statedSize: Int?,
    to file: inout [UInt8]
  ) throws -> Int {
    let compressed = try Gzip.compress(body)
    var thrift = ThriftWriter()
    ParquetPageHeader(
      type: type, uncompressedSize: statedSize ?? body.count, compressedSize: compressed.count,
      checksum: crc32(compressed.span), values: values, encoding: encoding
    ).write(to: &thrift)
    file += thrift.bytes + compressed
    return thrift.bytes.count + body.count
  }
}
