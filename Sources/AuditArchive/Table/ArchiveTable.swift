import AuditRecord
import DeltaTable
import PartitionFormats

/// The Parquet parts of an archive as a Delta Lake table: one table for all logs. No I/O.
///
/// A version follows from a commit, so the same commit gives the same bytes. Only a commit that adds or removes Parquet parts makes a
/// version.
struct ArchiveTable: Hashable, Sendable {
  /// The UUID of the table, from `archive.json`.
  let id: String
  let logs: ArchiveKind

  /// The root of the table in the archive.
  static let root = PartFormat.parquet.rawValue

  /// The folder of the table's log in the archive.
  static let log = ArchivePaths.tableLog

  /// The path of a file of the table's log in the archive.
  static func path(_ file: TableLogFile) -> String { "\(root)/\(file.path)" }

  /// The file of the table's log with this path in the archive; nil if it is none.
  static func file(_ path: String) -> TableLogFile? {
    guard path.hasPrefix(log + "/") else { return nil }
    return TableLogFile(name: String(path.dropFirst(log.count + 1)))
  }

  /// The application of a log, whose transactions are its commits.
  static func appID(_ log: LogName) -> String { "\(ArchiveJSON.name):\(log)" }

  /// The columns of the parts, and the keys of their folders.
  var schema: TableSchema {
    let columns = Column.allCases.map { column in
      let type: TableSchema.ColumnType =
        switch column.kind {
        case .string: .string
        case .timestamp: .timestamp
        case .float64: .double
        }
      return TableSchema.Column(column.name, type, isNullable: !column.isRequired)
    }
    return TableSchema(
      columns + partitionColumns.map { TableSchema.Column($0, $0 == "event_date" ? .date : .string) })
  }

  private var partitionColumns: [String] {
    logs == .repositoryLogs ? ["organization", "repository", "event_date"] : ["organization", "event_date"]
  }

  static func partition(_ log: LogName, _ day: Day) -> [String: String?] {
    var values: [String: String?] = ["organization": log.organization.description]
    if let repository = log.repository { values["repository"] = repository.description }
    values["event_date"] = day.description
    return values
  }

  // MARK: Versions

  /// The version of a commit; nil if the commit changes no Parquet part.
  ///
  /// - Parameters:
  ///   - sha256: of the commit record's bytes.
  ///   - sizes: of the parts before the commit, by their paths. A part that is missing here is removed without its size.
  func version(of commit: Commit, sha256: String, sizes: [String: Int]) -> TableVersion? {
    let log = commit.source.log
    let paths = ArchivePaths(log)
    let time = commit.committedAt.milliseconds
    var actions: [TableAction] = []
    for path in commit.filesRemoved {
      guard let name = paths.partName(path), name.format == .parquet else { continue }
      let size = sizes[path]
      actions.append(
        .remove(
          RemoveFile(
            path: ArchiveTable.tablePath(path), deletionTimestamp: time, dataChange: true,
            extendedFileMetadata: size.map { _ in true },
            partitionValues: size.map { _ in ArchiveTable.partition(log, name.day) }, size: size)))
    }
    for partition in commit.partitionsChanged where partition.changedInCommit == commit.commit {
      actions += ArchiveTable.files(of: partition, log, time).map { .add($0) }
    }
    guard !actions.isEmpty else { return nil }
    return TableVersion(
      [
        .commitInfo(info("WRITE", commit.standing, sha256)),
        .transaction(ArchiveTable.transaction(commit.standing)),
      ] + actions)
  }

  /// Version 0: all Parquet parts of these logs.
  ///
  /// - Parameter newest: the log whose run creates the table.
  func firstVersion(of logs: [Manifest], by newest: Manifest) -> TableVersion {
    let time = newest.committedAt.milliseconds
    let metadata = TableMetadata(
      id: id, name: "cloudsmith_audit_log",
      description: "Audit log of Cloudsmith, schema \(Column.schemaName)", schemaString: schema.schemaString,
      partitionColumns: partitionColumns, createdTime: time)
    return TableVersion(
      [
        .commitInfo(info("CREATE TABLE", newest.standing, newest.commitSHA256)),
        .protocol(.supported), .metadata(metadata),
      ] + logs.flatMap { ArchiveTable.actions(of: $0) })
  }

