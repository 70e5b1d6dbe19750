import AuditRecord

/// One line of a quarantine file: `{"reason":"no event_at","record":…,"sha256":"…"}`, the record as canonical JSON.
enum QuarantineLine {
  static func append(_ record: QuarantinedRecord, sha256: String, to bytes: inout [UInt8]) {
    bytes += "{\"reason\":\"\(record.reason.rawValue)\",\"record\":".utf8
    bytes += record.json
    bytes += ",\"sha256\":\"\(sha256)\"}\n".utf8
  }

  /// The SHA-256 of every record in a quarantine file. A line counts when the record in it has the hash that it gives.
  static func identities(in file: [UInt8]) -> [String] {
    file.split(separator: UInt8(ascii: "\n")).compactMap { line in
      // …,"sha256":"64 digits"}
      let tail = 11 + 64 + 2
      guard let start = line.firstRange(of: Array("\"record\":".utf8))?.upperBound, line.count > tail,
        start < line.endIndex - tail
      else { return nil }
      let record = line[start..<line.endIndex - tail]
      let given = String(decoding: line[(line.endIndex - 66)..<line.endIndex - 2], as: UTF8.self)
      return sha256Hex(record) == given ? given : nil
    }
  }
}
