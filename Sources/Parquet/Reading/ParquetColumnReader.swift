/// The values of one page, as they were read.
struct ParquetPageContent {
  /// For each row 1 when there is a value, 0 for NULL; empty for a required column.
  var levels: [UInt8] = []
  /// Of text and doubles: the place in `bytes` of each value that is not NULL.
  var places: [Range<Int>] = []
  /// The dictionary, then what stands in the page itself.
  var bytes: [UInt8] = []
  /// Of times.
  var times: [Int64] = []

  /// Appends a value of text.
  func append(_ value: Int, to output: inout [UInt8]) {
    output.append(contentsOf: bytes.span.extracting(places[value]))
  }

  /// A value of doubles.
  func number(_ value: Int) -> Double {
    let bits = bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: places[value].lowerBound, as: UInt64.self)
    return Double(bitPattern: UInt64(littleEndian: bits))
  }
}

/// Reads one chunk, which is strictly what `ParquetChunkWriter` makes of a column, a page at a time.
struct ParquetColumnReader {
  private struct Mistake: Error {
    var reason: ParquetError.Reason
    init(_ reason: ParquetError.Reason) { self.reason = reason }
  }

  /// The page in hand.
  private(set) var content = ParquetPageContent()
  private let chunk: ParquetChunk
  private let rowGroup: Int
  /// Of the file, from the chunk's first byte to its last.
  private let file: [UInt8]
  private var position = 0
  /// Of the pages so far, with their headers.
  private var uncompressed = 0
  /// Rows of the pages so far.
  private var rows = 0
  /// Those of them that were not yet handed out.
  private var rowsLeft = 0
  /// The place in `content.bytes` of each entry of the dictionary, and where they end.
  private var dictionary: [Range<Int>] = []
  private var dictionaryEnd = 0
  /// The next row of the page, and the next value that is not NULL.
  private var row = 0
  private var value = 0

  /// Reads the dictionary of `chunk`, whose bytes are `file`; their count and the rows are within the reader's limits.
  init(_ chunk: ParquetChunk, _ file: [UInt8], rowGroup: Int) throws(ParquetError) {
    self.chunk = chunk
    self.file = file
    self.rowGroup = rowGroup
    do throws(Mistake) {
      try readDictionary()
    } catch {
      throw mistake(error.reason)
    }
  }

  /// Steps to the next row: the index of its value among those of the page, nil for NULL.
  ///
  /// Throws when there is no other row.
  mutating func next() throws(ParquetError) -> Int? {
    if rowsLeft == 0 {
      do throws(Mistake) {
        try readPage()
      } catch {
        throw mistake(error.reason)
      }
    }
    rowsLeft -= 1
    row += 1
    if !content.levels.isEmpty && content.levels[row - 1] == 0 { return nil }
    value += 1
    return value - 1
  }

  /// Throws unless the pages were all read, and are as many and as large as the footer says.
  func finish() throws(ParquetError) {
    guard rowsLeft == 0, position == file.count else {
      throw mistake(.disagreement("the numbers of rows in the pages and in their column"))
    }
    guard uncompressed == chunk.uncompressedSize else {
      throw mistake(.disagreement("the sizes of the pages and of their column"))
    }
  }

  /// The error of something that is wrong in this column.
  func mistake(_ reason: ParquetError.Reason) -> ParquetError {
    ParquetError(reason, rowGroup: rowGroup, column: chunk.column.name, offset: chunk.offset + position)
  }

  private mutating func readDictionary() throws(Mistake) {
    if chunk.dictionaryOffset != nil {
      let (header, body) = try page(ParquetNumber.dictionaryPage, .plain)
      dictionary = try plain(body, from: 0, count: header.values)
      try checkText(dictionary)
      dictionaryEnd = content.bytes.count
    }
    guard position == chunk.dataOffset - chunk.offset else {
      throw Mistake(.disagreement("the places of the pages"))
    }
  }

  private mutating func readPage() throws(Mistake) {
    guard position < file.count else {
      throw Mistake(.disagreement("the numbers of rows in the pages and in their column"))
    }
    let (header, body) = try page(ParquetNumber.dataPage, chunk.encoding)
    guard header.values > 0, header.values <= chunk.values - rows else {
      throw Mistake(.disagreement("the numbers of rows in a page and in its column"))
    }
    content.bytes.removeLast(content.bytes.count - dictionaryEnd)
    content.levels.removeAll(keepingCapacity: true)
    content.places.removeAll(keepingCapacity: true)
    content.times.removeAll(keepingCapacity: true)
    rows += header.values
    rowsLeft = header.values
    (row, value) = (0, 0)
    let (present, start) = try levels(body, rows: header.values)
    try values(body, from: start, count: present)
    if chunk.encoding != .rleDictionary { try checkText(content.places) }
  }

  private func checkText(_ places: [Range<Int>]) throws(Mistake) {
    guard chunk.column.kind == .text else { return }
    do throws(UTF8.ValidationError) {
      for place in places { _ = try UTF8Span(validating: content.bytes.span.extracting(place)) }
    } catch {
      throw Mistake(.notUTF8)
    }
  }

  /// Reads the header, checks the bytes behind it, and decompresses them. Steps behind the page.
  private mutating func page(
    _ type: Int, _ encoding: ParquetEncoding
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
    guard header.uncompressedSize <= chunk.uncompressedSize - uncompressed else {
      throw Mistake(.disagreement("the sizes of the pages and of their column"))
    }
    let end = thrift.position + header.compressedSize
    let compressed = Array(file[thrift.position..<end])
    guard crc32(compressed.span) == header.checksum else { throw Mistake(.checksum) }
    let body = try decompress(compressed, limit: header.uncompressedSize)
    guard body.count == header.uncompressedSize else {
      throw Mistake(.disagreement("the sizes of a page and of its content"))
    }
    uncompressed += thrift.position - position + body.count
    position = end
    return (header, body)
  }

  /// The memory grows with what is decoded, whatever the header says.
  private func decompress(_ bytes: [UInt8], limit: Int) throws(Mistake) -> [UInt8] {
    if chunk.codec == ParquetNumber.zstd {
      #if zstd
        do throws(ZstdError) {
          return try Zstd.decompress(bytes, limit: limit)
        } catch {
          throw Mistake(.zstd(error.word))
        }
      #else
        throw Mistake(.withoutZstd)
      #endif
    }
    do throws(GzipError) {
      return try Gzip.decompress(bytes, limit: limit)
    } catch {
      throw Mistake(.gzip(error))
    }
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
