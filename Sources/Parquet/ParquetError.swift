package import Compression

/// Why a file cannot be read as one that `ParquetWriter` wrote, or why rows cannot be written.
///
/// From the file it contains only column names, so it may be logged.
package struct ParquetError: Error, Hashable, Sendable {
  /// What is wrong.
  package enum Reason: Hashable, Sendable {
    /// The file does not begin and end with `PAR1`.
    case notParquet
    /// The file ends before what its metadata describes.
    case truncated
    /// A structure of the metadata cannot be decoded.
    case metadata
    /// The columns are not the expected ones.
    case schema
    /// A Parquet feature that `ParquetWriter` never uses. The value names it.
    case unsupported(String)
    /// Two numbers in the file that must be equal differ. The value names them.
    case disagreement(String)
    /// The bytes of a page do not match its checksum.
    case checksum
    /// The values of a page cannot be decoded. The value is the name of the encoding.
    case encoding(String)
    /// A gzip page cannot be decompressed.
    case gzip(GzipError)
    /// A zstd page cannot be decompressed or compressed. The value is zstd's message.
    case zstd(String)
    /// The file or the settings need zstd, which this build does not have.
    case withoutZstd
    /// A text that is not UTF-8.
    case notUTF8
    /// A value that the caller's table cannot hold.
    case value
    /// A page, column chunk or row group has more rows or bytes than this limit.
    case tooLarge(Int)
  }

  package var reason: Reason
  /// The row group, from 0. nil if the error concerns the whole file.
  package var rowGroup: Int?
  /// The name of the column, if the error concerns one.
  package var column: String?
  /// The offset of the error in the file, in bytes. nil if there is none.
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
    case .notParquet: "this is not a Parquet file: it does not begin and end with PAR1"
    case .truncated: "the file ends too early"
    case .metadata: "the metadata is damaged"
    case .schema: "the columns differ from the expected ones"
    case .unsupported(let what): "this program does not support \(what)"
    case .disagreement(let what): "\(what) do not agree"
    case .checksum: "a page does not match its checksum"
    case .encoding(let name): "a page is not valid \(name)"
    case .gzip(let error): error.description
    case .zstd(let word): "zstd failed: \(word)"
    case .withoutZstd:
      "it is compressed with zstd, which this build does not support; build the program with --traits zstd"
    case .notUTF8: "a text is not valid UTF-8"
    case .value: "a value does not fit the column"
    case .tooLarge(let limit): "the size is more than the limit of \(limit)"
    }
  }
}
