/// How the pages of a file are compressed: `CompressionCodec` of parquet.thrift.
package enum ParquetCompression: Hashable, Sendable {
  /// zlib's levels, 1 to 9.
  case gzip(level: Int)
  /// In a build with the package trait `zstd` alone. Levels 1 to 19; 3 is its authors' choice.
  case zstd(level: Int)

  /// Whether this build writes and reads zstd.
  package static var hasZstd: Bool {
    #if zstd
      true
    #else
      false
    #endif
  }
}
