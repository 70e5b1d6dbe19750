/// Decompresses a gzip file of one or more members, a chunk at a time, and verifies every checksum and length.
///
/// The members must fill the file to the end. Do not use the reader again after an error.
package struct GzipReader: ~Copyable {
  /// The maximum number of bytes that one call of `read` decodes.
  package static let pieceLength = 256 << 10

  private var inflater: Inflater
  private let limit: Int
  /// Compressed bytes consumed so far.
  private var offset = 0
  /// Decoded bytes so far.
  private var length = 0
  /// Complete members so far.
  private var members = 0
  /// How many of the first two bytes of the current member were checked.
  private var magicSeen = 0

  /// - Parameter limit: the maximum number of bytes of content; longer content is an error.
  /// - Throws: `GzipError` if zlib is out of memory.
  package init(limit: Int = .max) throws(GzipError) {
    inflater = try Inflater()
    self.limit = limit
  }

  /// Decode `chunk` from `position`: advance `position` past the consumed bytes and append at most `pieceLength` bytes of
  /// content to `output`.
  ///
  /// Call it until it returns false, then pass the next chunk. Memory stays bounded however far a chunk expands.
  ///
  /// - Returns: whether this chunk holds more content.
  /// - Throws: `GzipError` for damaged input, or for content longer than the limit.
  package mutating func read(
    _ chunk: [UInt8], from position: inout Int, to output: inout [UInt8]
  ) throws(GzipError) -> Bool {
    try checkMagic(chunk, from: position)
    let before = output.count
    let room = min(GzipReader.pieceLength - 1, limit - length) + 1
    let step: Inflater.Step
    do {
      step = try inflater.inflate(chunk.span.extracting(position...), room: room, to: &output)
    } catch {
      // Report what a chunk that ended before the error would report.
      let isTooLong = length + output.count - before > limit
      throw GzipError(isTooLong ? .longerThan(limit) : error.reason, offset: offset + error.offset)
    }
    position += step.consumed
    offset += step.consumed
    let decoded = output.count - before
    length += decoded
    guard length <= limit else { throw GzipError(.longerThan(limit), offset: offset) }
    if step.memberEnded {
      members += 1
      magicSeen = 0
      inflater.startMember()
      return position < chunk.count
    }
    return position < chunk.count || decoded == room
  }

  /// End the file.
  ///
  /// - Throws: `GzipError` unless the file ended at the end of a member.
  package func finish() throws(GzipError) {
    guard members > 0, magicSeen == 0 else { throw GzipError(.truncated, offset: offset) }
  }

  /// Check the first two bytes of a member here, to distinguish a file that is not gzip from a damaged one.
  private mutating func checkMagic(_ chunk: [UInt8], from position: Int) throws(GzipError) {
    var index = position
    while magicSeen < GzipReader.magic.count, index < chunk.count {
      guard chunk[index] == GzipReader.magic[magicSeen] else {
        throw GzipError(
          members == 0 ? .notGzip : .trailingGarbage, offset: offset - (magicSeen - (index - position)))
      }
      magicSeen += 1
      index += 1
    }
  }

  private static let magic: [UInt8] = [0x1f, 0x8b]
}

/// Decompresses HTTP's content coding `deflate`: a zlib stream (RFC 9110 §8.4.1.2), or the raw deflate stream that some servers
/// send instead. Do not use the reader again after an error.
package struct DeflateReader: ~Copyable {
  private var inflater: Inflater?
  /// The first two bytes, which show which of the two it is.
  private var head: [UInt8] = []
  private var offset = 0
  private var hasEnded = false

  package init() {}

  /// Decode `chunk` as `GzipReader.read` does, without a limit.
  package mutating func read(
    _ chunk: [UInt8], from position: inout Int, to output: inout [UInt8]
  ) throws(GzipError) -> Bool {
    while inflater == nil {
      guard position < chunk.count else { return false }
      head.append(chunk[position])
      position += 1
      guard head.count == 2 else { continue }
      let hasZlibHeader = head[0] & 0x0f == 8 && (Int(head[0]) << 8 | Int(head[1])) % 31 == 0
      inflater = try Inflater(hasZlibHeader ? .zlib : .none)
      _ = try inflate(head, room: GzipReader.pieceLength, to: &output)
    }
    guard position < chunk.count || !hasEnded else { return false }
    let before = output.count
    position += try inflate(chunk[position...], room: GzipReader.pieceLength, to: &output)
    return !hasEnded && (position < chunk.count || output.count - before == GzipReader.pieceLength)
      || hasEnded && position < chunk.count
  }

  /// End the body.
  ///
  /// - Throws: `GzipError` unless the stream is complete.
  package func finish() throws(GzipError) {
    guard hasEnded else { throw GzipError(.truncated, offset: offset) }
  }

  /// Returns the number of bytes consumed.
  private mutating func inflate(
    _ bytes: some RandomAccessCollection<UInt8>, room: Int, to output: inout [UInt8]
  ) throws(GzipError) -> Int {
    guard !hasEnded else { throw GzipError(.trailingGarbage, offset: offset) }
    let bytes = Array(bytes)
    guard let step = try inflater?.inflate(bytes.span, room: room, to: &output) else { return 0 }
    offset += step.consumed
    hasEnded = step.memberEnded
    return step.consumed
  }
}
