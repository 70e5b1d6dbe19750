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
