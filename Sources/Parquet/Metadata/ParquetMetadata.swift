/// The numbers that the format gives its types and codecs.
///
/// Source: parquet-format, src/main/thrift/parquet.thrift.
enum ParquetNumber {
  static let magic = Array("PAR1".utf8)

  /// `CompressionCodec`
  static let gzip = 2
  static let zstd = 6

  /// `Type`
  static let boolean = 0
  static let int32 = 1
  static let int64 = 2
  static let double = 5
  static let byteArray = 6

  /// `PageType`
  static let dataPage = 0
  static let dictionaryPage = 2

  /// Sizes and counts of pages are 32-bit integers.
  static let pageLimit = Int(Int32.max)
}

/// How a page encodes its values: `Encoding` of parquet.thrift.
enum ParquetEncoding: Int, Hashable, Sendable {
  case plain = 0
  case rle = 3
  case deltaBinaryPacked = 5
  case deltaLengthByteArray = 6
  case rleDictionary = 8
}

/// The encoded bounds of the values of a page or chunk.
struct ParquetBounds: Hashable, Sendable {
  var least: [UInt8]
  var most: [UInt8]
  var isLeastExact = true
  var isMostExact = true
}

/// The statistics of a page or chunk.
struct ParquetStatistics: Hashable, Sendable {
  var nulls = 0
  /// The number of NaNs; nil unless the column holds doubles.
  var nans: Int?
  /// Nil if all values are NULL or NaN.
  var bounds: ParquetBounds?
}

/// A data page, as the page indexes describe it.
struct ParquetPage: Hashable, Sendable {
  /// The offset in the file, and the size with the header.
  var offset: Int
  var size: Int
  var rows: Range<Int>
  /// The number of values, including NULLs. nil means one for each row, as in a flat table.
  var values: Int?
  var statistics: ParquetStatistics
  /// The bytes of text, without length prefixes.
  var textBytes: Int
}

/// One column of one row group, as the footer describes it. Get it from `ParquetReader` and pass it to `ParquetColumnReader`.
package struct ParquetChunk: Hashable, Sendable {
  var column: ParquetColumn
  var encoding: ParquetEncoding
  /// `ParquetNumber.gzip` or `.zstd`.
  var codec = ParquetNumber.gzip
  /// The number of values, including NULLs.
  var values: Int
  /// The size of the pages with their headers, in bytes, if they were not compressed.
  var uncompressedSize = 0
  /// The size of the pages with their headers in the file, in bytes.
  package var compressedSize = 0
  var dictionaryOffset: Int?
  var dataOffset = 0
  var statistics = ParquetStatistics()
  /// How often each level occurs, from 0. Empty in a flat table, and if there is only one level.
  var repetitionCounts: [Int] = []
  var definitionCounts: [Int] = []
  var pages: [ParquetPage] = []
  /// Ranges of the file; nil until written.
  var bloomFilter: Range<Int>?
  var columnIndex: Range<Int>?
  var offsetIndex: Range<Int>?
}

/// A row group, as the footer describes it.
package struct ParquetGroup: Hashable, Sendable {
  /// The number of rows.
  package var rows: Int
  /// The columns, in the order of the schema, which is also their order in the file.
  package var chunks: [ParquetChunk]
}

/// The content of a file's footer.
package struct ParquetMetadata: Hashable, Sendable {
  /// Without `sorting` and `filtered`, which the reader does not need.
  package var schema: ParquetSchema
  /// The number of rows of all groups.
  package var rows: Int
  /// The row groups, in file order.
  package var groups: [ParquetGroup]
  /// The program that wrote the file, as in `created_by`.
  package var createdBy: String
}

/// The header before the bytes of a page: `PageHeader` of parquet.thrift.
struct ParquetPageHeader: Hashable {
  var type: Int
  var uncompressedSize: Int
  var compressedSize: Int
  /// The CRC-32 of the compressed bytes.
  var checksum: UInt32
  var values: Int
  var encoding: ParquetEncoding

  func write(to thrift: inout ThriftWriter) {
    thrift.structure { thrift in
      thrift.int32(1, type)
      thrift.int32(2, uncompressedSize)
      thrift.int32(3, compressedSize)
      thrift.int32(4, Int(Int32(bitPattern: checksum)))
      if type == ParquetNumber.dictionaryPage {
        // `DictionaryPageHeader`
        thrift.structure(7) {
          $0.int32(1, values)
          $0.int32(2, encoding.rawValue)
        }
      } else {
        // `DataPageHeader`, with the encoding of the levels, even if there are none.
        thrift.structure(5) {
          $0.int32(1, values)
          $0.int32(2, encoding.rawValue)
          $0.int32(3, ParquetEncoding.rle.rawValue)
          $0.int32(4, ParquetEncoding.rle.rawValue)
        }
      }
    }
  }
}

extension ParquetPageHeader {
  /// Read a header with exactly the fields that `write` writes.
  init(reading thrift: inout ThriftReader) throws(ThriftError) {
    var (type, uncompressed, compressed, checksum): (Int?, Int?, Int?, Int?)
    var (values, encoding): (Int?, Int?)
    try thrift.structure { (thrift, field, kind) throws(ThriftError) in
      switch field {
      case 1: type = try thrift.integer(kind, .int32)
      case 2: uncompressed = try thrift.integer(kind, .int32)
      case 3: compressed = try thrift.integer(kind, .int32)
      case 4: checksum = try thrift.integer(kind, .int32)
      case 5 where type == ParquetNumber.dataPage && kind == .structure,
        7 where type == ParquetNumber.dictionaryPage && kind == .structure:
        try thrift.structure { (thrift, field, kind) throws(ThriftError) in
          let value = try thrift.integer(kind, .int32)
          switch field {
          case 1: values = value
          case 2: encoding = value
          case 3, 4: guard value == ParquetEncoding.rle.rawValue else { throw .field(field) }
          default: throw .field(field)
          }
        }
      default: throw .field(field)
      }
    }
    guard let type else { throw .field(1) }
    guard let uncompressed, uncompressed >= 0 else { throw .field(2) }
    guard let compressed, compressed >= 0 else { throw .field(3) }
    guard let checksum = checksum.flatMap(Int32.init(exactly:)) else { throw .field(4) }
    guard let values, values >= 0, let encoding = encoding.flatMap(ParquetEncoding.init) else {
      throw .field(5)
    }
    self.init(
      type: type, uncompressedSize: uncompressed, compressedSize: compressed,
      checksum: UInt32(bitPattern: checksum), values: values, encoding: encoding)
  }
}
