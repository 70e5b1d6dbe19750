import AuditRecord

/// One line of a quarantine file: `{"reason":"no event_at","record":…,"sha256":"…"}`, the record as canonical JSON.
enum QuarantineLine {
  static func append(_ record: QuarantinedRecord, sha256: String, to bytes: inout [UInt8]) {
    bytes += "{".utf8
    if let place = record.place { bytes += "\"place\":\(place),".utf8 }
    bytes += "\"reason\":\"\(record.reason.rawValue)\",\"record\":".utf8
    bytes += record.json
    bytes += ",\"sha256\":\"\(sha256)\"}\n".utf8
  }

  /// Reads which records a file of such lines holds, piece by piece: of each line only its end, where the SHA-256 stands.
  struct Reader {
    private(set) var identities: [Quarantine.Identity] = []
    /// The last bytes of the line in hand.
    private var tail: [UInt8] = []

    /// `,"sha256":"`, 64 digits, `"}`
    private static let before = Array(",\"sha256\":\"".utf8)
    private static let behind = Array("\"}".utf8)
    private static let length = before.count + 64 + behind.count

    mutating func read(_ bytes: [UInt8]) {
      for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
        if piece.offset > 0 { end() }
        tail += piece.element.suffix(Reader.length)
        tail.removeFirst(max(0, tail.count - Reader.length))
      }
    }

    private mutating func end() {
      defer { tail.removeAll(keepingCapacity: true) }
      guard tail.count == Reader.length, tail.starts(with: Reader.before),
        tail.suffix(Reader.behind.count).elementsEqual(Reader.behind)
      else { return }
      let digits = tail[Reader.before.count..<Reader.before.count + 64]
      if let identity = Quarantine.Identity(digits) { identities.append(identity) }
    }
  }
}
