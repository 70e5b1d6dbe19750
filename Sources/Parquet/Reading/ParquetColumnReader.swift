private import Compression

/// The decoded values of one page. All of it but `rows` is for one kind of column.
package struct ParquetPageValues {
  /// The number of rows.
  package var rows = 0
  /// For each row 1 for a value, 0 for NULL. Empty for a required column. In a tree, the definition levels.
  package var levels: [UInt8] = []
  /// The repetition level of each definition level. Empty unless the column is in a list or map.
  var repetitions: [UInt8] = []
  /// The range in `bytes` of each text or binary value that is not NULL, in row order. All texts are valid UTF-8.
  package var texts: [Range<Int>] = []
  /// The doubles that are not NULL, in row order.
  package var doubles: [Double] = []
  /// The timestamps that are not NULL, in row order, in microseconds since 1970.
  package var timestamps: [Int64] = []
  /// The integers of either width that are not NULL, in row order.
  var integers: [Int64] = []
  /// The booleans that are not NULL, in row order.
  var booleans: [Bool] = []
  /// The dictionary, then the page's own bytes.
  package var bytes: [UInt8] = []
}

/// Reads one column of one row group, a page at a time. It accepts exactly what `ParquetWriter` writes.
///
/// Callers take the values out of `page`, because a call for each value would cross the boundary of this target. Memory holds the
/// compressed column, its dictionary and one page. Do not use the reader again after an error.
package struct ParquetColumnReader {
  private struct Failure: Error {
    var reason: ParquetError.Reason
    init(_ reason: ParquetError.Reason) { self.reason = reason }
  }

  /// The current page; empty before the first call of `readPage`.
  package private(set) var page = ParquetPageValues()
  private let chunk: ParquetChunk
  private let rowGroup: Int
  /// The bytes of the file from the chunk's first to its last.
  private let file: [UInt8]
  private var position = 0
  /// The uncompressed size of the pages so far, with their headers.
  private var uncompressed = 0
  /// Values of the pages so far, with NULLs: the rows, unless the column is in a list or map.
  private var read = 0
  /// The range in `page.bytes` of each entry of the dictionary, and where the last ends.
  private var dictionary: [Range<Int>] = []
  private var dictionaryEnd = 0

  /// Read the dictionary of a column.
  ///
  /// - Parameters:
  ///   - chunk: the column, from the metadata of a `ParquetReader`, which has checked its sizes and counts.
  ///   - file: the `compressedSize` bytes of the column.
  ///   - rowGroup: the number of the row group, for errors.
  /// - Throws: `ParquetError` for a damaged dictionary.
  package init(_ chunk: ParquetChunk, _ file: [UInt8], rowGroup: Int) throws(ParquetError) {
    self.chunk = chunk
    self.file = file
    self.rowGroup = rowGroup
    do throws(Failure) {
      try readDictionary()
    } catch {
      throw self.error(error.reason)
    }
  }

  /// Replace `page` with the next page, which has at least one row.
  ///
  /// - Throws: `ParquetError` for a damaged page, or if there is no other page.
  package mutating func readPage() throws(ParquetError) {
    do throws(Failure) {
      try readDataPage()
    } catch {
      throw self.error(error.reason)
    }
  }

  /// End the column.
  ///
  /// - Throws: `ParquetError` unless all pages were read and agree with the footer on their rows and sizes.
  package func finish() throws(ParquetError) {
    guard read == chunk.values, position == file.count else {
      throw error(.disagreement("the row counts of the pages and their column"))
    }
    guard uncompressed == chunk.uncompressedSize else {
      throw error(.disagreement("the sizes of the pages and of their column"))
    }
  }

  /// Make an error that names this column and the offset of the next page.
  package func error(_ reason: ParquetError.Reason) -> ParquetError {
    ParquetError(reason, rowGroup: rowGroup, column: chunk.column.name, offset: chunk.offset + position)
  }

  private mutating func readDictionary() throws(Failure) {
    if chunk.dictionaryOffset != nil {
      let (header, body) = try nextPage(ParquetNumber.dictionaryPage, .plain)
      dictionary = try plain(body, from: 0, count: header.values)
      try checkText(dictionary)
      dictionaryEnd = page.bytes.count
    }
    guard position == chunk.dataOffset - chunk.offset else {
      throw Failure(.disagreement("the offsets of the pages"))
    }
  }

  private mutating func readDataPage() throws(Failure) {
    guard position < file.count else {
      throw Failure(.disagreement("the row counts of the pages and their column"))
    }
    let (header, body) = try nextPage(ParquetNumber.dataPage, chunk.encoding)
    guard header.values > 0, header.values <= chunk.values - read else {
      throw Failure(.disagreement("the row counts of a page and its column"))
    }
    page.bytes.removeLast(page.bytes.count - dictionaryEnd)
    page.levels.removeAll(keepingCapacity: true)
    page.repetitions.removeAll(keepingCapacity: true)
    page.texts.removeAll(keepingCapacity: true)
    page.doubles.removeAll(keepingCapacity: true)
    page.timestamps.removeAll(keepingCapacity: true)
    page.integers.removeAll(keepingCapacity: true)
    page.booleans.removeAll(keepingCapacity: true)
    read += header.values
    let (present, start) = try levels(body, count: header.values)
    try values(body, from: start, count: present)
    if chunk.encoding != .rleDictionary { try checkText(page.texts) }
  }

  /// Check that a text column's values are UTF-8.
  private func checkText(_ places: [Range<Int>]) throws(Failure) {
    guard chunk.column.kind == .text else { return }
    do throws(UTF8.ValidationError) {
      for place in places { _ = try UTF8Span(validating: page.bytes.span.extracting(place)) }
    } catch {
      throw Failure(.notUTF8)
    }
  }

  /// Read a page's header, verify the checksum, decompress the body, and advance past the page.
  private mutating func nextPage(
    _ type: Int, _ encoding: ParquetEncoding
  ) throws(Failure) -> (header: ParquetPageHeader, body: [UInt8]) {
    var thrift = ThriftReader(file, at: position..<file.count)
    let header: ParquetPageHeader
    do throws(ThriftError) {
      header = try ParquetPageHeader(reading: &thrift)
    } catch {
      throw Failure(error == .truncated ? .truncated : .metadata)
    }
    guard header.type == type, header.encoding == encoding else {
      throw Failure(.unsupported("this kind or encoding of page"))
    }
    guard header.compressedSize <= file.count - thrift.position else { throw Failure(.truncated) }
    guard header.uncompressedSize <= chunk.uncompressedSize - uncompressed else {
      throw Failure(.disagreement("the sizes of the pages and of their column"))
    }
    let end = thrift.position + header.compressedSize
    let compressed = Array(file[thrift.position..<end])
    guard crc32(compressed.span) == header.checksum else { throw Failure(.checksum) }
    let body = try decompress(compressed, limit: header.uncompressedSize)
    guard body.count == header.uncompressedSize else {
      throw Failure(.disagreement("the sizes of a page and of its content"))
    }
    uncompressed += thrift.position - position + body.count
    position = end
    return (header, body)
  }

  /// Decompress a body. Memory grows with the decoded bytes, whatever the header says.
  private func decompress(_ bytes: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
    if chunk.codec == ParquetNumber.zstd {
      do throws(ZstdError) {
        return try Zstd.decompress(bytes, limit: limit)
      } catch {
        throw Failure(.init(error))
      }
    }
    do throws(GzipError) {
      return try Gzip.decompress(bytes, limit: limit)
    } catch {
      throw Failure(.gzip(error))
    }
  }

  /// Read the levels. Returns the number of values that are not NULL, and where they start.
  private mutating func levels(_ body: [UInt8], count: Int) throws(Failure) -> (present: Int, start: Int) {
    var position = 0
    page.rows = count
    if chunk.column.repetitionLimit > 0 {
      let levels = try levels(body, at: &position, count: count, limit: chunk.column.repetitionLimit)
      // A page ends with a row.
      guard levels.first == 0 else { throw Failure(.encoding("levels")) }
      page.rows = levels.count { $0 == 0 }
      page.repetitions.append(contentsOf: levels.lazy.map { UInt8($0) })
    }
    let limit = chunk.column.definitionLimit
    guard limit > 0 else { return (count, position) }
    let levels = try levels(body, at: &position, count: count, limit: limit)
    page.levels.append(contentsOf: levels.lazy.map { UInt8($0) })
    let whole = UInt32(limit)
    return (levels.reduce(0) { $0 + ($1 == whole ? 1 : 0) }, position)
  }

  /// Read levels from 0 to `limit`, and advance past them.
  private func levels(
    _ body: [UInt8], at position: inout Int, count: Int, limit: Int
  ) throws(Failure) -> [UInt32] {
    guard body.count - position >= 4 else { throw Failure(.encoding("levels")) }
    let length = Int(body.littleEndian32(at: position))
    let start = position + 4
    guard length <= body.count - start,
      let levels = HybridRuns.read(
        body, at: start..<start + length, width: UInt64(limit).width, count: count, below: UInt64(limit) + 1)
    else { throw Failure(.encoding("levels")) }
    position = start + length
    return levels
  }

  private mutating func values(_ body: [UInt8], from start: Int, count: Int) throws(Failure) {
    switch chunk.encoding {
    case .plain where chunk.column.kind == .boolean:
      guard body.count - start == (count + 7) / 8 else { throw Failure(.encoding("PLAIN")) }
      page.booleans += (0..<count).map { body[start + $0 / 8] >> UInt8($0 % 8) & 1 == 1 }
    case .plain:
      add(try plain(body, from: start, count: count))
    case .rleDictionary:
      guard start < body.count, (1...32).contains(body[start]),
        let ids = HybridRuns.read(
          body, at: start + 1..<body.count, width: Int(body[start]), count: count,
          below: UInt64(dictionary.count))
      else { throw Failure(.encoding("RLE_DICTIONARY")) }
      add(ids.map { dictionary[Int($0)] })
    case .deltaBinaryPacked:
      var position = start
      guard
        let times = DeltaBinaryPacking.read(body, at: &position, before: body.count, count: count),
        position == body.count
      else { throw Failure(.encoding("DELTA_BINARY_PACKED")) }
      page.timestamps += times
    case .deltaLengthByteArray:
      try texts(body, from: start, count: count)
    case .rle: throw Failure(.unsupported("values with RLE encoding"))
    }
  }

  /// Add the values at these ranges of `page.bytes`.
  private mutating func add(_ places: [Range<Int>]) {
    let bytes = page.bytes
    switch chunk.column.kind {
    case .text, .binary: page.texts.append(contentsOf: places)
    case .int32:
      page.integers += places.map { Int64(Int32(bitPattern: bytes.littleEndian32(at: $0.lowerBound))) }
    case .double, .int64, .timestamp, .boolean:
      for place in places {
        let word = bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: place.lowerBound, as: UInt64.self)
        if chunk.column.kind == .double {
          page.doubles.append(Double(bitPattern: UInt64(littleEndian: word)))
        } else {
          page.integers.append(Int64(littleEndian: Int64(bitPattern: word)))
        }
      }
    }
  }

  /// Read text as `DELTA_LENGTH_BYTE_ARRAY`: all lengths, then all bytes.
  private mutating func texts(_ body: [UInt8], from start: Int, count: Int) throws(Failure) {
    var position = start
    guard let lengths = DeltaBinaryPacking.read(body, at: &position, before: body.count, count: count)
    else { throw Failure(.encoding("DELTA_LENGTH_BYTE_ARRAY")) }
    let shift = page.bytes.count
    for length in lengths {
      guard length >= 0, length <= body.count - position else {
        throw Failure(.encoding("DELTA_LENGTH_BYTE_ARRAY"))
      }
      page.texts.append(position + shift..<position + shift + Int(length))
      position += Int(length)
    }
    guard position == body.count else { throw Failure(.encoding("DELTA_LENGTH_BYTE_ARRAY")) }
    page.bytes.append(contentsOf: body)
  }

  /// Read `PLAIN` values, which must fill the body to the end, and return their ranges in `page.bytes`.
  private mutating func plain(
    _ body: [UInt8], from start: Int, count: Int
  ) throws(Failure) -> [Range<Int>] {
    let isText = chunk.column.kind.isBytes
    let width = chunk.column.kind == .int32 ? 4 : 8
    // Reserve no memory for values that the body cannot hold.
    guard count <= (body.count - start) / (isText ? 4 : width) else { throw Failure(.encoding("PLAIN")) }
    var places: [Range<Int>] = []
    places.reserveCapacity(count)
    var position = start
    for _ in 0..<count {
      var length = width
      if isText {
        guard body.count - position >= 4 else { throw Failure(.encoding("PLAIN")) }
        length = Int(body.littleEndian32(at: position))
        position += 4
      }
      guard length <= body.count - position else { throw Failure(.encoding("PLAIN")) }
      places.append(page.bytes.count + position..<page.bytes.count + position + length)
      position += length
    }
    guard position == body.count else { throw Failure(.encoding("PLAIN")) }
    page.bytes.append(contentsOf: body)
    return places
  }
}

extension [UInt8] {
  /// The unsigned 32-bit integer at `index`; the caller has checked that its four bytes exist.
  func littleEndian32(at index: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(self[index + $1]) << (8 * UInt32($1)) }
  }
}
