/// The numbers by which the format names its types and encodings.
///
/// Source: parquet-format, src/main/thrift/parquet.thrift.
enum ParquetNumber {
  static let magic = Array("PAR1".utf8)

  /// `CompressionCodec`
  static let gzip = 2
  static let zstd = 6

  /// `Type`
  static let int64 = 2
  static let double = 5
  static let byteArray = 6

  /// `PageType`
  static let dataPage = 0
  static let dictionaryPage = 2

  /// Sizes and counts of pages are 32-bit integers.
  static let pageLimit = Int(Int32.max)
}

/// How the values of a page are written: `Encoding`.
enum ParquetEncoding: Int, Hashable {
  case plain = 0
  case rle = 3
  case deltaBinaryPacked = 5
  case deltaLengthByteArray = 6
  case rleDictionary = 8
}

/// The bounds of the values of a page or chunk, as they are written.
struct ParquetBounds: Hashable {
  var least: [UInt8]
  var most: [UInt8]
  var isLeastExact = true
  var isMostExact = true
}

/// What a chunk's or a page's statistics tell.
struct ParquetStatistics: Hashable {
  var nulls = 0
  /// Nil unless the column is one of doubles.
  var nans: Int?
  /// Nil when there is no value but NULL and NaN.
  var bounds: ParquetBounds?
}

/// A page of values, as the indexes tell of it.
struct ParquetPage: Hashable {
  /// In the file, and of the page with its header.
  var offset: Int
  var size: Int
  var rows: Range<Int>
  var statistics: ParquetStatistics
  /// The bytes of text, without lengths.
  var textBytes: Int
}

/// One column of one row group, as the footer tells of it.
struct ParquetChunk: Hashable {
  var column: ParquetColumn
  var encoding: ParquetEncoding
  /// `ParquetNumber.gzip` or `.zstd`.
  var codec = ParquetNumber.gzip
  /// NULLs included.
  var values: Int
  /// With the page headers.
  var uncompressedSize = 0
  var compressedSize = 0
  var dictionaryOffset: Int?
  var dataOffset = 0
  var statistics = ParquetStatistics()
  var pages: [ParquetPage] = []
  /// In the file; nil until they are written.
  var bloomFilter: Range<Int>?
  var columnIndex: Range<Int>?
  var offsetIndex: Range<Int>?
}

/// A row group, as the footer tells of it.
struct ParquetGroup: Hashable {
  var rows: Int
  var chunks: [ParquetChunk]
}

/// What the footer of a file tells.
struct ParquetMetadata: Hashable {
  var schema: ParquetSchema
  var rows: Int
  var groups: [ParquetGroup]
  var createdBy: String
}
