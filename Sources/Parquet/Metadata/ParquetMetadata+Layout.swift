extension ParquetMetadata {
  /// The most values of a column of a tree in a row group, with its NULLs. A few bytes can state any number of them.
  private static let valueLimit = 1 << 23

  /// Check that row groups and columns follow each other up to the footer without gaps, and use what the writers use.
  ///
  /// - Parameter footer: the offset of the footer.
  func checkLayout(before footer: Int) throws(ParquetError) {
    var place = ParquetNumber.magic.count
    var rows = 0
    for (index, group) in groups.enumerated() {
      guard group.rows > 0 else {
        throw ParquetError(.disagreement("the row counts"), rowGroup: index)
      }
      guard group.rows <= ParquetRowGroup.rowLimit else {
        throw ParquetError(.tooLarge(ParquetRowGroup.rowLimit), rowGroup: index)
      }
      rows += group.rows
      for chunk in group.chunks {
        let isAllowed = chunk.allowedEncodings.contains(chunk.encoding)
        guard isAllowed, (chunk.encoding == .rleDictionary) == (chunk.dictionaryOffset != nil) else {
          throw ParquetError(
            .unsupported("this column encoding"), rowGroup: index, column: chunk.column.name)
        }
        if chunk.codec == ParquetNumber.zstd && !ParquetCompression.hasZstd {
          throw ParquetError(.withoutZstd)
        }
        guard chunk.values == group.rows || (chunk.column.repetitionLimit > 0 && chunk.values > group.rows)
        else {
          throw ParquetError(
            .disagreement("the row counts"), rowGroup: index, column: chunk.column.name)
        }
        guard chunk.values <= ParquetMetadata.valueLimit else {
          throw ParquetError(
            .tooLarge(ParquetMetadata.valueLimit), rowGroup: index, column: chunk.column.name)
        }
        guard chunk.offset == place, chunk.dataOffset >= place, chunk.compressedSize > 0,
          chunk.compressedSize <= footer - place
        else {
          throw ParquetError(
            .disagreement("the offsets of the columns"), rowGroup: index, column: chunk.column.name,
            offset: place)
        }
        place += chunk.compressedSize
      }
    }
    guard rows == self.rows else { throw ParquetError(.disagreement("the row counts")) }
  }
}

extension ParquetChunk {
  /// The encodings that the writers use for the pages of such a column.
  fileprivate var allowedEncodings: [ParquetEncoding] {
    switch column.kind {
    case .text where column.nesting == nil: [.rleDictionary, .deltaLengthByteArray, .plain]
    case .timestamp: [.deltaBinaryPacked]
    case .text, .double, .int32, .int64, .binary: [.rleDictionary, .plain]
    case .boolean: [.plain]
    }
  }
}
