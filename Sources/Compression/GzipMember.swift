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

#if libdeflate
  private import CLibdeflate

  // The one file that calls libdeflate.

  /// Compresses whole blocks into gzip members, as `GzipMemberEncoder` does, by another library: the members differ, what they
  /// hold does not.
  struct LibdeflateCompressor: ~Copyable {
    private let compressor: OpaquePointer

    /// libdeflate's level for each of zlib's, from 1 on: the fastest that makes audit logs no larger than that one does. 9 is as
    /// small as there is.
    private static let levels: [Int32] = [1, 1, 1, 4, 5, 5, 6, 7, 9]

    /// `level`: 1 to 9, as zlib's.
    init(level: Int) throws(GzipError) {
      guard (1...9).contains(level) else { throw GzipError(.level(level)) }
      guard let made = libdeflate_alloc_compressor(LibdeflateCompressor.levels[level - 1]) else {
        throw GzipError(.zlib(status: LibdeflateCompressor.outOfMemory))
      }
      compressor = made
    }

    deinit { libdeflate_free_compressor(compressor) }

    /// One whole member.
    func member(_ block: [UInt8]) throws(GzipError) -> [UInt8] {
      var output = GzipMemberEncoder.header
      let room = libdeflate_deflate_compress_bound(compressor, block.count)
      var written = 0
      var checksum: UInt32 = 0
      block.withUnsafeBufferPointer { input in
        checksum = libdeflate_crc32(0, input.baseAddress, input.count)
        output.append(addingCapacity: room) { space in
          space.withUnsafeMutableBufferPointer { buffer, count in
            written = libdeflate_deflate_compress(
              compressor, input.baseAddress, input.count, buffer.baseAddress, min(room, buffer.count))
            count += written
          }
        }
      }
      // Nothing is written where the room is too small, and this room never is.
      guard written > 0 else { throw GzipError(.zlib(status: LibdeflateCompressor.outOfMemory)) }
      output.appendGzipTrailer(crc32: checksum, length: block.count)
      return output
    }

    private static let outOfMemory = -4
  }
#endif
