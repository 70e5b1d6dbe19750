import AuditRecord

extension TableAction {
  /// Read the actions of one line: one, or none if the line holds only actions that the protocol lets readers ignore.
  static func read(_ line: [UInt8], number: Int) throws(TableLogError) -> [TableAction] {
    let tree: JSONTree
    do throws(JSONTreeError) {
      tree = try JSONTree(line, depth: JSONTree.actionDepth)
    } catch {
      throw .malformed(.json(error), line: number)
    }
    guard case .object(let members) = tree else { throw .malformed(.notAnObject, line: number) }
    var actions: [TableAction] = []
    for (name, value) in members where value != .null {
      guard let read = readers[name] else { continue }
      guard case .object(let members) = value else {
        throw .malformed(.member(action: name, name: name), line: number)
      }
      actions.append(try read(ActionReader(action: name, line: number, members: members)))
    }
    return actions
  }

  private typealias Read = @Sendable (ActionReader) throws(TableLogError) -> TableAction

  private static let readers: [String: Read] = [
    "commitInfo": { reader throws(TableLogError) in .commitInfo(reader.commitInfo) },
    "txn": { reader throws(TableLogError) in .transaction(try reader.transaction()) },
    "protocol": { reader throws(TableLogError) in .protocol(try reader.protocolVersions()) },
    "metaData": { reader throws(TableLogError) in .metadata(try reader.metadata()) },
    "remove": { reader throws(TableLogError) in .remove(try reader.remove()) },
    "add": { reader throws(TableLogError) in .add(try reader.add()) },
  ]
}

/// Reads the members of one action. `null` is a missing member.
private struct ActionReader {
  var action: String
  var line: Int
  var members: [String: JSONTree]

  // MARK: Actions

  /// Producers may write any JSON here, so a member of another type counts as missing.
  var commitInfo: CommitInfo {
    var parameters: [String: String] = [:]
    if case .object(let values) = members["operationParameters"] {
      for (name, value) in values {
        if case .string(let text) = value { parameters[name] = text }
      }
    }
    return CommitInfo(
      timestamp: members["timestamp"]?.integer, operation: members["operation"]?.string,
      operationParameters: parameters, isBlindAppend: members["isBlindAppend"]?.boolean,
      engineInfo: members["engineInfo"]?.string, txnId: members["txnId"]?.string)
  }

  func transaction() throws(TableLogError) -> SetTransaction {
    SetTransaction(
      appId: try required("appId", \.string), version: try required("version", \.integer),
      lastUpdated: try optional("lastUpdated", \.integer))
  }

  func protocolVersions() throws(TableLogError) -> TableProtocol {
    let versions = TableProtocol(
      minReaderVersion: try required("minReaderVersion", \.integer),
      minWriterVersion: try required("minWriterVersion", \.integer))
    let features = Set(
      (try optional("readerFeatures", \.strings) ?? []) + (try optional("writerFeatures", \.strings) ?? []))
    guard features.isEmpty else {
      throw .unsupported(.features(features.sorted { $0.precedes($1) }))
    }
    try versions.checkSupport()
    return versions
  }

  func metadata() throws(TableLogError) -> TableMetadata {
    let format = ActionReader(action: "format", line: line, members: try required("format", \.object))
    let metadata = TableMetadata(
      id: try required("id", \.string), name: try optional("name", \.string),
      description: try optional("description", \.string),
      format: TableMetadata.Format(
        provider: try format.required("provider", \.string), options: try format.map("options")),
      schemaString: try required("schemaString", \.string),
      partitionColumns: try required("partitionColumns", \.strings),
      configuration: try map("configuration"), createdTime: try optional("createdTime", \.integer))
    try checkSchema(metadata.schemaString)
    try metadata.checkSupport()
    return metadata
  }

  func remove() throws(TableLogError) -> RemoveFile {
    try checkDeletionVector()
    return RemoveFile(
      path: try path(), deletionTimestamp: try optional("deletionTimestamp", \.integer),
      dataChange: try required("dataChange", \.boolean),
      extendedFileMetadata: try optional("extendedFileMetadata", \.boolean),
      partitionValues: try optional("partitionValues", \.nullableStrings), size: try optional("size", \.size))
  }

  func add() throws(TableLogError) -> AddFile {
    try checkDeletionVector()
    return AddFile(
      path: try path(), partitionValues: try required("partitionValues", \.nullableStrings),
      size: try required("size", \.size), modificationTime: try required("modificationTime", \.integer),
      dataChange: try required("dataChange", \.boolean), stats: try optional("stats", \.string),
      tags: try map("tags"))
  }

  // MARK: Checks

  private func path() throws(TableLogError) -> String {
    let path = try required("path", \.string)
    guard TablePath.canonical(path) != nil else { throw malformed("path") }
    return path
  }

  private func checkDeletionVector() throws(TableLogError) {
    if let vector = members["deletionVector"], vector != .null { throw .unsupported(.deletionVector) }
  }

  /// Check that the text is a schema without invariants, which a writer of version 2 must check for every row it adds.
  private func checkSchema(_ text: String) throws(TableLogError) {
    guard let tree = try? JSONTree(Array(text.utf8), depth: JSONTree.actionDepth),
      case .array(let fields) = tree.object?["fields"]
    else { throw malformed("schemaString") }
    for field in fields {
      guard let column = field.object, let name = column["name"]?.string else {
        throw malformed("schemaString")
      }
      if column["metadata"]?.object?["delta.invariants"] != nil {
        throw .unsupported(.invariant(column: name))
      }
    }
  }

  // MARK: Members

  private func required<Value>(
    _ name: String, _ value: KeyPath<JSONTree, Value?>
  ) throws(TableLogError) -> Value {
    guard let value = members[name]?[keyPath: value] else { throw malformed(name) }
    return value
  }

  private func optional<Value>(
    _ name: String, _ value: KeyPath<JSONTree, Value?>
  ) throws(TableLogError) -> Value? {
    guard let member = members[name], member != .null else { return nil }
    guard let value = member[keyPath: value] else { throw malformed(name) }
    return value
  }

  /// A map of strings, without its members that are `null`; empty if it is missing.
  private func map(_ name: String) throws(TableLogError) -> [String: String] {
    (try optional(name, \.nullableStrings) ?? [:]).compactMapValues { $0 }
  }

  private func malformed(_ name: String) -> TableLogError {
    .malformed(.member(action: action, name: name), line: line)
  }
}

extension TableProtocol {
  func checkSupport() throws(TableLogError) {
    guard minReaderVersion <= TableProtocol.supported.minReaderVersion,
      minWriterVersion <= TableProtocol.supported.minWriterVersion
    else { throw .unsupported(.protocolVersion(self)) }
  }
}

extension TableMetadata {
  /// An append-only table does not allow the removals of a revised day.
  static let appendOnly = "delta.appendOnly"

  func checkSupport() throws(TableLogError) {
    guard format.provider == Format.parquet.provider else { throw .unsupported(.format(format.provider)) }
    guard configuration[TableMetadata.appendOnly]?.lowercased() != "true" else {
      throw .unsupported(.property(TableMetadata.appendOnly))
    }
  }
}
