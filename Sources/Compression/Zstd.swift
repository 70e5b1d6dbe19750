#if zstd
  private import CZstd

  // The one file that calls zstd, in a build with the package trait of that name.

  /// Why zstd could not compress or decompress; its own word for it.
  struct ZstdError: Error {
    var word: String
  }

  /// Compresses blocks, each into a frame of its own (RFC 8878).
  final class ZstdEncoder: ParquetCodec {
    private let context: OpaquePointer

    /// `level` is 1 (fast) to 19 (small).
    init(level: Int) throws(ZstdError) {
      guard (1...19).contains(level) else {
        throw ZstdError(word: "the level is \(level); it must be 1 to 19")
      }
      guard let context = ZSTD_createCCtx() else { throw ZstdError(word: "out of memory") }
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

  enum Zstd {
    private static let pieceLength = 256 << 10

    /// The content of one frame, which must fill the bytes to their end.
    ///
    /// Content of more than `limit` bytes is an error, and is not built up first.
    static func decompress(_ bytes: [UInt8], limit: Int) throws(ZstdError) -> [UInt8] {
      guard let context = ZSTD_createDCtx() else { throw ZstdError(word: "out of memory") }
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
        guard output.count <= limit else { throw ZstdError(word: "more than \(limit) bytes") }
        if status == 0 {
          guard position == bytes.count else { throw ZstdError(word: "something behind the frame") }
          return output
        }
        if left == 0 && output.count == before { throw ZstdError(word: "the frame ends too early") }
      }
    }
  }

  /// A size, or an error.
  private func check(_ status: Int) throws(ZstdError) {
    guard ZSTD_isError(status) == 0 else { throw ZstdError(word: String(cString: ZSTD_getErrorName(status))) }
  }
#endif
