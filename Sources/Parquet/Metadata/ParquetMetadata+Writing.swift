// The comment of each function names the structure of parquet.thrift that it writes.

extension ParquetMetadata {
  /// `FileMetaData`
  func write(to thrift: inout ThriftWriter) {
    thrift.structure { thrift in
      // The only version that every reader accepts.
      thrift.int32(1, 1)
      thrift.list(2, of: .structure, schema.elements) { $1.write(to: &$0) }
      thrift.int64(3, rows)
      thrift.list(4, of: .structure, Array(groups.enumerated())) { thrift, group in
        group.element.write(ordinal: group.offset, sorting: schema.sorting, to: &thrift)
      }
      if !schema.metadata.isEmpty {
        thrift.list(5, of: .structure, schema.metadata) { thrift, pair in
          thrift.structure {
            $0.binary(1, pair.key.utf8)
            $0.binary(2, pair.value.utf8)
          }
        }
      }
      thrift.binary(6, createdBy.utf8)
      // `ColumnOrder` TYPE_ORDER. Without it readers ignore min_value and max_value.
      thrift.list(7, of: .structure, schema.columns) { thrift, _ in
        thrift.structure { $0.structure(1) { _ in } }
      }
    }
  }
}

extension ParquetSchema {
  /// The root element, then the columns or the nodes of the tree.
  fileprivate var elements: [ParquetElement] {
    let root = ParquetElement(name: name, children: fields?.count ?? columns.count)
    return [root] + (fields.map { $0.flatMap(\.elements) } ?? columns.map { ParquetElement($0) })
  }

  /// The bytes of the list of `SchemaElement`, without the header of the field.
  var listedElements: [UInt8] {
    var thrift = ThriftWriter()
    // The header of field 1 is one byte.
    thrift.list(1, of: .structure, elements) { $1.write(to: &$0) }
    return Array(thrift.bytes.dropFirst())
  }
}

extension ParquetGroup {
  /// `RowGroup`
  fileprivate func write(ordinal: Int, sorting: [Int], to thrift: inout ThriftWriter) {
    thrift.structure { thrift in
      thrift.list(1, of: .structure, chunks) { $1.write(to: &$0) }
      thrift.int64(2, chunks.reduce(0) { $0 + $1.uncompressedSize })
      thrift.int64(3, rows)
      if !sorting.isEmpty {
        // `SortingColumn`
        thrift.list(4, of: .structure, sorting) { thrift, column in
          thrift.structure {
            $0.int32(1, column)
            $0.bool(2, false)
            $0.bool(3, false)
          }
        }
      }
      if let first = chunks.first { thrift.int64(5, first.offset) }
      thrift.int64(6, chunks.reduce(0) { $0 + $1.compressedSize })
      if ordinal <= Int(Int16.max) { thrift.int16(7, ordinal) }
    }
  }
}

extension ParquetChunk {
  /// The offset of its first page in the file.
  var offset: Int { dictionaryOffset ?? dataOffset }

  /// `ColumnChunk`
  fileprivate func write(to thrift: inout ThriftWriter) {
    thrift.structure { thrift in
      // The format requires 0 here; old writers stored the offset of a copy of the metadata.
      thrift.int64(2, 0)
      thrift.structure(3) { writeMetadata(to: &$0) }
      if let offsetIndex {
        thrift.int64(4, offsetIndex.lowerBound)
        thrift.int32(5, offsetIndex.count)
      }
      if let columnIndex {
        thrift.int64(6, columnIndex.lowerBound)
        thrift.int32(7, columnIndex.count)
      }
    }
  }

