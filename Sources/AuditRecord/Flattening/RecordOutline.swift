import Crypto

/// The extent and the names of a record that exceeds a limit, found without building the record.
///
/// It uses one bit of memory per level of nesting.
struct RecordOutline {
  /// The range of the record in the JSON text.
  private(set) var range: Range<Int>
  /// The number of members at all levels.
  private(set) var members = 0
  /// The ranges between the quotes of these members of the record, if they are short strings without escapes; the last of
  /// duplicates.
  private(set) var uuid: Range<Int>?
  private(set) var eventAt: Range<Int>?

  /// The longest `uuid` or `event_at` that it reports, in bytes.
  private static let nameLength = 256
  private enum Field { case uuid, eventAt }

  private var scanner: JSONScanner
  /// One bit for each open array or object, the outermost first; 1 is an object.
  private var levels: [UInt64] = []
  private var depth = 0

  /// Read the value at `start` to its end. Throws if it is not strict JSON; there is no limit.
  init(_ json: Span<UInt8>, from start: Int) throws(PageError) {
    scanner = JSONScanner(limits: JSONLimits(depth: .max, stringLength: .max))
    scanner.position = start
    range = start..<start
    var field: Field?
    repeat {
      try readValue(json, field)
      field = nil
      // After a value follows another one, or the end of its container, and of that container's.
      while depth > 0 {
        let isObject = self.isObject
        if try scanner.continues(until: isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"), json) {
          if isObject { field = try readName(json) }
          break
        }
        depth -= 1
      }
    } while depth > 0
    range = start..<scanner.position
  }

  private var isObject: Bool { levels[(depth - 1) / 64] >> UInt64((depth - 1) % 64) & 1 == 1 }

  /// Read a scalar or an empty array or object; for other containers the opening bracket, the first name, and so on inwards.
  private mutating func readValue(_ json: Span<UInt8>, _ outer: Field?) throws(PageError) {
    var field = outer
    while true {
      switch try scanner.peek(json) {
      case UInt8(ascii: "{"):
        guard try scanner.open(until: UInt8(ascii: "}"), json) else { return }
        push(isObject: true)
        field = try readName(json)
      case UInt8(ascii: "["):
        guard try scanner.open(until: UInt8(ascii: "]"), json) else { return }
        push(isObject: false)
        field = nil
      case UInt8(ascii: "\""):
        let token = try scanner.readString(json)
        let isShort = !token.hasEscapes && token.range.count <= RecordOutline.nameLength
        switch field {
        case .uuid: uuid = isShort ? token.range : nil
        case .eventAt: eventAt = isShort ? token.range : nil
        case nil: break
        }
        return
      default: return try scanner.skipScalar(json)
      }
    }
  }

  /// Read a name and its colon.
  private mutating func readName(_ json: Span<UInt8>) throws(PageError) -> Field? {
    let token = try scanner.readString(json)
    try scanner.expectColon(json)
    members += 1
    guard depth == 1 else { return nil }
    if RecordOutline.isEqual(json, token.range, "uuid") { return .uuid }
    return RecordOutline.isEqual(json, token.range, "event_at") ? .eventAt : nil
  }

  private static func isEqual(_ json: Span<UInt8>, _ range: Range<Int>, _ name: StaticString) -> Bool {
    guard range.count == name.utf8CodeUnitCount else { return false }
    return range.allSatisfy { json[$0] == name.utf8Start[$0 - range.lowerBound] }
  }

  private mutating func push(isObject: Bool) {
    if depth == levels.count * 64 { levels.append(0) }
    let bit: UInt64 = 1 << UInt64(depth % 64)
    levels[depth / 64] = isObject ? levels[depth / 64] | bit : levels[depth / 64] & ~bit
    depth += 1
  }

  // MARK: What goes to quarantine

  /// The quarantined record that replaces this one: its size, its SHA-256 as received, its start, and what names it.
  func record(_ reason: QuarantinedRecord.Reason, _ json: Span<UInt8>) -> QuarantinedRecord {
    var hash = SHA256()
    json.extracting(range).withUnsafeBytes { hash.update(bufferPointer: $0) }
    let start = json.extracting(
      range.lowerBound..<min(range.upperBound, range.lowerBound + QuarantinedRecord.startLength))
    var writer = CanonicalWriter(limits: scanner.limits)
    writer.append(plain: "{\"bytes\":\(range.count),")
    if let eventAt { writer.append(plain: "\"event_at\":\"", json, eventAt, "\",") }
    writer.append(plain: "\"members\":\(members),\"sha256\":\"\(hash.finalize().hex)\",")
    writer.append(plain: "\"start\":")
    writer.append(startOf: start)
    if let uuid { writer.append(plain: ",\"uuid\":\"", json, uuid, "\"") }
    writer.append(plain: "}")
    return QuarantinedRecord(
      reason: reason, json: writer.text, identity: uuid.map { range in range.map { json[$0] } })
  }
}

extension CanonicalWriter {
  mutating func append(plain text: String) { append(raw: Array(text.utf8).span) }

  fileprivate mutating func append(
    plain before: String, _ json: Span<UInt8>, _ range: Range<Int>, _ after: String
  ) {
    append(plain: before)
    append(raw: json.extracting(range))
    append(plain: after)
  }

  /// Write the start of UTF-8 text as a string. A character that is cut at the end is omitted, and invalid bytes become U+FFFD.
  mutating func append(startOf bytes: Span<UInt8>) {
    var end = bytes.count
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      guard byte & 0xC0 != 0x80 else { continue }
      let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
      if length > back { end = bytes.count - back }
      break
    }
    append(textOf: bytes.extracting(first: end))
  }

  /// Write the end of UTF-8 text as a string. A character that is cut at the start is omitted.
  mutating func append(endOf bytes: Span<UInt8>) {
    var start = 0
    while start < min(3, bytes.count), bytes[start] & 0xC0 == 0x80 { start += 1 }
    append(textOf: bytes.extracting(start..<bytes.count))
  }

  private mutating func append(textOf bytes: Span<UInt8>) {
    let text = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    append(string: Array(text.utf8))
  }
}
