#if libdeflate
  private import CLibdeflate

  // The one file that calls libdeflate.

  /// Compresses whole blocks into gzip members, as `GzipMemberEncoder` does, by another library: the members differ, what they
  /// hold does not.
  struct LibdeflateCompressor: ~Copyable {
    private let compressor: OpaquePointer

    /// `level`: 1 to 9, each about as small as zlib's, in half its time.
    init(level: Int) throws(GzipError) {
      guard (1...9).contains(level) else { throw GzipError(.level(level)) }
      guard let made = libdeflate_alloc_compressor(Int32(level)) else {
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
