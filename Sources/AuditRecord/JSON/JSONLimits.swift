/// What a JSON text may ask of its reader (RFC 8259 §9).
package struct JSONLimits: Hashable, Sendable {
  /// How deep arrays and objects may stand in one another; the array of a page is the first level.
  package var depth: Int
  /// Bytes between the quotes of one string, as received.
  package var stringLength: Int
  /// Elements of the array of a page.
  package var records: Int
  /// Bytes of one record, as received.
  package var recordLength: Int
  /// Members of one record that no column holds, and of the objects inside it.
  package var members: Int

  package init(
    depth: Int = 64, stringLength: Int = 16 << 20, records: Int = 100_000, recordLength: Int = 16 << 20,
    members: Int = 10_000
  ) {
    self.depth = depth
    self.stringLength = stringLength
    self.records = records
    self.recordLength = recordLength
    self.members = members
  }
}
