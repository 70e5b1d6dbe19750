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

/// What stands before the bytes of a page: `PageHeader` of parquet-format.
struct ParquetPageHeader: Hashable {
  var type: Int
  var uncompressedSize: Int
  var compressedSize: Int
  /// CRC-32 of the compressed bytes.
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
        // `DataPageHeader`, with the encoding of the levels, of which there may be none
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
  /// Every field that is written is there, and no other is.
  init(reading thrift: inout ThriftReader) throws(ThriftMistake) {
    var (type, uncompressed, compressed, checksum): (Int?, Int?, Int?, Int?)
    var (values, encoding): (Int?, Int?)
    try thrift.structure { (thrift, field, kind) throws(ThriftMistake) in
      switch field {
      case 1: type = try thrift.integer(kind, .int32)
      case 2: uncompressed = try thrift.integer(kind, .int32)
      case 3: compressed = try thrift.integer(kind, .int32)
      case 4: checksum = try thrift.integer(kind, .int32)
      case 5 where type == ParquetNumber.dataPage && kind == .structure,
        7 where type == ParquetNumber.dictionaryPage && kind == .structure:
        try thrift.structure { (thrift, field, kind) throws(ThriftMistake) in
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
