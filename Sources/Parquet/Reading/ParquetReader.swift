private import Compression

/// Reads the footer of a Parquet file that `ParquetWriter` wrote, and of no other. Then read each row group's columns with
/// `ParquetColumnReader`.
///
/// It checks every number of the file before it uses it. The metadata and the content must agree to the last byte: row groups,
/// columns and pages follow each other without gaps, and the indexes and the footer fill the rest.
package struct ParquetReader {
  /// Reads `count` bytes of the file from `offset` on. Fewer bytes mean that the file ends early.
  package typealias Source = (_ offset: Int, _ count: Int) async throws -> [UInt8]

  /// The first and the last four bytes of every file, `PAR1`. The first row group follows the first four.
  package static let magic = ParquetNumber.magic

  /// The footer, checked against the size of the file and the rules of `ParquetWriter`.
  package let metadata: ParquetMetadata
  /// The size of the file, in bytes.
  package let size: Int
  private let source: Source

  /// Read and check the footer of a file of `size` bytes: three reads, of the end, the start and the footer.
  ///
  /// - Throws: `ParquetError` if the file is not one that `ParquetWriter` wrote, or what `source` throws.
  package init(size: Int, _ source: @escaping Source) async throws {
    self.size = size
    self.source = source
    let magic = ParquetNumber.magic
    let tail = magic.count + 4
    guard size >= magic.count + tail else { throw ParquetError(.truncated) }
    let end = try await ParquetReader.read(source, size - tail, tail)
    guard try await ParquetReader.read(source, 0, magic.count) == magic,
      Array(end.suffix(magic.count)) == magic
    else {
      throw ParquetError(.notParquet)
    }
    let length = Int(end.littleEndian32(at: 0))
    guard length <= size - tail - magic.count else { throw ParquetError(.truncated, offset: size - tail) }
    let footer = size - tail - length
    let footerBytes = try await ParquetReader.read(source, footer, length)
    do {
      metadata = try ParquetMetadata(reading: footerBytes)
    } catch {
      throw ParquetError(.metadata, offset: footer)
    }
    try metadata.checkLayout(before: footer)
  }

  /// Read bytes of the file.
  ///
  /// - Throws: `ParquetError` if the file ends early, or what the source throws.
  package func bytes(at offset: Int, count: Int) async throws -> [UInt8] {
    try await ParquetReader.read(source, offset, count)
  }

  private static func read(_ source: Source, _ offset: Int, _ count: Int) async throws -> [UInt8] {
    let bytes = try await source(offset, count)
    guard bytes.count == count else { throw ParquetError(.truncated, offset: offset + bytes.count) }
    return bytes
  }
}