  /// A version that adds a log which the table does not have.
  func version(adding log: Manifest) -> TableVersion {
    TableVersion([.commitInfo(info("WRITE", log.standing, log.commitSHA256))] + ArchiveTable.actions(of: log))
  }

  private static func actions(of log: Manifest) -> [TableAction] {
    [.transaction(transaction(log.standing))] + files(of: log).map { .add($0) }
  }

  /// The files that the table has of a log.
  static func files(of log: Manifest) -> [AddFile] {
    log.partitions.flatMap { files(of: $0, log.source.log, log.committedAt.milliseconds) }
  }

  private static func files(of partition: Partition, _ log: LogName, _ time: Int) -> [AddFile] {
    partition.files.filter { $0.format == .parquet }.map { file in
      let bounds = FileStatistics.Range(
        column: Column.eventAt.name, least: file.minEventAt, greatest: file.maxEventAt)
      let statistics = FileStatistics(
        numRecords: file.rows, ranges: [bounds],
        columnsWithoutNull: Column.allCases.filter(\.isRequired).map(\.name))
      return AddFile(
        path: tablePath(file.path), partitionValues: ArchiveTable.partition(log, partition.eventDate),
        size: file.bytes, modificationTime: time, stats: statistics.text, tags: ["sha256": file.sha256])
    }
  }

  private static func transaction(_ state: LogState) -> SetTransaction {
    SetTransaction(
      appId: appID(state.source.log), version: state.commit, lastUpdated: state.committedAt.milliseconds)
  }

  private func info(_ operation: String, _ state: LogState, _ sha256: String) -> CommitInfo {
    let columns = partitionColumns.map { "\"\($0)\"" }.joined(separator: ",")
    return CommitInfo(
      timestamp: state.committedAt.milliseconds, operation: operation,
      operationParameters: ["mode": "Overwrite", "partitionBy": "[\(columns)]"], isBlindAppend: false,
      engineInfo: "\(ArchiveJSON.name)/\(state.toolVersion)", txnId: sha256)
  }

  /// The path in the archive of a file of the table.
  static func path(_ file: AddFile) -> String { "\(root)/\(TablePath.decode(file.path) ?? file.path)" }

  /// Whether this program wrote a version, according to its `engineInfo`.
  static func isOurs(_ version: TableVersion) -> Bool {
    version.commitInfo?.engineInfo?.hasPrefix("\(ArchiveJSON.name)/") ?? false
  }

  /// Whether another program wrote a version that adds files or removes some. The commits then do not tell which files the table has.
  static func isForeignChange(_ version: TableVersion) -> Bool {
    !isOurs(version)
      && version.actions.contains { action in
        switch action {
        case .add, .remove: true
        case .commitInfo, .transaction, .protocol, .metadata: false
        }
      }
  }

  /// The path of a part relative to the root of the table.
  private static func tablePath(_ path: String) -> String {
    TablePath.encode(String(path.dropFirst(root.count + 1)))
  }
}

extension Manifest {
  /// The sizes of the parts, by their paths.
  var partSizes: [String: Int] {
    Dictionary(
      partitions.flatMap { $0.files.map { ($0.path, $0.bytes) } }, uniquingKeysWith: { first, _ in first })
  }

  /// The newest commit that gave a day a revision; 0 if there is none. The table has a version of it.
  var newestRevision: Int { partitions.lazy.filter { $0.revision > 0 }.map(\.changedInCommit).max() ?? 0 }
}

/// The newest commit of a log that is in the table: the content of `_manifest/acme/table.json`. A hint, which saves reading the table's
/// log.
struct TablePosition: Hashable, Sendable, Codable {
  private(set) var format = ArchiveJSON.format
  /// The commit of the log up to which the table has its parts.
  var commit: Int
  /// The version of the table with that commit.
  var version: Int

  init(commit: Int, version: Int) {
    self.commit = commit
    self.version = version
  }

  private enum CodingKeys: CodingKey { case format, commit, version }
}
