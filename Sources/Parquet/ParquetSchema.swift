private import Compression

/// The columns of a table, and what its file says about itself.
///
/// A flat table has columns of single values: texts, timestamps and doubles. A table with groups, lists and maps has a tree of
/// `ParquetField`s, and its columns are the leaves of the tree. The order of `columns` is the order in the file.
package struct ParquetSchema: Hashable, Sendable {
  /// The name of the root element. Readers do not show it.
  package var name: String
  /// The columns, in the order of the file.
  package var columns: [ParquetColumn]
  /// The tree whose leaves `columns` are. nil for a flat table.
  var fields: [ParquetField]?
  /// The columns that the rows are sorted by, ascending, as indices of `columns`. The file records them; the caller sorts.
  package var sorting: [Int]
  /// The columns of text, binary values or integers that get a bloom filter in every row group, as indices of `columns`. Readers that look for one value skip
  /// the row groups without it.
  package var filtered: [Int]
  /// The key-value metadata of the file, in this order.
  package var metadata: [Pair]

  /// One entry of the key-value metadata.
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

/// One column of a flat table, or one leaf of a tree.
package struct ParquetColumn: Hashable, Sendable {
  /// The type of a column's values, with its physical and logical types (parquet-format, LogicalTypes.md).
  package enum Kind: Hashable, Sendable {
    /// UTF-8 text: BYTE_ARRAY with STRING, and UTF8 for old readers.
    case text
    /// Microseconds since 1970-01-01T00:00:00Z: INT64 with TIMESTAMP(MICROS, UTC), and TIMESTAMP_MICROS for old readers.
    case timestamp
    /// IEEE 754 binary64: DOUBLE.
    case double
    /// BOOLEAN. Only in a tree, like the kinds that follow.
    case boolean
    /// INT32.
    case int32
    /// INT64.
    case int64
    /// Bytes without a meaning: BYTE_ARRAY.
    case binary
  }

  package var name: String
  package var kind: Kind
  /// Whether the column never holds NULL. A required column has no definition levels in the file.
  package var isRequired: Bool
  /// The place in the tree. nil in a flat table.
  var nesting: ParquetNesting?

  package init(_ name: String, _ kind: Kind, isRequired: Bool = false) {
    self.name = name
    self.kind = kind
    self.isRequired = isRequired
  }
}

/// How the pages of a file are compressed: `CompressionCodec` of parquet.thrift.
package enum ParquetCompression: Hashable, Sendable {
  /// zlib's levels, 1 (fast) to 9 (small).
  case gzip(level: Int)
  /// zstd's levels, 1 (fast) to 19 (small); its authors recommend 3. Only a build with the package trait `zstd` has it.
  case zstd(level: Int)

  /// Whether this build reads and writes zstd.
  package static var hasZstd: Bool { Zstd.isAvailable }
}
