/// The header fields of a message, in order; names compare without regard to case.
package struct HTTPFields: Sendable, Hashable, ExpressibleByArrayLiteral {
  package struct Field: Sendable, Hashable {
    package var name: String
    package var value: String
  }

  package private(set) var fields: [Field]

  package init(_ fields: [(String, String)] = []) {
    self.fields = fields.map { Field(name: $0.0, value: $0.1) }
  }

  package init(arrayLiteral fields: (String, String)...) {
    self.init(fields)
  }

  /// The value of the first field of that name; setting replaces them all, nil removes them.
  package subscript(name: String) -> String? {
    get { fields.first { HTTPFields.equal($0.name, name) }?.value }
    set {
      fields.removeAll { HTTPFields.equal($0.name, name) }
      if let newValue { fields.append(Field(name: name, value: newValue)) }
    }
  }

  private static func equal(_ one: String, _ other: String) -> Bool {
    one.utf8.count == other.utf8.count
      && zip(one.utf8, other.utf8).allSatisfy { $0 == $1 || (isLetter($0) && $0 ^ $1 == 0x20) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
  }
}
