/// gzip (RFC 1952) of bytes that fit in memory.
package enum Gzip {
  /// Gzips `bytes` as one member, which every HTTP client reads whole; the same bytes, level and library give the same
  /// result.
  ///
  /// - Parameter random: places, in rising order, that zlib need not search for repetitions because there are none, such as
  ///   random digits: the member becomes smaller in less time.
  package static func compress(
    _ bytes: [UInt8], level: Int = 6, random: [Range<Int>] = []
  ) throws(GzipError) -> [UInt8] {
    #if libdeflate
      // It writes empty content otherwise than zlib, for no gain.
      if !bytes.isEmpty { return try LibdeflateCompressor(level: level).member(bytes) }
    #endif
    var encoder = try GzipMemberEncoder(level: level)
    var output: [UInt8] = []
    try encoder.append(bytes, random: random, to: &output)
    return output
  }

  /// The content of a gzip file of any number of members, which must fill it to its end.
  ///
  /// Content of more than `limit` bytes is an error, and is not built up first.
  package static func decompress(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
    var reader = try GzipReader(limit: limit)
    var output: [UInt8] = []
    var position = 0
    while try reader.read(bytes, from: &position, to: &output) {}
    try reader.finish()
    return output
  }
}

/// Why bytes could not be compressed, or are not the gzip that they should be.
package struct GzipError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// The input does not begin as gzip does (RFC 1952 §2.3.1).
    case notGzip
    /// The input ends inside a member, or is empty.
    case truncated
    /// A member does not decode, or its checksum or length is not that of its content; zlib's word for it.
    case corrupt(String)
    /// After a whole member stands something that is not one.
    case trailingGarbage
    /// The content would be longer than so many bytes.
    case longerThan(Int)
    /// Not a compression level from 1 to 9.
    case level(Int)
    /// zlib refused to work, with this status; out of memory (-4) is the only likely one.
    case zlib(status: Int)
  }

  package var reason: Reason
  /// How many bytes of the input came before the mistake, or before the piece that zlib refused.
  package var offset: Int

  package init(_ reason: Reason, offset: Int = 0) {
    self.reason = reason
    self.offset = offset
  }
}

extension GzipError: CustomStringConvertible {
  /// One sentence without the full stop.
  package var description: String {
    switch reason {
    case .notGzip: "not a gzip file"
    case .truncated: "the gzip data ends too early, after \(offset) bytes"
    case .corrupt(let word): "the gzip data is damaged near byte \(offset): \(word)"
    case .trailingGarbage: "the gzip data is followed by something else, from byte \(offset)"
    case .longerThan(let limit): "the gzip data decompresses to more than \(limit) bytes"
    case .level(let level): "the compression level is \(level); it must be 1 to 9"
    case .zlib(let status): "zlib failed with status \(status)"
    }
  }
}
