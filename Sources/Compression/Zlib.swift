private import CZlib

// The one file that calls zlib.

/// Compresses blocks, each into a deflate stream of its own (RFC 1951) without any wrapper.
///
/// The state of zlib (about 256 KiB) is made once and used again for every block.
struct Deflater: ~Copyable {
  private let stream = UnsafeMutablePointer<z_stream>.make()
  private let level: Int

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
    self.level = level
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Appends `block` as one deflate stream.
  ///
  /// - Parameter random: places, in rising order, whose bytes repeat nothing, such as random digits. From level 4 on they are
  ///   not searched for repetitions: in random digits these are many, short, and longer to write down than the digits are.
  ///   A place that is not what it is said to be makes the stream longer, and no less right.
  mutating func deflate(
    _ block: Span<UInt8>, random: [Range<Int>] = [], to output: inout [UInt8]
  ) throws(GzipError) {
    var status = deflateReset(stream)
    // What text becomes, or a little less; the bound would be four times that, in each of the members in hand.
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

  /// How hard zlib looks for the longest repetition: the parameters of `deflateTune`.
  private struct Effort {
    var good: Int32
    var lazy: Int32
    var nice: Int32
    var chain: Int32

    /// A match is never longer than the one before it must be to be kept: none is looked for.
    static let none = Effort(good: 8, lazy: 0, nice: 8, chain: 1)

    /// Those of zlib's level with an eighth of its longest chain (at levels 4 and 5 more): the random digits no longer lie in
    /// the chains' way, and the output is still smaller than with all of them. nil below level 4, where zlib's search is another
    /// one, that cannot be switched off.
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

  /// Feeds the bytes of `block` from `done` to `end`.
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

/// Decodes deflate streams in a wrapper, one after the other, checking the checksum (and of gzip the length) at the end of each.
struct Inflater: ~Copyable {
  enum Wrapper {
    /// RFC 1952.
    case gzip
    /// RFC 1950.
    case zlib
    /// RFC 1951: nothing is checked.
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

  /// What a call did.
  struct Step {
    /// Bytes taken from the input.
    var consumed: Int
    /// Whether the member ended there. `startMember` comes before the next call.
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

/// What zlib always keeps in hand while more may come (`MIN_LOOKAHEAD`, a longest match and a shortest one and a byte), less one:
/// of the bytes that it was given it has taken all but so many.
private let lookahead = 258 + 3

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
