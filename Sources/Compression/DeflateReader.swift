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