  /// `ColumnMetaData`
  private func writeMetadata(to thrift: inout ThriftWriter) {
    thrift.int32(1, column.physicalType)
    var encodings = [encoding]
    if dictionaryOffset != nil { encodings.append(.plain) }
    if !column.isRequired { encodings.append(.rle) }
    thrift.list(2, of: .int32, encodings) { $0.integer($1.rawValue) }
    thrift.list(3, of: .binary, column.path) { $0.binary($1.utf8) }
    thrift.int32(4, codec)
    thrift.int64(5, values)
    thrift.int64(6, uncompressedSize)
    thrift.int64(7, compressedSize)
    thrift.int64(9, dataOffset)
    if let dictionaryOffset { thrift.int64(11, dictionaryOffset) }
    thrift.structure(12) { statistics.write(to: &$0) }
    writeEncodingStatistics(to: &thrift)
    if let bloomFilter {
      thrift.int64(14, bloomFilter.lowerBound)
      thrift.int32(15, bloomFilter.count)
    }
    thrift.structure(16) { writeSizeStatistics(to: &$0) }
  }

  /// `PageEncodingStats`, which show readers that every page uses the dictionary.
  private func writeEncodingStatistics(to thrift: inout ThriftWriter) {
    var counts = [(ParquetNumber.dataPage, encoding, pages.count)]
    if dictionaryOffset != nil { counts.insert((ParquetNumber.dictionaryPage, .plain, 1), at: 0) }
    thrift.list(13, of: .structure, counts) { thrift, entry in
      thrift.structure {
        $0.int32(1, entry.0)
        $0.int32(2, entry.1.rawValue)
        $0.int32(3, entry.2)
      }
    }
  }

  /// `SizeStatistics`
  private func writeSizeStatistics(to thrift: inout ThriftWriter) {
    if column.kind.isBytes { thrift.int64(1, pages.reduce(0) { $0 + $1.textBytes }) }
    if !repetitionCounts.isEmpty { thrift.list(2, of: .int64, repetitionCounts) { $0.integer($1) } }
    if !definitionCounts.isEmpty {
      thrift.list(3, of: .int64, definitionCounts) { $0.integer($1) }
    } else if !column.isRequired {
      thrift.list(3, of: .int64, [statistics.nulls, values - statistics.nulls]) { $0.integer($1) }
    }
  }

  /// `OffsetIndex` (parquet-format, PageIndex.md)
  func writeOffsetIndex(to thrift: inout ThriftWriter) {
    thrift.structure { thrift in
      thrift.list(1, of: .structure, pages) { thrift, page in
        thrift.structure {
          $0.int64(1, page.offset)
          $0.int32(2, page.size)
          $0.int64(3, page.rows.lowerBound)
        }
      }
      if column.kind.isBytes { thrift.list(2, of: .int64, pages.map(\.textBytes)) { $0.integer($1) } }
    }
  }

  /// `ColumnIndex` (parquet-format, PageIndex.md). Returns false and writes nothing if a page has values but no bounds, as a page of
  /// NaN has.
  func writeColumnIndex(to thrift: inout ThriftWriter) -> Bool {
    let statistics = pages.map(\.statistics)
    guard zip(pages, statistics).allSatisfy({ $1.bounds != nil || $1.nulls == $0.values ?? $0.rows.count })
    else {
      return false
    }
    thrift.structure { thrift in
      thrift.list(1, of: .yes, statistics) { $0.bool($1.bounds == nil) }
      thrift.list(2, of: .binary, statistics) { $0.binary($1.bounds?.least ?? []) }
      thrift.list(3, of: .binary, statistics) { $0.binary($1.bounds?.most ?? []) }
      thrift.int32(4, BoundaryOrder(of: statistics.compactMap(\.bounds), column.kind).rawValue)
      thrift.list(5, of: .int64, statistics) { $0.integer($1.nulls) }
      if column.kind == .double { thrift.list(8, of: .int64, statistics) { $0.integer($1.nans ?? 0) } }
    }
    return true
  }
}

extension ParquetStatistics {
  /// `Statistics`, without the deprecated `min` and `max`.
  fileprivate func write(to thrift: inout ThriftWriter) {
    thrift.int64(3, nulls)
    if let bounds {
      thrift.binary(5, bounds.most)
      thrift.binary(6, bounds.least)
      thrift.bool(7, bounds.isMostExact)
      thrift.bool(8, bounds.isLeastExact)
    }
    if let nans { thrift.int64(9, nans) }
  }
}
