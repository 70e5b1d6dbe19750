extension TableAction {
  /// Append the action as one line of a version: compact JSON, its members in the order of PROTOCOL.md, and LF.
  func append(to bytes: inout [UInt8]) {
    var text = JSONText()
    text.object { text in
      text.object(name) { members(&$0) }
    }
    bytes += text.bytes
    bytes.append(UInt8(ascii: "\n"))
  }

  /// The name of the member that holds the action.
  var name: String {
    switch self {
    case .commitInfo: "commitInfo"
    case .transaction: "txn"
    case .protocol: "protocol"
    case .metadata: "metaData"
    case .remove: "remove"
    case .add: "add"
    }
  }

  private func members(_ text: inout JSONText) {
    switch self {
    case .commitInfo(let info):
      text.member("timestamp", info.timestamp)
      text.member("operation", info.operation)
      text.member("operationParameters", info.operationParameters)
      text.member("isBlindAppend", info.isBlindAppend)
      text.member("engineInfo", info.engineInfo)
      text.member("txnId", info.txnId)
    case .transaction(let transaction):
      text.member("appId", transaction.appId)
      text.member("version", transaction.version)
      text.member("lastUpdated", transaction.lastUpdated)
    case .protocol(let versions):
      text.member("minReaderVersion", versions.minReaderVersion)
      text.member("minWriterVersion", versions.minWriterVersion)
    case .metadata(let metadata):
      text.member("id", metadata.id)
      text.member("name", metadata.name)
      text.member("description", metadata.description)
      text.object("format") { text in
        text.member("provider", metadata.format.provider)
        text.member("options", metadata.format.options)
      }
      text.member("schemaString", metadata.schemaString)
      text.member("partitionColumns", metadata.partitionColumns)
      text.member("configuration", metadata.configuration)
      text.member("createdTime", metadata.createdTime)
    case .remove(let file):
      text.member("path", file.path)
      text.member("deletionTimestamp", file.deletionTimestamp)
      text.member("dataChange", file.dataChange)
      text.member("extendedFileMetadata", file.extendedFileMetadata)
      text.member("partitionValues", file.partitionValues)
      text.member("size", file.size)
    case .add(let file):
      text.member("path", file.path)
      text.member("partitionValues", file.partitionValues)
      text.member("size", file.size)
      text.member("modificationTime", file.modificationTime)
      text.member("dataChange", file.dataChange)
      text.member("stats", file.stats)
      text.member("tags", file.tags.isEmpty ? nil : file.tags)
    }
  }
}
