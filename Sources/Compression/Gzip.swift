/// Compress and decompress gzip (RFC 1952) in memory.
package enum Gzip {
  /// Compress `bytes` to one gzip member. The same bytes, level and library give the same result.
  ///
  /// The build's trait decides the library: zlib, or libdeflate with the trait of that name. Both produce valid members of
  /// different bytes.
  ///
  /// - Parameters:
  ///   - level: 1 (fast) to 9 (small).
  ///   - random: ranges of `bytes`, in ascending order, that repeat nothing, such as random digits. zlib skips its search for
  ///     matches there, which makes the member smaller and saves time. A wrong range costs size, never content. libdeflate
  ///     ignores them.
  /// - Throws: `GzipError` for a level out of range, or if the library is out of memory.
  package static func compress(
    _ bytes: [UInt8], level: Int = 6, random: [Range<Int>] = []
  ) throws(GzipError) -> [UInt8] {
    #if libdeflate
      // libdeflate writes empty content differently from zlib, for no gain.
      if !bytes.isEmpty { return try LibdeflateCompressor(level: level).member(bytes) }
    #endif
    var encoder = try GzipMemberEncoder(level: level)
    var output: [UInt8] = []
    try encoder.append(bytes, random: random, to: &output)
    return output
  }

  /// Decompress a gzip file of one or more members, which must fill `bytes` to the end.
  ///
  /// Decompression stops at `limit` bytes of content, so memory stays bounded for a gzip bomb.
  ///
  /// - Throws: `GzipError` for damaged or truncated input, or for content longer than `limit`.
  package static func decompress(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
    var reader = try GzipReader(limit: limit)
    var output: [UInt8] = []
    var position = 0
    while try reader.read(bytes, from: &position, to: &output) {}
    try reader.finish()
    return output
  }
}

/// Why bytes could not be compressed, or are not valid gzip.
package struct GzipError: Error, Hashable, Sendable {
  /// What went wrong.
  package enum Reason: Hashable, Sendable {
    /// The input does not start with the gzip magic number (RFC 1952 §2.3.1).
    case notGzip
    /// The input ends inside a member, or is empty.
    case truncated
    /// A member cannot be decoded, or does not match its checksum or length. The value is zlib's message.
    case corrupt(String)
    /// Bytes that are not a member follow a complete member.
    case trailingGarbage
    /// The content is longer than this many bytes, the caller's limit.
    case longerThan(Int)
    /// The compression level is outside 1 to 9.
    case level(Int)
    /// zlib failed with this status; out of memory (-4) is the only likely one.
    case zlib(status: Int)
  }

  package var reason: Reason
  /// The number of input bytes before the error, or before the piece that zlib refused.
  package var offset: Int

  package init(_ reason: Reason, offset: Int = 0) {
    self.reason = reason
    self.offset = offset
  }
}

extension GzipError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    switch reason {
    case .notGzip: "this is not a gzip file"
    case .truncated: "the gzip data ends too early, after \(offset) bytes"
    case .corrupt(let word): "the gzip data is damaged near byte \(offset): \(word)"
    case .trailingGarbage: "other data follows the gzip data, from byte \(offset)"
    case .longerThan(let limit): "the gzip data decompresses to more than \(limit) bytes"
    case .level(let level): "the compression level is \(level); it must be 1 to 9"
    case .zlib(let status): "zlib failed with status \(status)"
    }
  }
}
