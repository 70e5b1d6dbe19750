/// Why bytes are not the Parquet file that they should be, or rows cannot become one.
package struct ParquetError: Error, Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// The file does not begin and end with `PAR1`.
    case notParquet
    /// The file ends too early for what it says it holds.
    case truncated
    /// A structure of the metadata does not decode.
    case metadata
    /// The columns are not those that were asked for.
    case schema
    /// Valid Parquet perhaps, but something that the writer of this project never writes; what it is.
    case unsupported(String)
    /// Two numbers of the file that must agree do not; which.
    case disagreement(String)
    /// The bytes of a page do not have the page's checksum.
    case checksum
    /// The values of a page do not decode; of which encoding.
    case encoding(String)
    /// A page does not decompress.
    case gzip(GzipError)
    /// A page does not decompress, or cannot be compressed, as zstd; its word for it.
    case zstd(String)
    /// This build knows nothing of zstd.
    case withoutZstd
    /// Text that is not UTF-8.
    case notUTF8
    /// A time or a number that the table cannot hold.
    case value
    /// More than so many rows or bytes in one piece.
    case tooLarge(Int)
  }

  package var reason: Reason
  /// Counted from 0; nil when it is about the file as a whole.
  package var rowGroup: Int?
  package var column: String?
  /// The place in the file, in bytes, where what is wrong begins; nil when there is none.
  package var offset: Int?

  package init(_ reason: Reason, rowGroup: Int? = nil, column: String? = nil, offset: Int? = nil) {
    self.reason = reason
    self.rowGroup = rowGroup
    self.column = column
    self.offset = offset
  }
}

extension ParquetError: CustomStringConvertible {
  /// One sentence without the full stop.
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
