import AuditRecord
import Parquet
import TestSupport
import Testing

@testable import PartitionFormats

@Suite struct `damaged Parquet parts` {
  /// Rows that make each encoding appear: dictionaries, lengths and bytes, plain doubles.
  private static let rows: [Row] = (0..<12).map { index -> Row in
    var text: [TextColumn: String] = [.uuid: "uuid-\(index)", .event: "e\(index % 2)"]
    if index % 3 != 0 { text[.actor] = "a" }
    let time = Int64(1_707_733_845_123_456 + index * index)
    return Row(
      text: text, eventAt: Timestamp(microseconds: time), latitude: Double(index) * 1.1,
      longitude: index % 2 == 0 ? 1.5 : .nan)
  }

  private func read(_ file: [UInt8]) async throws -> [Row] {
    var content = DayContentHash()
    return try await ParquetPart.read(file, content: &content).rows
  }

  /// An error of the format, or the very rows.
  private func isHarmless(_ file: [UInt8]) async -> Bool {
    do { return try await read(file) == Self.rows } catch { return error is ParquetError }
  }

  @Test func `no changed byte gives other rows`() async throws {
    let file = try ParquetPart(Self.rows).file
    #expect(try await read(file) == Self.rows)
    for index in file.indices {
      for bits in [0x01, 0x10, 0x80, 0xff] as [UInt8] {
        var changed = file
        changed[index] ^= bits
        #expect(await isHarmless(changed), "byte \(index) ^ \(bits)")
      }
    }
  }

  @Test func `a file truncated anywhere is an error`() async throws {
    let file = try ParquetPart(Self.rows).file
    for length in file.indices {
      await #expect(throws: ParquetError.self) { try await read(Array(file[..<length])) }
    }
    await #expect(throws: ParquetError.self) { try await read(file + [0]) }
  }
}
