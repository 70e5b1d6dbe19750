import Parquet

extension CheckpointRow {
  /// The action of a row, which must have one kind of action and its required members.
  static func action(of row: [ParquetValue]) throws(TableLogError) -> TableAction {
    let columns = row.indices.filter { row[$0] != .null }
    guard columns.count == 1, let column = columns.first, column < fields.count,
      case .group(let fields) = CheckpointRow.fields[column].type, case .group(let values) = row[column]
    else { throw .malformed(.notAnObject) }
    let name = CheckpointRow.fields[column].name
    let members = CheckpointMembers(action: name, names: fields.map(\.name), values: values)
    switch name {
    case "txn": return .transaction(try members.transaction())
    case "add": return .add(try members.add())
    case "remove": return .remove(try members.remove())
    case "metaData": return .metadata(try members.metadata())
    default: return .protocol(try members.protocolVersions())
    }
  }
}

/// Reads the members of one action of a checkpoint, by their place in `CheckpointRow.fields`.
private struct CheckpointMembers {
  var action: String
  var names: [String]
  var values: [ParquetValue]

  func transaction() throws(TableLogError) -> SetTransaction {
    SetTransaction(
      appId: try required(0, \.text), version: try required(1, \.number), lastUpdated: values[2].number)
  }

  func add() throws(TableLogError) -> AddFile {
    AddFile(
      path: try path(), partitionValues: try required(1, \.map), size: try required(2, \.number),
      modificationTime: try required(3, \.number), dataChange: try required(4, \.truth),
      stats: values[5].text, tags: (values[6].map ?? [:]).compactMapValues { $0 })
  }

  func remove() throws(TableLogError) -> RemoveFile {
    RemoveFile(
      path: try path(), deletionTimestamp: values[1].number, dataChange: try required(2, \.truth))
  }

  func metadata() throws(TableLogError) -> TableMetadata {
    guard case .group(let format) = values[3] else { throw missing(3) }
    let formatMembers = CheckpointMembers(action: "format", names: ["provider", "options"], values: format)
    let metadata = TableMetadata(
      id: try required(0, \.text), name: values[1].text, description: values[2].text,
      format: TableMetadata.Format(
        provider: try formatMembers.required(0, \.text),
        options: (format[1].map ?? [:]).compactMapValues { $0 }),
      schemaString: try required(4, \.text), partitionColumns: try required(5, \.texts),
      configuration: (values[7].map ?? [:]).compactMapValues { $0 }, createdTime: values[6].number)
    try metadata.checkSupport()
    return metadata
  }

  func protocolVersions() throws(TableLogError) -> TableProtocol {
    let versions = TableProtocol(
      minReaderVersion: try required(0, \.number), minWriterVersion: try required(1, \.number))
    try versions.checkSupport()
    return versions
  }

  private func path() throws(TableLogError) -> String {
    let path = try required(0, \.text)
    guard TablePath.canonical(path) != nil else { throw missing(0) }
    return path
  }

  private func required<Value>(
    _ index: Int, _ value: KeyPath<ParquetValue, Value?>
  ) throws(TableLogError) -> Value {
    guard let value = values[index][keyPath: value] else { throw missing(index) }
    return value
  }

  private func missing(_ index: Int) -> TableLogError {
    .malformed(.member(action: action, name: names[index]))
  }
}

extension ParquetValue {
  fileprivate var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  fileprivate var number: Int? {
    switch self {
    case .int64(let number): Int(number)
    case .int32(let number): Int(number)
    default: nil
    }
  }

  fileprivate var truth: Bool? {
    if case .boolean(let truth) = self { truth } else { nil }
  }

  /// Also nil for a list with elements that are not text.
  fileprivate var texts: [String]? {
    guard case .list(let elements) = self else { return nil }
    let texts = elements.compactMap(\.text)
    return texts.count == elements.count ? texts : nil
  }

  fileprivate var map: [String: String?]? {
    guard case .map(let entries) = self else { return nil }
    var map: [String: String?] = [:]
    for entry in entries {
      if let key = entry.key.text { map[key] = .some(entry.value.text) }
    }
    return map
  }
}
