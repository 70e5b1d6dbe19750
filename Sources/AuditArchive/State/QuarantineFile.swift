/// A file of records that could not be read, JSON lines, written by one commit and never changed.
package struct QuarantineFile: Hashable, Sendable, Codable {
  package var path: String
  /// Lines.
  package var records: Int
  package var bytes: Int
  package var sha256: String
}
