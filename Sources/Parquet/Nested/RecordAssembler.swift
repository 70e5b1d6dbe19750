/// The levels and values of one leaf of a tree, for all rows of a row group.
struct RecordColumn {
  /// Empty if the column has only one level.
  var definitions: [UInt8] = []
  /// Empty unless the column is in a list or map.
  var repetitions: [UInt8] = []
  /// Without NULLs.
  var values: [ParquetValue] = []
}

/// Levels that no rows can have.
struct LevelError: Error {}

/// Assembles rows of a tree from columns of values and levels: the inverse of `RecordShredder`.
///
/// The levels of all columns must agree on every group, list and map.
struct RecordAssembler {
  private typealias Node = RecordShredder.Node

  /// A column, and how far it has been read.
  private struct Cursor {
    let column: RecordColumn
    let levelCount: Int
    var level = 0
    var value = 0

    init(_ column: RecordColumn) throws(LevelError) {
      guard column.repetitions.isEmpty || column.repetitions.count == column.definitions.count else {
        throw LevelError()
      }
      self.column = column
      levelCount = column.definitions.isEmpty ? column.values.count : column.definitions.count
    }

    /// The definition level of the next entry; nil at the end. A column without levels has the level 0.
    var definition: UInt8? {
      guard level < levelCount else { return nil }
      return column.definitions.isEmpty ? 0 : column.definitions[level]
    }

    /// The repetition level of the next entry; nil at the end.
    var repetition: UInt8? {
      guard level < levelCount else { return nil }
      return column.repetitions.isEmpty ? 0 : column.repetitions[level]
    }

    var isAtEnd: Bool { level == levelCount && value == column.values.count }
  }

  private let nodes: [Node]

  init(_ schema: ParquetSchema) {
    nodes = RecordShredder(schema).nodes
  }

  /// The rows of a row group.
  ///
  /// - Throws: `LevelError` if the columns hold more rows, fewer rows, or levels that disagree.
  func rows(_ count: Int, of columns: [RecordColumn]) throws(LevelError) -> [[ParquetValue]] {
    var cursors: [Cursor] = []
    for column in columns { cursors.append(try Cursor(column)) }
    var rows: [[ParquetValue]] = []
    for _ in 0..<count { rows.append(try values(of: nodes, repetition: 0, &cursors)) }
    guard cursors.allSatisfy(\.isAtEnd) else { throw LevelError() }
    return rows
  }

  private func values(
    of nodes: [Node], repetition: UInt8, _ cursors: inout [Cursor]
  ) throws(LevelError) -> [ParquetValue] {
    var values: [ParquetValue] = []
    values.reserveCapacity(nodes.count)
    for node in nodes { values.append(try value(of: node, repetition: repetition, &cursors)) }
    return values
  }

  /// - Parameter repetition: the level that the entries of all columns below must have.
  private func value(
    of node: Node, repetition: UInt8, _ cursors: inout [Cursor]
  ) throws(LevelError) -> ParquetValue {
    guard let definition = cursors[node.leaves.lowerBound].definition else { throw LevelError() }
    if definition < node.definition {
      guard !node.isRequired, definition == node.definition - 1 else { throw LevelError() }
      try skip(node, definition: definition, repetition: repetition, &cursors)
      return .null
    }
    switch node.content {
    case .value:
      let leaf = node.leaves.lowerBound
      guard definition == node.definition, cursors[leaf].repetition == repetition,
        cursors[leaf].value < cursors[leaf].column.values.count
      else { throw LevelError() }
      defer {
        cursors[leaf].level += 1
        cursors[leaf].value += 1
      }
      return cursors[leaf].column.values[cursors[leaf].value]
    case .group:
      return .group(try values(of: node.children, repetition: repetition, &cursors))
    case .list(let next), .map(let next):
      var elements: [[ParquetValue]] = []
      if definition == node.definition {
        try skip(node, definition: definition, repetition: repetition, &cursors)
      } else {
        elements.append(try values(of: node.children, repetition: repetition, &cursors))
        while cursors[node.leaves.lowerBound].repetition == next {
          elements.append(try values(of: node.children, repetition: next, &cursors))
        }
      }
      if case .list = node.content { return .list(elements.map { $0[0] }) }
      return .map(elements.map { .init($0[0], $0[1]) })
    }
  }

  /// Skip the one entry that all columns below have for a NULL or an empty list or map.
  private func skip(
    _ node: Node, definition: UInt8, repetition: UInt8, _ cursors: inout [Cursor]
  ) throws(LevelError) {
    for leaf in node.leaves {
      guard cursors[leaf].definition == definition, cursors[leaf].repetition == repetition else {
        throw LevelError()
      }
      cursors[leaf].level += 1
    }
  }
}
