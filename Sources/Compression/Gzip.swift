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
