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
