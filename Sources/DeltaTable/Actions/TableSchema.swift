/// The columns of a table (PROTOCOL.md, "Schema Serialization Format").
package struct TableSchema: Hashable, Sendable {
  /// The type of a column, by its name in the protocol.
  package enum ColumnType: String, Hashable, Sendable {
    /// UTF-8 text.
    case string
    /// UTC, microseconds.
    case timestamp
    /// IEEE 754 binary64.
    case double
    case date
  }

  package struct Column: Hashable, Sendable {
    package var name: String
    package var type: ColumnType
    package var isNullable: Bool

    package init(_ name: String, _ type: ColumnType, isNullable: Bool = true) {
      self.name = name
      self.type = type
      self.isNullable = isNullable
    }
  }

  /// The partition columns too. They stand last: ClickHouse aborts otherwise (ClickHouse/issues/114462).
  package var columns: [Column]

  package init(_ columns: [Column]) {
    self.columns = columns
  }

  /// The JSON text of `TableMetadata.schemaString`.
  package var schemaString: String {
    var text = JSONText()
    text.object { text in
      text.member("type", "struct")
      text.array("fields", columns) { text, column in
        text.member("name", column.name)
        text.member("type", column.type.rawValue)
        text.member("nullable", column.isNullable)
        text.object("metadata") { _ in }
      }
    }
    return String(decoding: text.bytes, as: UTF8.self)
  }
}
