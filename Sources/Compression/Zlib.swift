private import CZlib

// The only file that calls zlib.

/// Compresses each block to one raw deflate stream (RFC 1951).
///
/// It allocates zlib's state (about 256 KiB) once and reuses it for every block.
struct Deflater: ~Copyable {
  private let stream = UnsafeMutablePointer<z_stream>.make()
  private let level: Int

  init(level: Int, search: MatchSearch = .everywhere) throws(GzipError) {
    guard (1...9).contains(level) else { throw GzipError(.level(level)) }
    let withoutWrapper = -MAX_WBITS
    let mostMemoryByDefault: Int32 = 8
    let status = deflateInit2_(
      stream, Int32(level), Z_DEFLATED, withoutWrapper, mostMemoryByDefault,
      search == .runs ? Z_RLE : Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw GzipError(.zlib(status: Int(status))) }
    self.level = level
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Append `block` as one deflate stream.
  ///
  /// - Parameter random: ranges, in ascending order, that repeat nothing, such as random digits. From level 4 up zlib does not
  ///   search them for matches: random digits have many short ones, which take more bytes than the digits themselves. A wrong
  ///   range makes the stream longer but not incorrect.
  mutating func deflate(
    _ block: Span<UInt8>, random: [Range<Int>] = [], to output: inout [UInt8]
  ) throws(GzipError) {
    var status = deflateReset(stream)
    // About the size of compressed text. zlib's bound is four times that, for each member in progress.
    output.reserveCapacity(output.count + block.count / 4 + 1_024)
    var done = 0
    if !random.isEmpty, let effort = Effort(besideRandomAt: level) {
      tune(effort)
      for place in random where status == Z_OK {
        status = deflate(block, from: &done, upTo: place.lowerBound + lookahead, Z_NO_FLUSH, to: &output)
        tune(.none)
        status = deflate(block, from: &done, upTo: place.upperBound + lookahead, Z_NO_FLUSH, to: &output)
        tune(effort)
      }
    }
    if status == Z_OK { status = deflate(block, from: &done, upTo: block.count, Z_FINISH, to: &output) }
    guard status == Z_STREAM_END else { throw GzipError(.zlib(status: Int(status))) }
  }

  /// How hard zlib searches for the longest match: the parameters of `deflateTune`.
  private struct Effort {
    var good: Int32
    var lazy: Int32
    var nice: Int32
    var chain: Int32

    /// No search: no match can be longer than `lazy` requires.
    static let none = Effort(good: 8, lazy: 0, nice: 8, chain: 1)

    /// The parameters of zlib's level with an eighth of its longest chain (more at levels 4 and 5). Without the random digits in
    /// the chains the output is still smaller than with full chains. Nil below level 4, where zlib uses another search that
    /// cannot be turned off.
    init?(besideRandomAt level: Int) {
      switch level {
      case 4: self.init(good: 4, lazy: 4, nice: 16, chain: 4)
      case 5: self.init(good: 8, lazy: 16, nice: 32, chain: 8)
      case 6: self.init(good: 8, lazy: 16, nice: 128, chain: 16)
      case 7: self.init(good: 8, lazy: 32, nice: 128, chain: 32)
      case 8: self.init(good: 32, lazy: 128, nice: 258, chain: 128)
      case 9: self.init(good: 32, lazy: 258, nice: 258, chain: 512)
      default: return nil
      }
    }

    private init(good: Int32, lazy: Int32, nice: Int32, chain: Int32) {
      (self.good, self.lazy, self.nice, self.chain) = (good, lazy, nice, chain)
    }
  }

  private func tune(_ effort: Effort) {
    deflateTune(stream, effort.good, effort.lazy, effort.nice, effort.chain)
  }

  /// Pass the bytes of `block` from `done` to `end` to zlib.
  private mutating func deflate(
    _ block: Span<UInt8>, from done: inout Int, upTo end: Int, _ flush: Int32, to output: inout [UInt8]
  ) -> Int32 {
    let end = min(end, block.count)
    var status = Z_OK
    while status == Z_OK, done < end || flush == Z_FINISH {
      let piece = block.extracting(done..<min(end, done + zlibPiece))
      done += piece.count
      status = deflate(piece, flush: done == end ? flush : Z_NO_FLUSH, to: &output)
    }
    return status
  }

  private mutating func deflate(_ piece: Span<UInt8>, flush: Int32, to output: inout [UInt8]) -> Int32 {
    piece.withUnsafeBufferPointer { input in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.pointee.avail_in = UInt32(input.count)
      var status = Z_OK
      repeat {
        let bound = Int(deflateBound(stream, UInt(stream.pointee.avail_in)))
        let room = min(max(bound, output.capacity - output.count), zlibPiece)
        output.append(addingCapacity: room) { space in
          status = stream.write(to: &space, room) { CZlib.deflate($0, flush) }
        }
      } while status == Z_OK && stream.pointee.avail_out == 0
      return status
    }
  }
}

/// Decompresses deflate streams in a wrapper, one after the other, and verifies the checksum (for gzip also the length) of each.
struct Inflater: ~Copyable {
  enum Wrapper {
    /// RFC 1952.
    case gzip
    /// RFC 1950.
    case zlib
    /// RFC 1951, without a checksum.
    case none

    fileprivate var windowBits: Int32 {
      switch self {
      case .gzip: MAX_WBITS + 16
      case .zlib: MAX_WBITS
      case .none: -MAX_WBITS
      }
    }
  }

  private let stream = UnsafeMutablePointer<z_stream>.make()

  /// The result of one call.
  struct Step {
    /// The number of input bytes consumed.
    var consumed: Int
    /// Whether the member ended. If so, call `startMember` before the next call.
    var memberEnded: Bool
  }

  init(_ wrapper: Wrapper = .gzip) throws(GzipError) {
    let status = inflateInit2_(
      stream, wrapper.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw GzipError(.zlib(status: Int(status))) }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  mutating func startMember() {
    inflateReset(stream)
  }

  /// Decode from the start of `input` and append at most `room` bytes to `output`.
  ///
  /// It consumes all of the input unless the room is full or the member ends.
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

/// The CRC-32 of gzip (RFC 1952 §8) and of Parquet pages. The cost is one pass over the bytes.
package func crc32(_ bytes: Span<UInt8>) -> UInt32 {
  bytes.withUnsafeBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return 0 }
    return UInt32(truncatingIfNeeded: crc32_z(0, start, buffer.count))
  }
}

/// The number of input bytes that zlib holds back while more may follow: `MIN_LOOKAHEAD` less one, where `MIN_LOOKAHEAD` is the
/// longest match, the shortest match and one byte.
private let lookahead = 258 + 3

/// The most bytes passed to or asked of zlib in one call, because it counts in 32 bits.
private let zlibPiece = 1 << 30

extension UnsafeMutablePointer<z_stream> {
  /// Allocate an empty state. Its address must not change, because zlib keeps a pointer back to it.
  fileprivate static func make() -> Self {
    let stream = allocate(capacity: 1)
    stream.initialize(to: z_stream())
    return stream
  }

  /// Let `work` write at most `room` bytes at the end of `output`, and return its status.
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
