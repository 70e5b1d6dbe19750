/// Reads a file that `ParquetRecordWriter` wrote, with the schema that it had.
///
/// It checks every number of the file before it uses it, as `ParquetReader` does. The whole file and its rows are in memory.
package enum ParquetRecordReader {
  /// Read all rows.
  ///
  /// - Parameter schema: of the writer. The fields and the name of the file's schema must be the same.
  /// - Throws: `ParquetError` if the file is damaged, or another writer or another schema made it.
  package static func rows(of file: [UInt8], _ schema: ParquetSchema) throws(ParquetError) -> [[ParquetValue]]
  {
    let metadata = try metadata(of: file, schema)
    let assembler = RecordAssembler(schema)
    var rows: [[ParquetValue]] = []
    for (number, group) in metadata.groups.enumerated() {
      var columns: [RecordColumn] = []
      for chunk in group.chunks {
        let bytes = Array(file[chunk.offset..<chunk.offset + chunk.compressedSize])
        var reader = try ParquetColumnReader(chunk, bytes, rowGroup: number)
        columns.append(try RecordColumn(&reader, chunk, rows: group.rows))
      }
      do throws(LevelError) {
        rows += try assembler.rows(group.rows, of: columns)
      } catch {
        throw ParquetError(.disagreement("the levels of the columns"), rowGroup: number)
      }
    }
    return rows
  }

  private static func metadata(
    of file: [UInt8], _ schema: ParquetSchema
  ) throws(ParquetError) -> ParquetMetadata {
    let magic = ParquetNumber.magic
    let tail = magic.count + 4
    guard file.count >= magic.count + tail else { throw ParquetError(.truncated) }
    guard file.starts(with: magic), file.suffix(magic.count).elementsEqual(magic) else {
      throw ParquetError(.notParquet)
    }
    let length = Int(file.littleEndian32(at: file.count - tail))
    guard length <= file.count - tail - magic.count else { throw ParquetError(.truncated) }
    let footer = file.count - tail - length
    let metadata: ParquetMetadata
    do throws(ThriftError) {
      metadata = try ParquetMetadata(reading: Array(file[footer..<footer + length]), of: schema)
    } catch {
      throw ParquetError(error == .schema ? .schema : .metadata, offset: footer)
    }
    try metadata.checkLayout(before: footer)
    return metadata
  }
}

extension RecordColumn {
  /// Read all pages of a column, which must hold this number of rows.
  fileprivate init(
    _ reader: inout ParquetColumnReader, _ chunk: ParquetChunk, rows: Int
  ) throws(ParquetError) {
    var left = rows
    while left > 0 {
      try reader.readPage()
      let page = reader.page
      left -= page.rows
      definitions += page.levels
      repetitions += page.repetitions
      switch chunk.column.kind {
      case .text:
        values += page.texts.map { .text(String(decoding: page.bytes[$0], as: UTF8.self)) }
      case .binary: values += page.texts.map { .binary(Array(page.bytes[$0])) }
      case .timestamp: values += page.timestamps.map { .timestamp($0) }
      case .double: values += page.doubles.map { .double($0) }
      case .boolean: values += page.booleans.map { .boolean($0) }
      case .int32: values += page.integers.map { .int32(Int32(truncatingIfNeeded: $0)) }
      case .int64: values += page.integers.map { .int64($0) }
      }
    }
    guard left == 0 else { throw reader.error(.disagreement("the row counts of the pages and their column")) }
    try reader.finish()
  }
}
