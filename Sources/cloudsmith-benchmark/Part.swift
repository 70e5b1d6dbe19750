/// The parts of an export that are measured, in the order of the walk.
enum Part: String, CaseIterable {
  /// JSON to flat rows.
  case parse
  /// Rows to the rows of a day, once each.
  case collect
  /// The rows of a day in the order of the archive.
  case sort
  /// Rows to CSV text.
  case format
  case sha256
  case gzip6 = "gzip -6"
  case gzip1 = "gzip -1"
  /// Rows to a Parquet file.
  case parquet
  /// A csv.gz back to rows, as when a day is merged.
  case read
}
