import Parquet

/// How a run writes.
package struct WriterSettings: Sendable {
  /// Of the program that writes, for the records.
  package var toolVersion: String
  /// The formats of new parts. nil for the formats of the archive's newest day, or CSV for a new archive.
  package var formats: Set<PartFormat>?
  /// Of gzip, 1 to 9. Another level makes other files of the same content.
  package var compressionLevel = WriterSettings.defaultCompressionLevel
  package static let defaultCompressionLevel = 6
  /// What Parquet is compressed with: gzip at `compressionLevel`, or zstd at the level that its authors chose, 3.
  package var parquetCodec = ParquetCodecName.gzip
  /// How many gzip members are compressed at a time. It changes no file.
  package var compressionWidth = 1
  /// Bytes before compression that no part passes, unless one row alone does.
  package var partSizeLimit = 256 << 20
  /// Signs every commit record; nil: none is signed.
  package var signingKey: SigningKey?

  package init(toolVersion: String) {
    self.toolVersion = toolVersion
  }
}

/// What Parquet files are compressed with.
package enum ParquetCodecName: String, Sendable, CaseIterable {
  case gzip, zstd

  /// Whether this build writes and reads it: zstd is a package trait.
  package var isBuiltIn: Bool { self == .gzip || ParquetCompression.hasZstd }
}
