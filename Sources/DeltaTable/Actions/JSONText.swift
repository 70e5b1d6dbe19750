/// Writes compact JSON, with the members in the order of the calls.
///
/// Strings escape only `"`, `\` and control characters (RFC 8259 §7). Members of maps are sorted by their UTF-8, so equal
/// values have equal bytes.
struct JSONText {
  private(set) var bytes: [UInt8] = []
  /// Whether the next member or element follows another.
  private var needsComma = false

  /// Write an object, as the whole text or as an element.
  mutating func object(_ members: (inout JSONText) -> Void) {
    separate()
    nested("{", "}", members)
  }

  /// Write a member that is an object.
  mutating func object(_ name: String, _ members: (inout JSONText) -> Void) {
    begin(name)
    nested("{", "}", members)
  }

  /// Write a member that is an array of objects.
  mutating func array<Element>(
    _ name: String, _ elements: [Element], _ members: (inout JSONText, Element) -> Void
  ) {
    begin(name)
    nested("[", "]") { text in
      for element in elements { text.object { members(&$0, element) } }
    }
  }

  /// Write a member, or nothing for nil.
  mutating func member(_ name: String, _ value: String?) {
    guard let value else { return }
    begin(name)
    append(value)
  }

  /// Write a member, or nothing for nil.
  mutating func member(_ name: String, _ value: Int?) {
    guard let value else { return }
    begin(name)
    bytes.append(contentsOf: "\(value)".utf8)
  }

  /// Write a member, or nothing for nil.
  mutating func member(_ name: String, _ value: Bool?) {
    guard let value else { return }
    begin(name)
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  /// Write a member that is an array of strings.
  mutating func member(_ name: String, _ values: [String]) {
    begin(name)
    nested("[", "]") { text in
      for value in values {
        text.separate()
        text.append(value)
      }
    }
  }

  /// Write a member that is an object of strings and `null`, or nothing for nil.
  mutating func member(_ name: String, _ map: [String: String?]?) {
    guard let map else { return }
    object(name) { text in
      for (key, value) in map.sorted(by: { $0.key.precedes($1.key) }) {
        text.begin(key)
        if let value { text.append(value) } else { text.bytes.append(contentsOf: "null".utf8) }
      }
    }
  }

  private mutating func begin(_ name: String) {
    separate()
    append(name)
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func nested(
    _ start: Unicode.Scalar, _ end: Unicode.Scalar, _ content: (inout JSONText) -> Void
  ) {
    bytes.append(UInt8(ascii: start))
    needsComma = false
    content(&self)
    bytes.append(UInt8(ascii: end))
    needsComma = true
  }

  private mutating func append(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0x08: bytes.append(contentsOf: #"\b"#.utf8)
      case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
      case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
      case 0x0C: bytes.append(contentsOf: #"\f"#.utf8)
      case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
      case ..<0x20:
        bytes.append(contentsOf: (byte < 0x10 ? #"\u000"# : #"\u00"#).utf8)
        bytes.append(contentsOf: String(byte, radix: 16).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

extension String {
  /// Whether the UTF-8 of this string sorts before that of another one.
  func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
