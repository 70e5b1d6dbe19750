/// Writes a Parquet file, a row group at a time.
///
/// The same row groups, compression and version of zlib (or zstd) give the same bytes. After an error the writer cannot be used further.
/// Source: parquet-format, README, "File format".
struct ParquetWriter: ~Copyable {
  let schema: ParquetSchema
  private let createdBy: String
  private var chunks: ParquetChunkWriter
  private var groups: [ParquetGroup] = []
  /// Of each row group, and there of each column that has one.
  private var filters: [[BloomFilter]] = []
  /// Bytes of the file so far.
  private var offset = 0
  private var output: [UInt8] = ParquetNumber.magic

  /// `createdBy`: in the form that readers take apart, `NAME version VERSION (build BUILD)`.
  init(_ schema: ParquetSchema, createdBy: String, _ compression: ParquetCompression) throws {
    self.schema = schema
    self.createdBy = createdBy
    chunks = try ParquetChunkWriter(compression)
  }

  /// Writes the rows, of which there is one at least; the bytes come out through `sink`, a column at a time.
  mutating func write(_ group: ParquetRowGroup, to sink: ([UInt8]) throws -> Void) throws {
    var written = ParquetGroup(rows: group.rows, chunks: [])
    for column in group.columns {
      let place = offset + output.count
      written.chunks.append(try chunks.write(column, rows: group.rows, at: place, to: &output))
      try handOver(to: sink)
    }
    groups.append(written)
    filters.append(schema.filtered.map { group.columns[$0].table.bloomFilter })
  }

  /// Ends the file: the bloom filters and the indexes of all row groups, then the footer.
  mutating func finish(to sink: ([UInt8]) throws -> Void) throws {
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
