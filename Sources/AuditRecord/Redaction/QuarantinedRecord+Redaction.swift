extension QuarantinedRecord {
  /// The record without its text, for a redacted archive: `bytes`, `members` or `answer_bytes`, and `uuid` and `event_at` if they can be
  /// read. It is unknown which columns the text of an unreadable record belongs to.
  ///
  /// With a key there is also `hmac_sha256`, the keyed hash of the text, which distinguishes records. Hashes without a key
  /// are left out, because they could be used to test guesses.
  func redacted(_ key: RedactionKey?) -> QuarantinedRecord {
    var kept: [String: [UInt8]] = [:]
    if let key { kept["hmac_sha256"] = QuarantinedRecord.quoted(key.hash(json)) }
    do {
      for (name, value) in try members(["answer_bytes", "bytes", "event_at", "members", "uuid"]) {
        switch name {
        case "uuid" where QuarantinedRecord.isShortText(value): kept[name] = value
        case "event_at" where QuarantinedRecord.isTime(value): kept[name] = value
        case "answer_bytes", "bytes", "members":
          // Members of these names may also be in a record that is stored as it is.
          if isReplaced { kept[name] = value }
        default: break
        }
      }
    } catch {
      // The text is canonical JSON, so this does not happen; nothing but the hash is kept.
    }
    if !isReplaced { kept["bytes"] = Array("\(json.count)".utf8) }
    var text: [UInt8] = []
    for (name, value) in kept.sorted(by: { $0.key < $1.key }) {
      text += Array("\(text.isEmpty ? "{" : ",")\"\(name)\":".utf8) + value
    }
    var redacted = self
    redacted.json = text.isEmpty ? Array("{}".utf8) : text + [UInt8(ascii: "}")]
    return redacted
  }

  /// Whether `json` describes the record or the response instead of being the record.
  private var isReplaced: Bool {
    switch reason {
    case .tooLong, .tooManyMembers, .tooDeep, .answerTooLarge: true
    case .notAnObject, .noEventAt, .unreadableEventAt, .eventAtIsNoText, .eventAtWithoutZone,
      .eventAtOffsetForm:
      false
    }
  }

  /// The values of these members of `json`, as written; none if it is no object.
  private func members(_ names: Set<String>) throws(PageError) -> [(name: String, value: [UInt8])] {
    var scanner = JSONScanner(limits: JSONLimits(depth: .max, stringLength: .max))
    let text = json.span
    guard try scanner.peek(text) == UInt8(ascii: "{"), try scanner.open(until: UInt8(ascii: "}"), text)
    else { return [] }
    var found: [(String, [UInt8])] = []
    repeat {
      let token = try scanner.readString(text)
      let name = String(decoding: json[token.range], as: UTF8.self)
      try scanner.expectColon(text)
      let start = scanner.position
      try scanner.skipValue(text, depth: 0)
      if names.contains(name) { found.append((name, Array(json[start..<scanner.position]))) }
    } while try scanner.continues(until: UInt8(ascii: "}"), text)
    return found
  }

  private static func quoted(_ text: [UInt8]) -> [UInt8] {
    [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
  }

  /// Whether a JSON value is a string of a length that an identity can have.
  private static func isShortText(_ value: [UInt8]) -> Bool {
    value.first == UInt8(ascii: "\"") && value.count <= 258
  }

  private static func isTime(_ value: [UInt8]) -> Bool {
    guard isShortText(value) else { return false }
    return Timestamp.read(rfc3339: value.span.extracting(1..<value.count - 1)) != nil
  }
}
