/// Compresses the bodies of pages, each by itself.
///
/// There are two compressors, of which the second does not look for repetitions, or hardly: identifiers have none but by chance, and
/// with the second they are smaller by a tenth, in a sixth of the time. Source: parquet-format, Compression.md.
struct ParquetPageCompressor: ~Copyable {
  /// The beginning of a body by which it is decided how to compress it.
  private static let sample = 16 << 10

  let codec: Int
  private let searching: any ParquetCodec
  private let plainer: any ParquetCodec
  private var trial: [UInt8] = []

  init(_ compression: ParquetCompression) throws {
    let codecs: (number: Int, any ParquetCodec, any ParquetCodec)
    switch compression {
    case .gzip(let level):
      codecs = (
        ParquetNumber.gzip, try GzipCodec(GzipMemberEncoder(level: level)),
        try GzipCodec(GzipMemberEncoder(level: level, search: .runs))
      )
    case .zstd(let level):
      #if zstd
        do throws(ZstdError) {
          codecs = (ParquetNumber.zstd, try ZstdEncoder(level: level), try ZstdEncoder(level: 1))
        } catch {
          throw ParquetError(.zstd(error.word))
        }
      #else
        throw ParquetError(.withoutZstd)
      #endif
    }
    (codec, searching, plainer) = codecs
  }

  /// Appends the compressed body. The bytes depend on the body, the level and the version of the library alone.
  mutating func append(_ body: [UInt8], to output: inout [UInt8]) throws {
    try (repeatsItself(body) ? searching : plainer).append(body, to: &output)
  }

  private mutating func repeatsItself(_ body: [UInt8]) throws -> Bool {
    guard body.count >= 4 * Self.sample else { return true }
    let start = Array(body[..<Self.sample])
    trial.removeAll(keepingCapacity: true)
    try searching.append(start, to: &trial)
    let length = trial.count
    try plainer.append(start, to: &trial)
    return trial.count - length > length
  }
}

/// Compresses one block after the other, each into something whole.
protocol ParquetCodec: AnyObject {
  func append(_ block: [UInt8], to output: inout [UInt8]) throws
}

private final class GzipCodec: ParquetCodec {
  private var encoder: GzipMemberEncoder

  init(_ encoder: consuming GzipMemberEncoder) {
    self.encoder = encoder
  }

  func append(_ block: [UInt8], to output: inout [UInt8]) throws {
    try encoder.append(block, to: &output)
  }
}
