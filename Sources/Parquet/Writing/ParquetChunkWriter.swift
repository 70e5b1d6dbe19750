private import Compression

/// Writes the columns of a row group, each as a dictionary page, if it has one, and its data pages.
///
/// Source: parquet-format, README, "Data Pages"; parquet.thrift, "PageHeader".
struct ParquetChunkWriter: ~Copyable {
  /// A page ends with the row that reaches either limit.
  private static let pageRows = 10_000
  private static let pageBytes = 1 << 20

  private var compressor: ParquetPageCompressor
  private var body: [UInt8] = []
  private var compressed: [UInt8] = []

  init(_ compression: ParquetCompression) throws {
    compressor = try ParquetPageCompressor(compression)
  }

  /// Append the column, which starts at the byte `offset` of the file, to `output`.
  mutating func write(
    _ values: ParquetColumnValues, rows: Int, at offset: Int, to output: inout [UInt8]
  ) throws -> ParquetChunk {
    let count = values.levelCount(rows: rows)
    var chunk = ParquetChunk(column: values.column, encoding: values.encoding, values: count)
    chunk.codec = compressor.codec
    let start = output.count
    if chunk.encoding == .rleDictionary {
      chunk.dictionaryOffset = offset
      try writeDictionary(values.table, kind: values.column.kind, of: &chunk, to: &output)
    }
    chunk.dataOffset = offset + output.count - start
    var search = BoundsSearch(values)
    var rest = ParquetPlace()
    repeat {
      let end = values.pageEnd(from: rest, rows: rows, rowLimit: Self.pageRows, byteLimit: Self.pageBytes)
      let place = offset + output.count - start
      let (present, levels) = (rest.value..<end.value, rest.level..<end.level)
      try writePage(values, levels: levels, present: present, of: &chunk, to: &output)
      chunk.pages.append(
        ParquetPage(
          offset: place, size: offset + output.count - start - place, rows: rest.row..<end.row,
          values: levels.count, statistics: search.page(present, nulls: levels.count - present.count),
          textBytes: search.textBytes))
      rest = end
    } while rest.row < rows
    chunk.statistics = search.whole(nulls: count - values.count)
    (chunk.repetitionCounts, chunk.definitionCounts) = values.levelCounts
    return chunk
  }

  private mutating func writeDictionary(
    _ table: ValueTable, kind: ParquetColumn.Kind, of chunk: inout ParquetChunk, to output: inout [UInt8]
  ) throws {
    body.removeAll(keepingCapacity: true)
    for entry in 0..<table.entries { body.append(plain: table, entry, kind) }
    try writePage(ParquetNumber.dictionaryPage, table.entries, .plain, of: &chunk, to: &output)
  }

  private mutating func writePage(
    _ values: ParquetColumnValues, levels: Range<Int>, present: Range<Int>, of chunk: inout ParquetChunk,
    to output: inout [UInt8]
  ) throws {
    body.removeAll(keepingCapacity: true)
    values.appendLevels(levels, to: &body)
    values.appendValues(present, chunk.encoding, to: &body)
    try writePage(ParquetNumber.dataPage, levels.count, chunk.encoding, of: &chunk, to: &output)
  }

  /// Compress `body` and append it after its header.
  private mutating func writePage(
    _ type: Int, _ values: Int, _ encoding: ParquetEncoding, of chunk: inout ParquetChunk,
    to output: inout [UInt8]
  ) throws {
    guard body.count <= ParquetNumber.pageLimit else {
      throw ParquetError(.tooLarge(ParquetNumber.pageLimit))
    }
    compressed.removeAll(keepingCapacity: true)
    try compressor.append(body, to: &compressed)
    // The checksum covers the compressed bytes (parquet-format, README, "Checksumming").
    let header = ParquetPageHeader(
      type: type, uncompressedSize: body.count, compressedSize: compressed.count,
      checksum: crc32(compressed.span), values: values, encoding: encoding)
    var thrift = ThriftWriter()
    header.write(to: &thrift)
    output.append(contentsOf: thrift.bytes)
    output.append(contentsOf: compressed)
    chunk.uncompressedSize += thrift.bytes.count + body.count
    chunk.compressedSize += thrift.bytes.count + compressed.count
  }
}

/// Compresses the bodies of pages, each separately.
///
/// It has two compressors. The second searches little or not at all for matches: identifiers have them only by chance, and come out
/// a tenth smaller in a sixth of the time. Source: parquet-format, Compression.md.
struct ParquetPageCompressor: ~Copyable {
  /// The length of the start of a body that decides which compressor to use.
  private static let sample = 16 << 10

  let codec: Int
  private let searching: any BlockCompressor
  private let plainer: any BlockCompressor
  private var trial: [UInt8] = []

  init(_ compression: ParquetCompression) throws {
    let codecs: (number: Int, any BlockCompressor, any BlockCompressor)
    switch compression {
    case .gzip(let level):
      codecs = (
        ParquetNumber.gzip, try GzipBlockCompressor(level: level),
        try GzipBlockCompressor(level: level, search: .runs)
      )
    case .zstd(let level):
      do throws(ZstdError) {
        codecs = (ParquetNumber.zstd, try Zstd.compressor(level: level), try Zstd.compressor(level: 1))
      } catch {
        throw ParquetError(.init(error))
      }
    }
    (codec, searching, plainer) = codecs
  }

  /// Append the compressed body. The bytes depend only on the body, the level and the version of the library.
  mutating func append(_ body: [UInt8], to output: inout [UInt8]) throws {
    try (repeatsItself(body) ? searching : plainer).append(body, to: &output)
  }

  private mutating func repeatsItself(_ body: [UInt8]) throws -> Bool {
    guard body.count >= 4 * Self.sample else { return true }
    let start = Array(body[..<Self.sample])
    trial.removeAll(keepingCapacity: true)
    try searching.append(start, to: &trial)
    let length = trial.count
    try plainer.append(start, to: &trial)
    return trial.count - length > length
  }
}
