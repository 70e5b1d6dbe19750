import AuditRecord
import Compression
import Parquet
import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `compression of Parquet parts` {
  private func read(_ file: [UInt8]) async throws -> [Row] {
    var content = DayContentHash()
    return try await ParquetPart.read(file, content: &content).rows
  }

  @Test func `pages are read back at every level, including those of identifiers`() async throws {
    var random = SeededRandom(seed: 61)
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

  /// The levels, in a build that has zstd.
  private func zstd(_ levels: [Int]) -> [ParquetCompression] {
    ParquetCompression.hasZstd ? levels.map { .zstd(level: $0) } : []
  }

  #if zstd
    @Test func `random tables compressed with zstd are read back`() async throws {
      for seed in 0..<100 {
        let rows = RandomTable.rows(seed: seed)
        #expect(try await read(ParquetPart(rows, .zstd(level: 3)).file) == rows, "seed \(seed)")
      }
    }

  #else
    @Test func `a build without the trait refuses zstd`() throws {
      #expect(throws: ParquetError(.withoutZstd)) { try ParquetPart([Row()], .zstd(level: 3)) }
    }
  #endif
}
