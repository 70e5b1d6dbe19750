import Parquet

/// The rows of a checkpoint: one for each action, with NULL in the columns of the other kinds.
///
/// All fields are optional and stand in Spark's order. Other orders and required fields have broken readers (trino/issues/18760,
/// duckdb/issues/12983).
///
/// Source: PROTOCOL.md, "Checkpoint Schema".
enum CheckpointRow {
  static let fields = [
    ParquetField(
      "txn",
      .group([
        ParquetField("appId", .text), ParquetField("version", .int64), ParquetField("lastUpdated", .int64),
      ])),
    ParquetField(
      "add",
      .group([
        ParquetField("path", .text), ParquetField("partitionValues", .map(.text, .text)),
        ParquetField("size", .int64), ParquetField("modificationTime", .int64),
        ParquetField("dataChange", .boolean), ParquetField("stats", .text),
        ParquetField("tags", .map(.text, .text)),
      ])),
    ParquetField(
      "remove",
      .group([
        ParquetField("path", .text), ParquetField("deletionTimestamp", .int64),
        ParquetField("dataChange", .boolean),
      ])),
    ParquetField(
      "metaData",
      .group([
        ParquetField("id", .text), ParquetField("name", .text), ParquetField("description", .text),
        ParquetField(
          "format",
          .group([ParquetField("provider", .text), ParquetField("options", .map(.text, .text))])),
        ParquetField("schemaString", .text), ParquetField("partitionColumns", .list(.text)),
        ParquetField("createdTime", .int64), ParquetField("configuration", .map(.text, .text)),
      ])),
    ParquetField(
      "protocol",
      .group([ParquetField("minReaderVersion", .int32), ParquetField("minWriterVersion", .int32)])),
  ]

  static var schema: ParquetSchema {
    get throws(ParquetError) { try ParquetSchema(name: "checkpoint", fields: fields) }
  }

  /// The row of an action that a snapshot keeps; nil for the others.
  static func row(of action: TableAction) -> [ParquetValue]? {
    guard let column = fields.firstIndex(where: { $0.name == action.name }) else { return nil }
    var row = [ParquetValue](repeating: .null, count: fields.count)
    row[column] = .group(values(of: action))
    return row
  }

  private static func values(of action: TableAction) -> [ParquetValue] {
    switch action {
    case .commitInfo: []
    case .transaction(let transaction):
      [text(transaction.appId), number(transaction.version), number(transaction.lastUpdated)]
    case .add(let file):
      [
        text(file.path), map(file.partitionValues), number(file.size), number(file.modificationTime),
        .boolean(file.dataChange), text(file.stats), file.tags.isEmpty ? .null : map(file.tags),
      ]
    case .remove(let file):
      [text(file.path), number(file.deletionTimestamp), .boolean(file.dataChange)]
    case .metadata(let metadata):
      [
        text(metadata.id), text(metadata.name), text(metadata.description),
        .group([text(metadata.format.provider), map(metadata.format.options)]), text(metadata.schemaString),
        .list(metadata.partitionColumns.map { text($0) }), number(metadata.createdTime),
        map(metadata.configuration),
      ]
    case .protocol(let versions):
      [
        .int32(Int32(clamping: versions.minReaderVersion)),
        .int32(Int32(clamping: versions.minWriterVersion)),
      ]
    }
  }

  private static func text(_ value: String?) -> ParquetValue { value.map { .text($0) } ?? .null }

  private static func number(_ value: Int?) -> ParquetValue { value.map { .int64(Int64($0)) } ?? .null }

  private static func map(_ values: [String: String?]) -> ParquetValue {
    .map(values.sorted { $0.key.precedes($1.key) }.map { .init(text($0.key), text($0.value)) })
  }
}
