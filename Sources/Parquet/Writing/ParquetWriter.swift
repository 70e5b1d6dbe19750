/// Writes a Parquet file, one row group at a time.
///
/// The same row groups, compression and version of zlib (or zstd) give the same bytes. Memory holds one row group and, until the
/// end, the metadata and bloom filters of those before. Do not use the writer again after an error.
///
/// Source: parquet-format, README, "File format".
package struct ParquetWriter: ~Copyable {
  private let schema: ParquetSchema
  private let createdBy: String
  private var chunks: ParquetChunkWriter
  private var groups: [ParquetGroup] = []
  /// For each row group the filters of the columns that have one.
  private var filters: [[BloomFilter]] = []
  /// Bytes of the file handed to a sink so far.
  private var offset = 0
  private var output: [UInt8] = ParquetNumber.magic

  /// - Parameter createdBy: the application, in the form that readers parse, `NAME version VERSION (build BUILD)`.
  /// - Throws: `ParquetError` for zstd in a build without it or with a bad level, `GzipError` for a bad level of gzip.
  package init(_ schema: ParquetSchema, createdBy: String, _ compression: ParquetCompression) throws {
    self.schema = schema
    self.createdBy = createdBy
    chunks = try ParquetChunkWriter(compression)
  }

  /// Write a row group of at least one row, and pass its bytes to `sink`, one column at a time.
  ///
  /// - Throws: `GzipError` or `ZstdError` from the library, or what `sink` throws.
  package mutating func write(_ group: ParquetRowGroup, to sink: ([UInt8]) throws -> Void) throws {
    var written = ParquetGroup(rows: group.rows, chunks: [])
    for column in group.columns {
      let place = offset + output.count
      written.chunks.append(try chunks.write(column, rows: group.rows, at: place, to: &output))
      try handOver(to: sink)
    }
    groups.append(written)
    filters.append(schema.filtered.map { group.columns[$0].table.bloomFilter })
  }

  /// End the file: write the bloom filters and page indexes of all row groups, then the footer.
  ///
  /// - Throws: what `sink` throws.
  package mutating func finish(to sink: ([UInt8]) throws -> Void) throws {
    writeBloomFilters()
    var thrift = ThriftWriter()
    let start = offset + output.count
    for group in groups.indices {
      for chunk in groups[group].chunks.indices {
        let place = start + thrift.bytes.count
        if groups[group].chunks[chunk].writeColumnIndex(to: &thrift) {
          groups[group].chunks[chunk].columnIndex = place..<start + thrift.bytes.count
        }
      }
    }
    for group in groups.indices {
      for chunk in groups[group].chunks.indices {
        let place = start + thrift.bytes.count
        groups[group].chunks[chunk].writeOffsetIndex(to: &thrift)
        groups[group].chunks[chunk].offsetIndex = place..<start + thrift.bytes.count
      }
    }
    let indexes = thrift.bytes.count
    ParquetMetadata(
      schema: schema, rows: groups.reduce(0) { $0 + $1.rows }, groups: groups, createdBy: createdBy
    ).write(to: &thrift)
    output.append(contentsOf: thrift.bytes)
    output.append(littleEndian: UInt32(thrift.bytes.count - indexes))
    output.append(contentsOf: ParquetNumber.magic)
    try handOver(to: sink)
  }

  private mutating func writeBloomFilters() {
    for group in groups.indices {
      for (column, filter) in zip(schema.filtered, filters[group]) {
        let place = offset + output.count
        output.append(contentsOf: filter.bytes)
        groups[group].chunks[column].bloomFilter = place..<offset + output.count
      }
    }
  }

  private mutating func handOver(to sink: ([UInt8]) throws -> Void) throws {
    offset += output.count
    try sink(output)
    output.removeAll(keepingCapacity: true)
  }
}
