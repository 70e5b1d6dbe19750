/// Writes a Parquet file of rows of a tree: groups, lists and maps.
///
/// The same rows, compression and version of zlib (or zstd) give the same bytes. Values are encoded as `PLAIN` or with
/// a dictionary, which all readers know; timestamps as differences. Every column has statistics and page indexes. Memory holds the
/// values of one row group. Do not use the writer again after an error.
///
///     let schema = try ParquetSchema(name: "schema", fields: [
///       ParquetField("id", .int64, isRequired: true), ParquetField("tags", .map(.text, .text)),
///     ])
///     var writer = try ParquetRecordWriter(schema, createdBy: "example version 1.0.0 (build 1)", .gzip(level: 6))
///     try writer.append([[.int64(1), .map([.init(.text("a"), .null)])], [.int64(2), .null]]) { file += $0 }
///     try writer.finish { file += $0 }
///
/// For flat tables `ParquetRowGroup` and `ParquetWriter` are faster. `ParquetRecordReader` reads files of trees.
package struct ParquetRecordWriter: ~Copyable {
  private let shredder: RecordShredder
  private let rowLimit: Int
  private var writer: ParquetWriter
  private var group: ParquetRowGroup

  /// - Parameters:
  ///   - schema: made from a tree. A flat table has the same bytes as with `ParquetWriter`.
  ///   - createdBy: as for `ParquetWriter`.
  ///   - rowLimit: a row group ends after this many rows, at least one.
  /// - Throws: `ParquetError` for zstd in a build without it or with a bad level, `GzipError` for a bad level of gzip.
  package init(
    _ schema: ParquetSchema, createdBy: String, _ compression: ParquetCompression,
    rowLimit: Int = ParquetRowGroup.rowLimit
  ) throws {
    writer = try ParquetWriter(schema, createdBy: createdBy, compression)
    shredder = RecordShredder(schema)
    self.rowLimit = max(1, rowLimit)
    group = ParquetRowGroup(schema)
  }

  /// Append rows, each with one value for each field of the tree. Pass a few thousand in one call.
  ///
  /// - Throws: `ParquetError` for a value that does not fit its field or exceeds the size that a page can have, an error of the
  ///   compression library, or what `sink` throws.
  package mutating func append(_ rows: [[ParquetValue]], to sink: ([UInt8]) throws -> Void) throws {
    for row in rows {
      try shredder.append(row, to: &group.columns)
      group.rows += 1
      if group.rows == rowLimit { try writeGroup(to: sink) }
    }
  }

  /// End the file. Without rows it has no row groups.
  ///
  /// - Throws: an error of the compression library, or what `sink` throws.
  package mutating func finish(to sink: ([UInt8]) throws -> Void) throws {
    if group.rows > 0 { try writeGroup(to: sink) }
    try writer.finish(to: sink)
  }

  private mutating func writeGroup(to sink: ([UInt8]) throws -> Void) throws {
    try writer.write(group, to: sink)
    group.removeAll()
  }
}
