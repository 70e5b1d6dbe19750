/// The values of one column of one row group, as they were read.
struct ParquetColumnContent {
  /// For each row 1 when there is a value, 0 for NULL; empty for a required column.
  var levels: [UInt8] = []
  /// Of text and doubles: the place in `bytes` of each value that is not NULL.
  var places: [Range<Int>] = []
  var bytes: [UInt8] = []
  /// Of times.
  var times: [Int64] = []

  /// Values that are not NULL.
  var count: Int { times.isEmpty ? places.count : times.count }
}

/// Reads the pages of one chunk, which is strictly what `ParquetChunkWriter` makes of a column.
struct ParquetPageReader {
  private struct Mistake: Error {
    var reason: ParquetError.Reason
    init(_ reason: ParquetError.Reason) { self.reason = reason }
  }

  private let chunk: ParquetChunk
  /// Of the file, from the chunk's first byte to its last.
  private let file: [UInt8]
  private var position = 0
  private var rows = 0
  private var content = ParquetColumnContent()
  /// The place in `content.bytes` of each entry of the dictionary.
  private var dictionary: [Range<Int>] = []

  /// The content of `chunk`, whose bytes are `file`; their count and the rows are within the reader's limits.
  static func read(
    _ chunk: ParquetChunk, _ file: [UInt8], rowGroup: Int
  ) throws(ParquetError) -> ParquetColumnContent {
    var reader = ParquetPageReader(chunk: chunk, file: file)
    do throws(Mistake) {
      try reader.read()
    } catch {
      throw ParquetError(
        error.reason, rowGroup: rowGroup, column: chunk.column.name, offset: chunk.offset + reader.position)
    }
    return reader.content
  }

  private init(chunk: ParquetChunk, file: [UInt8]) {
    self.chunk = chunk
    self.file = file
  }

  private mutating func read() throws(Mistake) {
    var uncompressed = 0
    if chunk.dictionaryOffset != nil {
      let (header, body) = try page(ParquetNumber.dictionaryPage, .plain, &uncompressed)
      dictionary = try plain(body, from: 0, count: header.values)
    }
    guard position == chunk.dataOffset - chunk.offset else {
      throw Mistake(.disagreement("the places of the pages"))
    }
    while position < file.count {
      let (header, body) = try page(ParquetNumber.dataPage, chunk.encoding, &uncompressed)
      guard header.values > 0, header.values <= chunk.values - rows else {
        throw Mistake(.disagreement("the numbers of rows in a page and in its column"))
      }
      rows += header.values
      let (present, start) = try levels(body, rows: header.values)
      try values(body, from: start, count: present)
    }
    guard rows == chunk.values else {
      throw Mistake(.disagreement("the numbers of rows in the pages and in their column"))
    }
    guard uncompressed == chunk.uncompressedSize else {
      throw Mistake(.disagreement("the sizes of the pages and of their column"))
    }
  }

  /// Reads the header, checks the bytes behind it, and decompresses them. Steps behind the page.
  private mutating func page(
    _ type: Int, _ encoding: ParquetEncoding, _ uncompressed: inout Int
  ) throws(Mistake) -> (header: ParquetPageHeader, body: [UInt8]) {
    var thrift = ThriftReader(file, at: position..<file.count)
    let header: ParquetPageHeader
    do throws(ThriftMistake) {
      header = try ParquetPageHeader(reading: &thrift)
    } catch {
      throw Mistake(error == .truncated ? .truncated : .metadata)
    }
    guard header.type == type, header.encoding == encoding else {
      throw Mistake(.unsupported("a page of another kind or encoding"))
    }
    guard header.compressedSize <= file.count - thrift.position else { throw Mistake(.truncated) }
    let end = thrift.position + header.compressedSize
    let compressed = Array(file[thrift.position..<end])
    guard crc32(compressed.span) == header.checksum else { throw Mistake(.checksum) }
    let body: [UInt8]
    do throws(GzipError) {
      // Grows with what is decoded, whatever the header says.
      body = try Gzip.decompress(compressed, limit: header.uncompressedSize)
    } catch {
      throw Mistake(.gzip(error))
    }
    guard body.count == header.uncompressedSize else {
      throw Mistake(.disagreement("the sizes of a page and of its content"))
    }
    uncompressed += thrift.position - position + body.count
    position = end
    return (header, body)
  }

