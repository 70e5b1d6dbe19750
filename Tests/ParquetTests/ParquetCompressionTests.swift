import Compression
import TestSupport
import Testing

@testable import Parquet

@Suite struct `compression of pages` {
  @Test func `a page of identifiers is compressed without match search, and a page of words with it`() throws
  {
    var random = SeededRandom(seed: 62)
    let digits = Array("0123456789abcdef".utf8)
    let identifiers = (0..<100_000).map { _ in digits[Int(random.next() % 16)] }
    var compressor = try ParquetPageCompressor(.gzip(level: 6))
    let words = (0..<10_000).flatMap { _ in random.pick(["repository ", "user ", "download ", "\n"]).utf8 }
    for body in [identifiers, words] {
      var output: [UInt8] = []
      try compressor.append(body, to: &output)
      let encoder = try GzipBlockCompressor(level: 6)
      var searched: [UInt8] = []
      try encoder.append(body, to: &searched)
      #expect(body == identifiers ? output.count < searched.count : output == searched)
      #expect(try Gzip.decompress(output, limit: body.count) == body)
    }
  }

  #if !zstd
    @Test func `without the trait, a file compressed with zstd is an error that names the trait`()
      async throws
    {
      let chunk = ParquetChunk(
        column: ParquetColumn("c", .text), encoding: .plain, codec: ParquetNumber.zstd, values: 1,
        uncompressedSize: 1, compressedSize: 1, dataOffset: 4)
      var thrift = ThriftWriter()
      ParquetMetadata(
        schema: ParquetSchema(name: "s", columns: [chunk.column]), rows: 1,
        groups: [ParquetGroup(rows: 1, chunks: [chunk])], createdBy: ""
      ).write(to: &thrift)
      var file = ParquetNumber.magic + [0] + thrift.bytes
      file.append(littleEndian: UInt32(thrift.bytes.count))
      file += ParquetNumber.magic
      let error = await #expect(throws: ParquetError.self) {
        _ = try await ParquetReader(size: file.count) { Array(file[$0..<$0 + $1]) }
      }
      #expect(
        error?.description
          == "the Parquet file: it is compressed with zstd, which this build does not support; build the program with --traits zstd"
      )
    }
  #endif
}
