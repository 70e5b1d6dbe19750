package import Compression

/// Why a file is not one that `ParquetWriter` wrote, or why rows cannot be written.
///
/// It carries nothing from the file but column names, so any log may hold it.
package struct ParquetError: Error, Hashable, Sendable {
  /// What is wrong.
  package enum Reason: Hashable, Sendable {
    /// The file does not begin and end with `PAR1`.
    case notParquet
    /// The file ends before what its metadata describes.
    case truncated
    /// A structure of the metadata does not decode.
    case metadata
    /// The columns are not the expected ones.
    case schema
    /// Valid Parquet, perhaps, but a feature that `ParquetWriter` never uses; which one.
    case unsupported(String)
    /// Two numbers of the file that must agree do not; which ones.
    case disagreement(String)
    /// The bytes of a page do not match its checksum.
    case checksum
    /// The values of a page do not decode; the name of the encoding.
    case encoding(String)
    /// A gzip page does not decompress.
    case gzip(GzipError)
    /// A zstd page does not decompress, or cannot be compressed; zstd's message.
    case zstd(String)
    /// The file or the settings need zstd, which this build does not have.
    case withoutZstd
    /// Text that is not UTF-8.
    case notUTF8
    /// A value that the caller's table cannot hold.
    case value
    /// More rows or bytes in one piece than this limit.
    case tooLarge(Int)
  }

  package var reason: Reason
  /// The row group, counted from 0; nil if the error concerns the file as a whole.
  package var rowGroup: Int?
  /// The name of the column, if the error concerns one.
  package var column: String?
  /// The offset in the file, in bytes, where the error starts; nil if there is no such place.
  package var offset: Int?

  package init(_ reason: Reason, rowGroup: Int? = nil, column: String? = nil, offset: Int? = nil) {
    self.reason = reason
    self.rowGroup = rowGroup
    self.column = column
    self.offset = offset
  }
}

extension ParquetError.Reason {
  init(_ error: ZstdError) {
    switch error {
    case .unavailable: self = .withoutZstd
    case .failed(let word): self = .zstd(word)
    }
  }
}

extension ParquetError: CustomStringConvertible {
  /// One sentence without a full stop.
  package var description: String {
    var place = column.map { "column \($0)" } ?? "the Parquet file"
    if let rowGroup { place += ", row group \(rowGroup)" }
    if let offset { place += ", byte \(offset)" }
    return "\(place): \(why)"
  }

  private var why: String {
    switch reason {
    case .notParquet: "not a Parquet file; it does not begin and end with PAR1"
    case .truncated: "the file ends too early"
    case .metadata: "the metadata is damaged"
    case .schema: "the columns are not those of this schema"
    case .unsupported(let what): "\(what), which this program neither writes nor reads"
    case .disagreement(let what): "\(what) do not agree"
    case .checksum: "the checksum of the page is not that of its bytes"
    case .encoding(let name): "the values do not decode as \(name)"
    case .gzip(let error): error.description
    case .zstd(let word): "zstd failed: \(word)"
    case .withoutZstd:
      "compressed with zstd, which this build leaves out; build the program with --traits zstd"
    case .notUTF8: "not UTF-8"
    case .value: "a value that this column cannot hold"
    case .tooLarge(let limit): "more than \(limit) in one piece"
    }
  }
}