  /// Returns how many values are not NULL, and where they begin.
  private mutating func levels(_ body: [UInt8], rows: Int) throws(Mistake) -> (present: Int, start: Int) {
    guard !chunk.column.isRequired else { return (rows, 0) }
    guard body.count >= 4 else { throw Mistake(.encoding("levels")) }
    let length = Int(body.littleEndian32(at: 0))
    guard length <= body.count - 4,
      let levels = HybridRuns.read(body, at: 4..<4 + length, width: 1, count: rows, below: 2)
    else { throw Mistake(.encoding("levels")) }
    content.levels.append(contentsOf: levels.lazy.map { UInt8($0) })
    return (levels.reduce(0) { $0 + Int($1) }, 4 + length)
  }

  private mutating func values(_ body: [UInt8], from start: Int, count: Int) throws(Mistake) {
    switch chunk.encoding {
    case .plain:
      content.places += try plain(body, from: start, count: count)
    case .rleDictionary:
      guard start < body.count, (1...32).contains(body[start]),
        let ids = HybridRuns.read(
          body, at: start + 1..<body.count, width: Int(body[start]), count: count,
          below: UInt64(dictionary.count))
      else { throw Mistake(.encoding("RLE_DICTIONARY")) }
      for id in ids { content.places.append(dictionary[Int(id)]) }
    case .deltaBinaryPacked:
      var position = start
      guard
        let times = DeltaBinaryPacking.read(body, at: &position, before: body.count, count: count),
        position == body.count
      else { throw Mistake(.encoding("DELTA_BINARY_PACKED")) }
      content.times += times
    case .deltaLengthByteArray:
      try texts(body, from: start, count: count)
    case .rle: throw Mistake(.unsupported("values in the encoding RLE"))
    }
  }

  private mutating func texts(_ body: [UInt8], from start: Int, count: Int) throws(Mistake) {
    var position = start
    guard let lengths = DeltaBinaryPacking.read(body, at: &position, before: body.count, count: count)
    else { throw Mistake(.encoding("DELTA_LENGTH_BYTE_ARRAY")) }
    let shift = content.bytes.count
    for length in lengths {
      guard length >= 0, length <= body.count - position else {
        throw Mistake(.encoding("DELTA_LENGTH_BYTE_ARRAY"))
      }
      content.places.append(position + shift..<position + shift + Int(length))
      position += Int(length)
    }
    guard position == body.count else { throw Mistake(.encoding("DELTA_LENGTH_BYTE_ARRAY")) }
    content.bytes.append(contentsOf: body)
  }

  /// Reads `PLAIN` values, which fill the body to its end.
  private mutating func plain(
    _ body: [UInt8], from start: Int, count: Int
  ) throws(Mistake) -> [Range<Int>] {
    let isText = chunk.column.kind == .text
    // So nothing is reserved for values that are not there.
    guard count <= (body.count - start) / (isText ? 4 : 8) else { throw Mistake(.encoding("PLAIN")) }
    var places: [Range<Int>] = []
    places.reserveCapacity(count)
    var position = start
    for _ in 0..<count {
      var length = 8
      if isText {
        guard body.count - position >= 4 else { throw Mistake(.encoding("PLAIN")) }
        length = Int(body.littleEndian32(at: position))
        position += 4
      }
      guard length <= body.count - position else { throw Mistake(.encoding("PLAIN")) }
      places.append(content.bytes.count + position..<content.bytes.count + position + length)
      position += length
    }
    guard position == body.count else { throw Mistake(.encoding("PLAIN")) }
    content.bytes.append(contentsOf: body)
    return places
  }
}

extension [UInt8] {
  func littleEndian32(at index: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(self[index + $1]) << (8 * UInt32($1)) }
  }
}
