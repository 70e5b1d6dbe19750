/// Makes gzip members (RFC 1952 §2.3), each from one block of bytes.
///
/// The bytes depend on the block, its random places, the level and the version of zlib alone. The header is always
/// `1f 8b 08 00 00000000 00 ff`: deflate, no flags and so no name, time 0, XFL 0, system "unknown".
struct GzipMemberEncoder: ~Copyable {
  private var deflater: Deflater

  init(level: Int, search: Deflater.Search = .everywhere) throws(GzipError) {
    deflater = try Deflater(level: level, search: search)
  }

  /// Appends `block` as one whole member; `random` as for `Deflater`.
  mutating func append(
    _ block: [UInt8], random: [Range<Int>] = [], to output: inout [UInt8]
  ) throws(GzipError) {
    output.append(contentsOf: GzipMemberEncoder.header)
    try deflater.deflate(block.span, random: random, to: &output)
    output.appendGzipTrailer(crc32: crc32(block.span), length: block.count)
  }

  static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]
}

extension [UInt8] {
  /// The end of a member (RFC 1952 §2.3.1).
  mutating func appendGzipTrailer(crc32: UInt32, length: Int) {
    appendLittleEndian(crc32)
    appendLittleEndian(UInt32(truncatingIfNeeded: length))
  }

  private mutating func appendLittleEndian(_ value: UInt32) {
    for shift in [0, 8, 16, 24] as [UInt32] {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
