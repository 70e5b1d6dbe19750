/// One change of a Delta table: a line of a version, or a row of a checkpoint.
///
/// Names and fields are those of the Delta transaction log protocol, reader version 1 and writer version 2 (PROTOCOL.md,
/// "Actions"). Other members and other kinds of action are ignored when they are read, as the protocol demands, and are not
/// kept.
package enum TableAction: Hashable, Sendable {
  case commitInfo(CommitInfo)
  case transaction(SetTransaction)
  case `protocol`(TableProtocol)
  case metadata(TableMetadata)
  case remove(RemoveFile)
  case add(AddFile)
}

/// `commitInfo`: where a version comes from. No reader needs it to read the table, so each member may be missing.
package struct CommitInfo: Hashable, Sendable {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  package var timestamp: Int?
  /// Such as `CREATE TABLE`, `WRITE` or `ADD COLUMNS`.
  package var operation: String?
  /// The values are JSON text, as Spark writes them: `["event_date"]` for a list.
  package var operationParameters: [String: String]
  package var isBlindAppend: Bool?
  /// The program and its version.
  package var engineInfo: String?
  /// An identifier of the transaction that its writer chooses.
  package var txnId: String?

  package init(
    timestamp: Int? = nil, operation: String? = nil, operationParameters: [String: String] = [:],
    isBlindAppend: Bool? = nil, engineInfo: String? = nil, txnId: String? = nil
  ) {
    self.timestamp = timestamp
    self.operation = operation
    self.operationParameters = operationParameters
    self.isBlindAppend = isBlindAppend
    self.engineInfo = engineInfo
    self.txnId = txnId
  }
}

/// `txn`: the newest transaction of an application that the table contains, which makes its writes idempotent.
package struct SetTransaction: Hashable, Sendable {
  package var appId: String
  /// Chosen by the application.
  package var version: Int
  /// Milliseconds since 1970-01-01T00:00:00Z.
  package var lastUpdated: Int?

  package init(appId: String, version: Int, lastUpdated: Int? = nil) {
    self.appId = appId
    self.version = version
    self.lastUpdated = lastUpdated
  }
}

/// `protocol`: the versions of the protocol that readers and writers of the table must know.
package struct TableProtocol: Hashable, Sendable {
  package var minReaderVersion: Int
  package var minWriterVersion: Int

  /// The newest versions that this target reads and writes, which are also those of the tables that it makes.
  package static let supported = TableProtocol(minReaderVersion: 1, minWriterVersion: 2)

  package init(minReaderVersion: Int, minWriterVersion: Int) {
    self.minReaderVersion = minReaderVersion
    self.minWriterVersion = minWriterVersion
  }
}

/// `metaData`: the identity and the columns of the table. A later one replaces it whole.
package struct TableMetadata: Hashable, Sendable {
  /// A UUID, which never changes.
  package var id: String
  package var name: String?
  package var description: String?
  package var format: Format
  /// JSON text: `TableSchema.schemaString`.
  package var schemaString: String
  package var partitionColumns: [String]
  package var configuration: [String: String]
  /// Milliseconds since 1970-01-01T00:00:00Z.
  package var createdTime: Int?

  /// The encoding of the data files.
  package struct Format: Hashable, Sendable {
    package var provider: String
    package var options: [String: String]

    /// The only format that Delta tables have had.
    package static let parquet = Format(provider: "parquet", options: [:])

    package init(provider: String, options: [String: String]) {
      self.provider = provider
      self.options = options
    }
  }

  package init(
    id: String, name: String? = nil, description: String? = nil, format: Format = .parquet,
    schemaString: String, partitionColumns: [String], configuration: [String: String] = [:],
    createdTime: Int? = nil
  ) {
    self.id = id
    self.name = name
    self.description = description
    self.format = format
    self.schemaString = schemaString
    self.partitionColumns = partitionColumns
    self.configuration = configuration
    self.createdTime = createdTime
  }
}

/// `remove`: a data file that is no longer part of the table.
package struct RemoveFile: Hashable, Sendable {
  /// The text of the `add`: `TablePath.encode`.
  package var path: String
  /// Milliseconds since 1970-01-01T00:00:00Z.
  package var deletionTimestamp: Int?
  package var dataChange: Bool
  /// Whether `partitionValues` and `size` are present.
  package var extendedFileMetadata: Bool?
  package var partitionValues: [String: String?]?
  /// Bytes.
  package var size: Int?

  package init(
    path: String, deletionTimestamp: Int?, dataChange: Bool, extendedFileMetadata: Bool? = nil,
    partitionValues: [String: String?]? = nil, size: Int? = nil
  ) {
    self.path = path
    self.deletionTimestamp = deletionTimestamp
    self.dataChange = dataChange
    self.extendedFileMetadata = extendedFileMetadata
    self.partitionValues = partitionValues
    self.size = size
  }
}

/// `add`: a data file of the table. It replaces an earlier `add` of the same path.
package struct AddFile: Hashable, Sendable {
  /// Relative to the root of the table, URI-encoded: `TablePath.encode`. Other producers may write an absolute URI.
  package var path: String
  /// Nil is NULL. Readers take an empty text for NULL too.
  package var partitionValues: [String: String?]
  /// Bytes, exactly: readers fetch the footer of the file by it.
  package var size: Int
  /// Milliseconds since 1970-01-01T00:00:00Z.
  package var modificationTime: Int
  package var dataChange: Bool
  /// JSON text: `FileStatistics.text`.
  package var stats: String?
  package var tags: [String: String]

  package init(
    path: String, partitionValues: [String: String?], size: Int, modificationTime: Int,
    dataChange: Bool = true, stats: String? = nil, tags: [String: String] = [:]
  ) {
    self.path = path
    self.partitionValues = partitionValues
    self.size = size
    self.modificationTime = modificationTime
    self.dataChange = dataChange
    self.stats = stats
    self.tags = tags
  }

  /// The `remove` of this file, with all that the protocol calls extended file metadata.
  ///
  /// - Parameter time: milliseconds since 1970-01-01T00:00:00Z.
  package func removed(at time: Int) -> RemoveFile {
    RemoveFile(
      path: path, deletionTimestamp: time, dataChange: true, extendedFileMetadata: true,
      partitionValues: partitionValues, size: size)
  }
}
