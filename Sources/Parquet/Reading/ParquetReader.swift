/// Reads the footers of the Parquet files that `ParquetWriter` makes, and of no others; from there one reads on, column by
/// column, with `ParquetColumnReader`.
///
/// Every number of the file is checked before it is used. What the file says it holds and what it holds agree to the last
/// byte: the row groups, their columns and their pages stand one behind the other, and the indexes and the footer fill the rest.
struct ParquetReader {
  /// Reads `count` bytes of the file from `offset` on, all of which are there.
  typealias Source = (_ offset: Int, _ count: Int) async throws -> [UInt8]

  let metadata: ParquetMetadata
  /// Of the file, in bytes.
  let size: Int
  private let source: Source

  /// Reads the footer of a file of `size` bytes. Throws `ParquetError`, or what `source` throws.
  init(size: Int, _ source: @escaping Source) async throws {
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
    try checkPlaces(before: footer)
  }

  /// The bytes at a place of the file; fewer of them than there should be are an error.
  func bytes(at offset: Int, count: Int) async throws -> [UInt8] {
    try await ParquetReader.read(source, offset, count)
  }

  private static func read(_ source: Source, _ offset: Int, _ count: Int) async throws -> [UInt8] {
    let bytes = try await source(offset, count)
    guard bytes.count == count else { throw ParquetError(.truncated, offset: offset + bytes.count) }
    return bytes
  }

  private func checkPlaces(before footer: Int) throws(ParquetError) {
    var place = ParquetNumber.magic.count
    var rows = 0
    for (index, group) in metadata.groups.enumerated() {
      guard group.rows > 0 else {
        throw ParquetError(.disagreement("the numbers of rows"), rowGroup: index)
      }
      guard group.rows <= ParquetRowGroup.rowLimit else {
        throw ParquetError(.tooLarge(ParquetRowGroup.rowLimit), rowGroup: index)
      }
      rows += group.rows
      for chunk in group.chunks {
        let isAllowed = ParquetReader.encodings(of: chunk).contains(chunk.encoding)
        guard isAllowed, (chunk.encoding == .rleDictionary) == (chunk.dictionaryOffset != nil) else {
          throw ParquetError(
            .unsupported("this encoding of the column"), rowGroup: index, column: chunk.column.name)
        }
        if chunk.codec == ParquetNumber.zstd && !ParquetCompression.hasZstd {
          throw ParquetError(.withoutZstd)
        }
        guard chunk.values == group.rows else {
          throw ParquetError(
            .disagreement("the numbers of rows"), rowGroup: index, column: chunk.column.name)
        }
        guard chunk.offset == place, chunk.dataOffset >= place, chunk.compressedSize > 0,
          chunk.compressedSize <= footer - place
        else {
          throw ParquetError(
            .disagreement("the places of the columns"), rowGroup: index, column: chunk.column.name,
            offset: place)
        }
        place += chunk.compressedSize
      }
    }
    guard rows == metadata.rows else { throw ParquetError(.disagreement("the numbers of rows")) }
  }

  private static func encodings(of chunk: ParquetChunk) -> [ParquetEncoding] {
    switch chunk.column.kind {
    case .text: [.rleDictionary, .deltaLengthByteArray, .plain]
    case .timestamp: [.deltaBinaryPacked]
    case .double: [.rleDictionary, .plain]
    }
  }
}
