/// Writes a gzip file (RFC 1952), a chunk at a time, in members of 1 MiB of content each.
///
/// The members' edges stand at fixed offsets of the content, however it was cut into chunks. So the same content, level
/// and version of zlib give the same bytes, and members could be compressed side by side. Empty content is one empty
/// member. After an error the writer cannot be used further.
package struct GzipWriter: ~Copyable {
  /// How much content a member holds; the last may hold less.
  package static let memberLength = 1 << 20

  private var encoder: GzipMemberEncoder
  /// Content of the member that is not complete.
  private var block: [UInt8] = []
  private var members = 0

  /// `level` is 1 (fast) to 9 (small).
  package init(level: Int = 6) throws(GzipError) {
    encoder = try GzipMemberEncoder(level: level)
  }

  /// Takes the next bytes of the content; appends each member that they complete to `output`.
  package mutating func append(_ content: [UInt8], to output: inout [UInt8]) throws(GzipError) {
    var taken = 0
    while taken < content.count {
      let length = min(content.count - taken, GzipWriter.memberLength - block.count)
      block.append(contentsOf: content[taken..<taken + length])
      taken += length
      if block.count == GzipWriter.memberLength { try writeMember(to: &output) }
    }
  }

  /// Ends the file: appends the last member to `output`.
  package mutating func finish(to output: inout [UInt8]) throws(GzipError) {
    if members == 0 || !block.isEmpty { try writeMember(to: &output) }
  }

  private mutating func writeMember(to output: inout [UInt8]) throws(GzipError) {
    try encoder.append(block, to: &output)
    block.removeAll(keepingCapacity: true)
    members += 1
  }
}
