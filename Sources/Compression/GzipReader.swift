/// Reads a gzip file of any number of members, a chunk at a time, and checks every checksum and length.
///
/// The members must fill the file to its end. After an error the reader cannot be used further.
package struct GzipReader: ~Copyable {
  /// How much content one step decodes at most, in bytes.
  package static let pieceLength = 256 << 10

  private var inflater: Inflater
  private let limit: Int
  /// Compressed bytes taken so far.
  private var offset = 0
  /// Decoded bytes so far.
  private var length = 0
  /// Whole members so far.
  private var members = 0
  /// How many of the two first bytes of the present member were seen.
  private var magicSeen = 0

  /// Content of more than `limit` bytes is an error.
  package init(limit: Int = .max) throws(GzipError) {
    inflater = try Inflater()
    self.limit = limit
  }

  /// Takes bytes of the file: decodes `chunk` from `position`, moves `position` behind what was consumed, and appends at
  /// most `pieceLength` bytes of content.
  ///
  /// Returns whether there is more to be had from this chunk. So memory stays bounded whatever a chunk unfolds to.
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
      // As when the chunk had ended before the mistake.
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

  /// Ends the file: throws unless it ended at the end of a member.
  package func finish() throws(GzipError) {
    guard members > 0, magicSeen == 0 else { throw GzipError(.truncated, offset: offset) }
  }

  /// Looks at the first two bytes of a member itself, to tell a file that is no gzip from a damaged one.
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

/// Reads HTTP's content coding `deflate`: a zlib stream (RFC 9110, section 8.4.1.2), or the bare deflate stream that some
/// servers send instead. After an error the reader cannot be used further.
package struct DeflateReader: ~Copyable {
  private var inflater: Inflater?
  /// The first two bytes, which tell which of the two it is.
  private var head: [UInt8] = []
  private var offset = 0
  private var hasEnded = false

  package init() {}

  /// As `GzipReader.read`.
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

  /// Ends the body: throws unless the stream has ended.
  package func finish() throws(GzipError) {
    guard hasEnded else { throw GzipError(.truncated, offset: offset) }
  }

  /// Returns how many bytes it took.
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
