import AuditRecord

/// Values of members; nil if a value has another type.
extension JSONTree {
  /// The deepest nesting of a line of a version. `commitInfo` may hold any JSON.
  static let actionDepth = 64

  static let null = JSONTree.scalar("null")

  var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  var integer: Int? {
    if case .scalar(let text) = self { Int(text) } else { nil }
  }

  /// A number of bytes.
  var size: Int? {
    if let integer, integer >= 0 { integer } else { nil }
  }

  var boolean: Bool? {
    if case .scalar(let text) = self { Bool(text) } else { nil }
  }

  var object: [String: JSONTree]? {
    if case .object(let members) = self { members } else { nil }
  }

  var strings: [String]? {
    guard case .array(let elements) = self else { return nil }
    let strings = elements.compactMap(\.string)
    return strings.count == elements.count ? strings : nil
  }

  var nullableStrings: [String: String?]? {
    guard let object else { return nil }
    let strings = object.compactMapValues { value -> String?? in
      value == .null ? .some(nil) : value.string.map { .some($0) }
    }
    return strings.count == object.count ? strings : nil
  }
}
