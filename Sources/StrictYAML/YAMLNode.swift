/// A YAML document as a tree in which everything knows its place.
///
/// What is read is a part of YAML 1.2: mappings and lists, by indentation or in brackets; text on one line, plain or in
/// quotes; comments; one document. What is accepted means here what it means to every reader of YAML 1.2; the rest is
/// refused, as is what readers are not at one about.
package struct YAMLNode: Sendable {
  package enum Value: Sendable {
    case empty
    case text(String)
    case boolean(Bool)
    /// As it is written: decimal, `0o` or `0x`, of any length.
    case integer(String)
    /// As it is written, `.inf` and `.nan` among them.
    case number(String)
    case list([YAMLNode])
    case mapping([Member])
  }

  /// The keys of a mapping differ, also as Unicode compares text.
  package struct Member: Sendable {
    package let key: String
    package let place: YAMLPlace
    package let value: YAMLNode
  }

  package let value: Value
  /// Of what is empty: behind the colon or the dash.
  package let place: YAMLPlace

  /// nil when the text holds nothing but comments.
  ///
  /// The time is proportional to the length of the text, of which the caller sets the limit.
  package static func read(_ text: String) throws(YAMLFault) -> YAMLNode? {
    var reader = YAMLReader(cursor: try YAMLCursor(text))
    return try reader.document()
  }
}

extension YAMLNode.Value {
  /// As a sentence calls it.
  package var kind: String {
    switch self {
    case .empty: "nothing"
    case .text: "text"
    case .boolean: "true or false"
    case .integer: "a whole number"
    case .number: "a number"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
