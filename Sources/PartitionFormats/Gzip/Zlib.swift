private import CZlib

// The one file that calls zlib.

/// Compresses blocks, each into a deflate stream of its own (RFC 1951) without any wrapper.
///
/// The state of zlib (about 256 KiB) is made once and used again for every block.
struct Deflater: ~Copyable {
  private let stream = UnsafeMutablePointer<z_stream>.make()

  /// Where the compressor looks for what it has seen before.
  enum Search {
    /// In the last 32 KiB.
    case everywhere
    /// One byte before: what is left is Huffman's code. For bytes without repetitions, such as random digits, of which the
    /// other search makes more output, and six times the work.
    case runs
  }

  init(level: Int, search: Search = .everywhere) throws(GzipError) {
    guard (1...9).contains(level) else { throw GzipError(.level(level)) }
    let withoutWrapper = -MAX_WBITS
    let mostMemoryByDefault: Int32 = 8
    let status = deflateInit2_(
      stream, Int32(level), Z_DEFLATED, withoutWrapper, mostMemoryByDefault,
      search == .runs ? Z_RLE : Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw GzipError(.zlib(status: Int(status))) }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  mutating func deflate(_ block: Span<UInt8>, to output: inout [UInt8]) throws(GzipError) {
    var status = deflateReset(stream)
    var done = 0
    while status == Z_OK {
      let piece = block.extracting(done..<min(block.count, done + zlibPiece))
      done += piece.count
      status = deflate(piece, flush: done == block.count ? Z_FINISH : Z_NO_FLUSH, to: &output)
    }
    guard status == Z_STREAM_END else { throw GzipError(.zlib(status: Int(status))) }
  }

  private mutating func deflate(_ piece: Span<UInt8>, flush: Int32, to output: inout [UInt8]) -> Int32 {
    piece.withUnsafeBufferPointer { input in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.pointee.avail_in = UInt32(input.count)
      var status = Z_OK
      repeat {
        let room = min(Int(deflateBound(stream, UInt(stream.pointee.avail_in))), zlibPiece)
        output.append(addingCapacity: room) { space in
          status = stream.write(to: &space, room) { CZlib.deflate($0, flush) }
        }
      } while status == Z_OK && stream.pointee.avail_out == 0
      return status
    }
  }
}

/// Decodes gzip members (RFC 1952), one after the other, checking the checksum and length at the end of each.
struct Inflater: ~Copyable {
  private let stream = UnsafeMutablePointer<z_stream>.make()

  /// What a call did.
  struct Step {
    /// Bytes taken from the input.
    var consumed: Int
    /// Whether the member ended there. `startMember` comes before the next call.
    var memberEnded: Bool
  }

  init() throws(GzipError) {
    let gzipOnly = MAX_WBITS + 16
    let status = inflateInit2_(stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw GzipError(.zlib(status: Int(status))) }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  mutating func startMember() {
    inflateReset(stream)
  }

  /// Decodes from the start of `input` and appends at most `room` bytes.
  ///
  /// All of the input is consumed unless the room was filled or the member ended.
  mutating func inflate(
    _ input: Span<UInt8>, room: Int, to output: inout [UInt8]
  ) throws(GzipError) -> Step {
    let piece = input.extracting(first: zlibPiece)
    var status = Z_OK
    piece.withUnsafeBufferPointer { input in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.pointee.avail_in = UInt32(input.count)
      output.append(addingCapacity: room) { space in
        status = stream.write(to: &space, room) { CZlib.inflate($0, Z_NO_FLUSH) }
      }
    }
    let consumed = piece.count - Int(stream.pointee.avail_in)
    switch status {
    case Z_OK, Z_BUF_ERROR: return Step(consumed: consumed, memberEnded: false)
    case Z_STREAM_END: return Step(consumed: consumed, memberEnded: true)
    case Z_DATA_ERROR:
      let word = stream.pointee.msg.map { String(cString: $0) } ?? "invalid data"
      throw GzipError(.corrupt(word), offset: consumed)
    default: throw GzipError(.zlib(status: Int(status)), offset: consumed)
    }
  }
}

/// The CRC-32 of gzip (RFC 1952 §8).
func crc32(_ bytes: Span<UInt8>) -> UInt32 {
  bytes.withUnsafeBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return 0 }
    return UInt32(truncatingIfNeeded: crc32_z(0, start, buffer.count))
  }
}

/// zlib counts in 32 bits: no more than this is given to it, or asked of it, in one call.
private let zlibPiece = 1 << 30

extension UnsafeMutablePointer<z_stream> {
  /// An empty state at an address that will not change: zlib keeps a pointer back to it.
  fileprivate static func make() -> Self {
    let stream = allocate(capacity: 1)
    stream.initialize(to: z_stream())
    return stream
  }

  /// Lets `work` write at most `room` bytes at the end of `output`; gives back its status.
  fileprivate func write(
    to output: inout OutputSpan<UInt8>, _ room: Int, _ work: (UnsafeMutablePointer<z_stream>) -> Int32
  ) -> Int32 {
    output.withUnsafeMutableBufferPointer { buffer, count in
      let space = Swift.min(room, buffer.count - count, zlibPiece)
      pointee.next_out = buffer.baseAddress.map { $0 + count }
      pointee.avail_out = UInt32(space)
      let status = work(self)
      count += space - Int(pointee.avail_out)
      return status
    }
  }
}
