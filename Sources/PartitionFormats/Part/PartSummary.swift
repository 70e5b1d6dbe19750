package import AuditRecord

/// What a part file holds, as the manifest tells it.
package struct PartSummary: Hashable, Sendable {
  /// The header is not counted.
  package var rows: Int
  /// Of the file.
  package var bytes: Int
  /// Of the text, with the header.
  package var uncompressedBytes: Int
  /// Of the file's bytes, in lower-case hex.
  package var sha256: String
  /// Nil when there are no rows.
  package var minEventAt: Timestamp?
  package var maxEventAt: Timestamp?
}
