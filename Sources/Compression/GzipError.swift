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
