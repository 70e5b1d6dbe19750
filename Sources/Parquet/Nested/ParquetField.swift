/// One field of a tree: a value, a group of fields, a list or a map, with a name.
package struct ParquetField: Hashable, Sendable {
  package var name: String
  package var type: ParquetType
  /// Whether the field is never NULL.
  package var isRequired: Bool

  package init(_ name: String, _ type: ParquetType, isRequired: Bool = false) {
    self.name = name
    self.type = type
    self.isRequired = isRequired
  }
}

/// The type of a field.
///
/// Source: parquet-format, LogicalTypes.md, "Nested Types": lists are written as `list.element`, maps as `key_value.key` and
/// `key_value.value`, with the annotations LIST and MAP in the old and in the new form.
package indirect enum ParquetType: Hashable, Sendable {
  /// A single value: a leaf of the tree, which is a column of the file.
  case value(ParquetColumn.Kind)
  /// A struct of at least one field, with distinct names.
  case group([ParquetField])
  /// A list. `hasNulls`: whether its elements may be NULL.
  case list(ParquetType, hasNulls: Bool = true)
  /// A map. Its keys are never NULL; `hasNulls` tells whether its values may be.
  case map(ParquetColumn.Kind, ParquetType, hasNulls: Bool = true)

  package static let text = ParquetType.value(.text)
  package static let timestamp = ParquetType.value(.timestamp)
  package static let double = ParquetType.value(.double)
  package static let boolean = ParquetType.value(.boolean)
  package static let int32 = ParquetType.value(.int32)
  package static let int64 = ParquetType.value(.int64)
  package static let binary = ParquetType.value(.binary)
}

/// The place of a column in a tree, and its maximum levels.
///
/// Source: S. Melnik et al., "Dremel: Interactive Analysis of Web-Scale Datasets", section 4.1.
struct ParquetNesting: Hashable, Sendable {
  /// The names from the root, without the root's.
  var path: [String]
  /// The number of optional and repeated nodes on the path.
  var definitionLimit: Int
  /// The number of repeated nodes on the path.
  var repetitionLimit: Int
}

extension ParquetColumn {
  var path: [String] { nesting?.path ?? [name] }
  var definitionLimit: Int { nesting?.definitionLimit ?? (isRequired ? 0 : 1) }
  var repetitionLimit: Int { nesting?.repetitionLimit ?? 0 }
}

extension ParquetSchema {
  /// The deepest path of a tree. It bounds the levels and the recursion.
  private static let depthLimit = 64

  /// Create the schema of a tree.
  ///
  /// - Parameters:
  ///   - name: the name of the root element. Readers do not show it.
  ///   - fields: the top of the tree, at least one field.
  ///   - filtered: the leaves that get a bloom filter in every row group, each by its path: `["add", "path"]`, or
  ///     `["tags", "key_value", "key"]` for the keys of a map. They hold text, binary values, integers or doubles.
  ///   - metadata: the key-value metadata of the file.
  /// - Throws: `ParquetError` for a group without fields or with a name twice, a tree that is too deep, and a path of `filtered`
  ///   that is not such a leaf.
  package init(
    name: String, fields: [ParquetField], filtered: [[String]] = [], metadata: [Pair] = []
  ) throws(ParquetError) {
    var leaves: [ParquetColumn] = []
    try ParquetSchema.append(
      .group(fields), at: ParquetNesting(path: [], definitionLimit: 0, repetitionLimit: 0), to: &leaves)
    var indices: [Int] = []
    for path in filtered {
      guard let index = leaves.firstIndex(where: { $0.path == path }),
        leaves[index].kind != .boolean, leaves[index].kind != .timestamp
      else { throw ParquetError(.schema, column: path.joined(separator: ".")) }
      indices.append(index)
    }
    self.init(name: name, columns: leaves, filtered: indices, metadata: metadata)
    self.fields = fields
  }

  /// Append the leaves of a type, in the order of the file.
  private static func append(
    _ type: ParquetType, at nesting: ParquetNesting, to leaves: inout [ParquetColumn]
  ) throws(ParquetError) {
    guard nesting.path.count <= depthLimit else { throw ParquetError(.tooLarge(depthLimit)) }
    guard case .value(let kind) = type else {
      let fields = type.children
      guard !fields.isEmpty, Set(fields.map(\.name)).count == fields.count else {
        throw ParquetError(.schema, column: nesting.path.joined(separator: "."))
      }
      for field in fields {
        var inner = nesting
        inner.path += type.repeatedName.map { [$0, field.name] } ?? [field.name]
        if type.repeatedName != nil {
          inner.definitionLimit += 1
          inner.repetitionLimit += 1
        }
        if !field.isRequired { inner.definitionLimit += 1 }
        try append(field.type, at: inner, to: &leaves)
      }
      return
    }
    var leaf = ParquetColumn(
      nesting.path.joined(separator: "."), kind, isRequired: nesting.definitionLimit == 0)
    leaf.nesting = nesting
    leaves.append(leaf)
  }
}

extension ParquetType {
  /// The fields directly below: those of a group, or of the repeated group of a list or map.
  var children: [ParquetField] {
    switch self {
    case .value: []
    case .group(let fields): fields
    case .list(let element, let hasNulls): [ParquetField("element", element, isRequired: !hasNulls)]
    case .map(let key, let value, let hasNulls):
      [
        ParquetField("key", .value(key), isRequired: true),
        ParquetField("value", value, isRequired: !hasNulls),
      ]
    }
  }

  /// The name of the repeated group of a list or map.
  var repeatedName: String? {
    switch self {
    case .value, .group: nil
    case .list: "list"
    case .map: "key_value"
    }
  }
}

extension ParquetField {
  /// The node of this field and all nodes below, in the order of the footer.
  var elements: [ParquetElement] {
    var node = ParquetElement(name: name, repetition: isRequired ? .required : .optional)
    if case .value(let kind) = type {
      node.kind = kind
      return [node]
    }
    let children = type.children
    let below = children.flatMap(\.elements)
    guard let repeatedName = type.repeatedName else {
      node.children = children.count
      return [node] + below
    }
    node.children = 1
    if case .map = type { node.annotation = .map } else { node.annotation = .list }
    return [node, ParquetElement(name: repeatedName, repetition: .repeated, children: children.count)] + below
  }
}
