/// Compresses the bodies of pages, each into a gzip member of its own.
///
/// Source: parquet-format, Compression.md, "GZIP".
struct ParquetPageCompressor: ~Copyable {
  /// The beginning of a body by which it is decided how to compress it.
  private static let sample = 16 << 10

  private var gzip: GzipMemberEncoder
  private var gzipOfRuns: GzipMemberEncoder
  private var trial: [UInt8] = []

  init(level: Int) throws(GzipError) {
    let ofRuns = try GzipMemberEncoder(level: level, search: .runs)
    gzip = try GzipMemberEncoder(level: level)
    gzipOfRuns = ofRuns
  }

  /// Appends the compressed body. The bytes depend on the body, the level and the version of zlib alone.
  mutating func append(_ body: [UInt8], to output: inout [UInt8]) throws(GzipError) {
    if try repeatsItself(body) {
      try gzip.append(body, to: &output)
    } else {
      try gzipOfRuns.append(body, to: &output)
    }
  }

  /// Whether there is something to be found in what came before. There is not in identifiers, and hardly in indices.
  private mutating func repeatsItself(_ body: [UInt8]) throws(GzipError) -> Bool {
    guard body.count >= 4 * Self.sample else { return true }
    let start = Array(body[..<Self.sample])
    trial.removeAll(keepingCapacity: true)
    try gzip.append(start, to: &trial)
    let length = trial.count
    try gzipOfRuns.append(start, to: &trial)
    return trial.count - length > length
  }
}
