/// Compresses blocks one after the other, each to something complete. A class, so that callers can hold either codec.
package protocol BlockCompressor: AnyObject {
  /// Append the compressed `block` to `output`. The result depends only on the block, the settings and the library's version.
  ///
  /// - Throws: `GzipError` or `ZstdError`.
  func append(_ block: [UInt8], to output: inout [UInt8]) throws
}

/// Where a compressor searches for matches.
package enum MatchSearch {
  /// In the last 32 KiB.
  case everywhere
  /// One byte back only, which leaves Huffman coding. Data without repetitions, such as random digits, becomes smaller this way,
  /// in a sixth of the time.
  case runs
}

/// Compresses each block to one gzip member, by zlib in every build.
package final class GzipBlockCompressor: BlockCompressor {
  private var encoder: GzipMemberEncoder

  /// - Parameter level: 1 (fast) to 9 (small).
  /// - Throws: `GzipError` for a level out of range, or if zlib is out of memory.
  package init(level: Int, search: MatchSearch = .everywhere) throws(GzipError) {
    encoder = try GzipMemberEncoder(level: level, search: search)
  }

  package func append(_ block: [UInt8], to output: inout [UInt8]) throws {
    try encoder.append(block, to: &output)
  }
}

/// Makes gzip members (RFC 1952 §2.3), each from one block.
///
/// The result depends only on the block, its random ranges, the level and the version of zlib. The header is always
/// `1f 8b 08 00 00000000 00 ff`: deflate, no flags and therefore no name, time 0, XFL 0, system "unknown".
struct GzipMemberEncoder: ~Copyable {
  private var deflater: Deflater

  init(level: Int, search: MatchSearch = .everywhere) throws(GzipError) {
    deflater = try Deflater(level: level, search: search)
  }

  /// Append `block` as one complete member; `random` as for `Deflater`.
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
  /// Append the trailer of a member (RFC 1952 §2.3.1).
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

  // Nothing else calls libdeflate.

  /// Makes gzip members as `GzipMemberEncoder` does, by another library: the bytes differ, the content does not.
  struct LibdeflateCompressor: ~Copyable {
    private let compressor: OpaquePointer

    /// libdeflate's level for each level of zlib, from 1: the fastest that makes audit logs no larger than zlib's.
    private static let levels: [Int32] = [1, 1, 1, 4, 5, 5, 6, 7, 9]

    /// `level` is one of zlib's, 1 to 9.
    init(level: Int) throws(GzipError) {
      guard (1...9).contains(level) else { throw GzipError(.level(level)) }
      guard let made = libdeflate_alloc_compressor(LibdeflateCompressor.levels[level - 1]) else {
        throw GzipError(.zlib(status: LibdeflateCompressor.outOfMemory))
      }
      compressor = made
    }

    deinit { libdeflate_free_compressor(compressor) }

    /// Compress a block to one complete member.
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
      // libdeflate writes nothing if the room is too small, which the bound rules out.
      guard written > 0 else { throw GzipError(.zlib(status: LibdeflateCompressor.outOfMemory)) }
      output.appendGzipTrailer(crc32: checksum, length: block.count)
      return output
    }

    private static let outOfMemory = -4
  }
#endif
