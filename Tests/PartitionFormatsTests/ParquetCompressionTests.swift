import AuditRecord
import Testing

@testable import PartitionFormats

@Suite struct `compression of Parquet parts` {
  private func read(_ file: [UInt8]) async throws -> [Row] {
    var content = DayContentHash()
    return try await ParquetPart.read(file, content: &content).rows
  }

  @Test func `pages are read back at every level, those of identifiers too`() async throws {
    var random = LocalSplitMix64(seed: 61)
    let rows = (0..<4_000).map { _ in
      Row(text: [.uuid: String(random.next(), radix: 16), .actor: "a\(random.next() % 9)"])
    }
    let levels = 1...9
    for compression in levels.map({ ParquetCompression.gzip(level: $0) }) + zstd([1, 3, 19]) {
      let part = try ParquetPart(rows, compression)
      #expect(try await read(part.file) == rows, "\(compression)")
      #expect(try ParquetPart(rows, compression).file == part.file, "\(compression)")
    }
    #expect(throws: GzipError.self) { try ParquetPart(rows, .gzip(level: 10)) }
    #expect(throws: ParquetError.self) { try ParquetPart(rows, .zstd(level: 20)) }
  }

  @Test func `identifiers are smaller without a search for what repeats, and words are not`() throws {
    var random = LocalSplitMix64(seed: 62)
    let digits = Array("0123456789abcdef".utf8)
    let identifiers = (0..<100_000).map { _ in digits[Int(random.next() % 16)] }
    var compressor = try ParquetPageCompressor(.gzip(level: 6))
    for body in [identifiers, random.text(100_000)] {
      var output: [UInt8] = []
      try compressor.append(body, to: &output)
      var encoder = try GzipMemberEncoder(level: 6)
      var searched: [UInt8] = []
      try encoder.append(body, to: &searched)
      #expect(body == identifiers ? output.count < searched.count : output == searched)
      #expect(try Gzip.decompress(output, limit: body.count) == body)
    }
  }

  /// The levels, in a build that has zstd.
  private func zstd(_ levels: [Int]) -> [ParquetCompression] {
    ParquetCompression.hasZstd ? levels.map { .zstd(level: $0) } : []
  }

  #if zstd
    @Test func `random tables are read as they were written with zstd`() throws {
      for seed in 0..<100 as Range<UInt64> {
        let rows = RandomTable.rows(seed: seed)
        #expect(try read(ParquetPart(rows, .zstd(level: 3)).file) == rows, "seed \(seed)")
      }
    }

    @Test func `a cut frame is an error, and a changed one gives no more than the limit`() throws {
      var random = LocalSplitMix64(seed: 63)
      for body in [[], random.noise(3_000), random.text(300_000)] {
        var frame: [UInt8] = []
        try ZstdEncoder(level: 3).append(body, to: &frame)
        #expect(try Zstd.decompress(frame, limit: body.count) == body)
        if !body.isEmpty {
          #expect(throws: ZstdError.self) { try Zstd.decompress(frame, limit: body.count - 1) }
        }
        #expect(throws: ZstdError.self) { try Zstd.decompress(frame + [0], limit: body.count) }
        for length in stride(from: 0, to: frame.count, by: 1 + frame.count / 100) {
          #expect(throws: ZstdError.self) { try Zstd.decompress(Array(frame[..<length]), limit: body.count) }
        }
        for _ in 0..<1_000 {
          var changed = frame
          changed[Int(random.next() % UInt64(frame.count))] ^= UInt8(truncatingIfNeeded: random.next())
          // What of the damage is seen is an error; the rest is for the checksum of the page.
          do { #expect(try Zstd.decompress(changed, limit: body.count).count <= body.count) } catch {
            continue
          }
        }
      }
    }
  #else
    @Test func `without the trait, zstd is refused with a sentence`() async throws {
      #expect(throws: ParquetError(.withoutZstd)) { try ParquetPart([Row()], .zstd(level: 3)) }
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
          == "the Parquet file: compressed with zstd, which this build leaves out; build the program with --traits zstd"
      )
    }
  #endif
}
