/// Makes gzip members (RFC 1952 §2.3), each from one block of bytes.
///
/// The bytes depend on the block, the level and the version of zlib alone. The header is always
/// `1f 8b 08 00 00000000 00 ff`: deflate, no flags and so no name, time 0, XFL 0, system "unknown".
struct GzipMemberEncoder: ~Copyable {
  private var deflater: Deflater

  init(level: Int, search: Deflater.Search = .everywhere) throws(GzipError) {
    deflater = try Deflater(level: level, search: search)
  }

  /// Appends `block` as one whole member.
  mutating func append(_ block: [UInt8], to output: inout [UInt8]) throws(GzipError) {
    output.append(contentsOf: GzipMemberEncoder.header)
    try deflater.deflate(block.span, to: &output)
    output.appendLittleEndian(crc32(block.span))
    output.appendLittleEndian(UInt32(truncatingIfNeeded: block.count))
  }

  private static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]
}

extension [UInt8] {
  fileprivate mutating func appendLittleEndian(_ value: UInt32) {
    for shift in [0, 8, 16, 24] as [UInt32] {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}
