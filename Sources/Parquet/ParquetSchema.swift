/// A column of a flat table.
package struct ParquetColumn: Hashable, Sendable {
  /// What a column holds, with its physical and logical types (parquet-format, LogicalTypes.md).
  package enum Kind: Hashable, Sendable {
    /// UTF-8: BYTE_ARRAY, STRING (and the older UTF8).
    case text
    /// Microseconds since 1970 in UTC: INT64, TIMESTAMP(MICROS, UTC) (and the older TIMESTAMP_MICROS).
    case timestamp
    /// IEEE 754 binary64: DOUBLE.
    case double
  }

  package var name: String
  package var kind: Kind
  /// Whether the column never holds NULL.
  package var isRequired: Bool

  package init(_ name: String, _ kind: Kind, isRequired: Bool = false) {
    self.name = name
    self.kind = kind
    self.isRequired = isRequired
  }
}

/// The columns of a flat table, and what the file says about itself.
package struct ParquetSchema: Hashable, Sendable {
  /// The name of the root element; readers do not show it.
  package var name: String
  package var columns: [ParquetColumn]
  /// The columns by which the rows are sorted, ascending; indices of `columns`.
  package var sorting: [Int]
  /// The columns of text that have a bloom filter in every row group, for whoever looks for one value; indices of `columns`.
  package var filtered: [Int]
  /// Key-value metadata of the file, in this order.
  package var metadata: [Pair]

  package struct Pair: Hashable, Sendable {
    package var key: String
    package var value: String

    package init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  package init(
    name: String, columns: [ParquetColumn], sorting: [Int] = [], filtered: [Int] = [], metadata: [Pair] = []
  ) {
    self.name = name
    self.columns = columns
    self.sorting = sorting
    self.filtered = filtered
    self.metadata = metadata
  }
}

/// How the pages of a file are compressed: `CompressionCodec` of parquet.thrift.
package enum ParquetCompression: Hashable, Sendable {
  /// zlib's levels, 1 to 9.
  case gzip(level: Int)
  /// In a build with the package trait `zstd` alone. Levels 1 to 19; 3 is its authors' choice.
  case zstd(level: Int)

  /// Whether this build writes and reads zstd.
  package static var hasZstd: Bool {
    #if zstd
      true
    #else
      false
    #endif
  }
}
