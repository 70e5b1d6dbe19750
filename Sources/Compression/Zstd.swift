#if zstd
  private import CZstd
#endif

/// Why zstd could not compress or decompress.
package enum ZstdError: Error {
  /// This build has no zstd; the package trait `zstd` adds it.
  case unavailable
  /// zstd's message, or what is wrong with the data around the frame.
  case failed(String)
}

/// zstd frames (RFC 8878) of bytes that fit in memory. Only a build with the package trait `zstd` has it.
package enum Zstd {
  /// Whether this build has zstd.
  package static var isAvailable: Bool {
    #if zstd
      true
    #else
      false
    #endif
  }

  /// Make a compressor that turns each block into one frame.
  ///
  /// - Parameter level: 1 (fast) to 19 (small).
  /// - Throws: `ZstdError` for a level out of range, without memory, or in a build without zstd.
  package static func compressor(level: Int) throws(ZstdError) -> any BlockCompressor {
    #if zstd
      try ZstdBlockCompressor(level: level)
    #else
      throw .unavailable
    #endif
  }

  /// Decompress one frame, which must fill `bytes` to the end.
  ///
  /// Decompression stops at `limit` bytes of content, so memory stays bounded for any input.
  ///
  /// - Throws: `ZstdError` for damaged or truncated input, for content longer than `limit`, or in a build without zstd.
  package static func decompress(_ bytes: [UInt8], limit: Int) throws(ZstdError) -> [UInt8] {
    #if zstd
      try decompressFrame(bytes, limit: limit)
    #else
      throw .unavailable
    #endif
  }
}

// Nothing else calls zstd.
#if zstd
  private final class ZstdBlockCompressor: BlockCompressor {
    private let context: OpaquePointer

    init(level: Int) throws(ZstdError) {
      guard (1...19).contains(level) else {
        throw .failed("the level is \(level); it must be 1 to 19")
      }
      guard let context = ZSTD_createCCtx() else { throw .failed("out of memory") }
      self.context = context
      try check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level)))
    }

    deinit {
      ZSTD_freeCCtx(context)
    }

    func append(_ block: [UInt8], to output: inout [UInt8]) throws {
      var status = 0
      let room = ZSTD_compressBound(block.count)
      output.append(addingCapacity: room) { space in
        space.withUnsafeMutableBufferPointer { buffer, count in
          block.withUnsafeBytes { block in
            status = ZSTD_compress2(
              context, buffer.baseAddress.map { $0 + count }, room, block.baseAddress, block.count)
          }
          if ZSTD_isError(status) == 0 { count += status }
        }
      }
      try check(status)
    }
  }

  extension Zstd {
    private static let pieceLength = 256 << 10

    fileprivate static func decompressFrame(_ bytes: [UInt8], limit: Int) throws(ZstdError) -> [UInt8] {
      guard let context = ZSTD_createDCtx() else { throw .failed("out of memory") }
      defer { ZSTD_freeDCtx(context) }
      var output: [UInt8] = []
      var position = 0
      while true {
        let room = min(pieceLength, limit + 1 - output.count)
        let (before, left) = (output.count, bytes.count - position)
        var status = 0
        output.append(addingCapacity: room) { space in
          space.withUnsafeMutableBufferPointer { buffer, count in
            bytes.withUnsafeBytes { bytes in
              var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: position)
              var piece = ZSTD_outBuffer(dst: buffer.baseAddress.map { $0 + count }, size: room, pos: 0)
              status = ZSTD_decompressStream(context, &piece, &input)
              count += piece.pos
              position = input.pos
            }
          }
        }
        try check(status)
        guard output.count <= limit else { throw .failed("more than \(limit) bytes") }
        if status == 0 {
          guard position == bytes.count else { throw .failed("there is data after the frame") }
          return output
        }
        if left == 0 && output.count == before { throw .failed("the frame ends too early") }
      }
    }
  }

  /// Throw zstd's message if a status is an error rather than a size.
  private func check(_ status: Int) throws(ZstdError) {
    guard ZSTD_isError(status) == 0 else { throw .failed(String(cString: ZSTD_getErrorName(status))) }
  }
#endif
