/// A file of records that could not be read, JSON lines, written by one commit and never changed.
package struct QuarantineFile: Hashable, Sendable, Encodable {
  package var path: String
  /// Lines.
  package var records: Int
  package var bytes: Int
  package var sha256: String
}

extension QuarantineFile: Decodable {
  enum CodingKeys: String, CodingKey {
    case path, records, bytes, sha256
  }

  package init(from decoder: any Decoder) throws {
    let record = try decoder.container(keyedBy: CodingKeys.self)
    path = try record.decode(String.self, forKey: .path)
    records = try record.count(forKey: .records)
    bytes = try record.count(forKey: .bytes)
    sha256 = try record.hash(forKey: .sha256)
  }
}
