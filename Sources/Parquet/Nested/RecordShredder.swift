/// Splits rows of a tree into columns of values and levels.
///
/// Source: S. Melnik et al., "Dremel: Interactive Analysis of Web-Scale Datasets", section 4.2 and appendix A; parquet-format,
/// README, "Nested Encoding".
struct RecordShredder {
  /// A node of the tree.
  struct Node {
    enum Content {
      case value(ParquetColumn.Kind)
      case group
      /// The repetition level of the second and later elements.
      case list(repetition: UInt8)
      case map(repetition: UInt8)
    }

    var content: Content
    var isRequired: Bool
    /// The definition level when this node is not NULL. A list or map that is not empty has one more.
    var definition: UInt8
    /// The columns below.
    var leaves: Range<Int>
    var children: [Node]
  }

  let nodes: [Node]

  init(_ schema: ParquetSchema) {
    let flat = schema.columns.map { ParquetField($0.name, .value($0.kind), isRequired: $0.isRequired) }
    var leaf = 0
    nodes = (schema.fields ?? flat).map { RecordShredder.node($0, definition: 0, repetition: 0, &leaf) }
  }

  private static func node(
    _ field: ParquetField, definition: UInt8, repetition: UInt8, _ leaf: inout Int
  ) -> Node {
    let first = leaf
    let here = field.isRequired ? definition : definition + 1
    if case .value(let kind) = field.type {
      leaf += 1
      return Node(
        content: .value(kind), isRequired: field.isRequired, definition: here, leaves: first..<leaf,
        children: [])
    }
    let isRepeated = field.type.repeatedName != nil
    let inner = isRepeated ? repetition + 1 : repetition
    let children = field.type.children.map {
      node($0, definition: isRepeated ? here + 1 : here, repetition: inner, &leaf)
    }
    let content: Node.Content =
      switch field.type {
      case .value, .group: .group
      case .list: .list(repetition: inner)
      case .map: .map(repetition: inner)
      }
    return Node(
      content: content, isRequired: field.isRequired, definition: here, leaves: first..<leaf,
      children: children)
  }

  /// Append a row to the columns, which are the leaves of the tree.
  ///
  /// - Throws: `ParquetError` for a value that does not fit its field. The columns then contain a part of the row.
  func append(_ row: [ParquetValue], to columns: inout [ParquetColumnValues]) throws(ParquetError) {
    try append(row, nodes, repetition: 0, to: &columns)
  }

  private func append(
    _ values: [ParquetValue], _ nodes: [Node], repetition: UInt8, to columns: inout [ParquetColumnValues]
  ) throws(ParquetError) {
    guard values.count == nodes.count else { throw ParquetError(.value) }
    for index in values.indices {
      try append(values[index], nodes[index], repetition: repetition, to: &columns)
    }
  }

  private func append(
    _ value: ParquetValue, _ node: Node, repetition: UInt8, to columns: inout [ParquetColumnValues]
  ) throws(ParquetError) {
    switch (node.content, value) {
    case (_, .null):
      guard !node.isRequired else { throw mismatch(node, columns) }
      appendNull(node, repetition: repetition, definition: node.definition - 1, to: &columns)
    case (.value(let kind), _):
      guard columns[node.leaves.lowerBound].append(value, kind, repetition: repetition) else {
        throw mismatch(node, columns)
      }
    case (.group, .group(let values)):
      guard values.count == node.children.count else { throw mismatch(node, columns) }
      try append(values, node.children, repetition: repetition, to: &columns)
    case (.list(let next), .list(let elements)):
      guard !elements.isEmpty else {
        return appendNull(node, repetition: repetition, definition: node.definition, to: &columns)
      }
      for index in elements.indices {
        try append(
          elements[index], node.children[0], repetition: index == 0 ? repetition : next, to: &columns)
      }
    case (.map(let next), .map(let entries)):
      guard !entries.isEmpty else {
        return appendNull(node, repetition: repetition, definition: node.definition, to: &columns)
      }
      for index in entries.indices {
        let level = index == 0 ? repetition : next
        try append(entries[index].key, node.children[0], repetition: level, to: &columns)
        try append(entries[index].value, node.children[1], repetition: level, to: &columns)
      }
    default: throw mismatch(node, columns)
    }
  }

  private func appendNull(
    _ node: Node, repetition: UInt8, definition: UInt8, to columns: inout [ParquetColumnValues]
  ) {
    for leaf in node.leaves { columns[leaf].appendNull(repetition: repetition, definition: definition) }
  }

  private func mismatch(_ node: Node, _ columns: [ParquetColumnValues]) -> ParquetError {
    ParquetError(.value, column: columns[node.leaves.lowerBound].column.name)
  }
}

extension ParquetColumnValues {
  /// The largest text or binary value, in bytes: the format counts the bytes of a page in 32 bits.
  private static var sizeLimit: Int { 1 << 30 }

  /// Append a value; false if it is of another kind or too large.
  fileprivate mutating func append(
    _ value: ParquetValue, _ kind: ParquetColumn.Kind, repetition: UInt8
  ) -> Bool {
    switch (kind, value) {
    case (.text, .text(let text)):
      guard text.utf8.count <= Self.sizeLimit else { return false }
      append(text.utf8Span.span.bytes, repetition: repetition)
    case (.binary, .binary(let bytes)):
      guard bytes.count <= Self.sizeLimit else { return false }
      append(bytes.span.bytes, repetition: repetition)
    case (.timestamp, .timestamp(let time)): append(timestamp: time, repetition: repetition)
    case (.boolean, .boolean(let truth)): append(word: truth ? 1 as UInt8 : 0, repetition: repetition)
    case (.int32, .int32(let number)): append(word: number.littleEndian, repetition: repetition)
    case (.int64, .int64(let number)): append(word: number.littleEndian, repetition: repetition)
    case (.double, .double(let number)):
      append(word: number.bitPattern.littleEndian, repetition: repetition)
    default: return false
    }
    return true
  }

  private mutating func append(word: some FixedWidthInteger, repetition: UInt8) {
    var word = word
    withUnsafeBytes(of: &word) { append($0.bytes, repetition: repetition) }
  }
}
