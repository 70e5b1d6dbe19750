/// The state of a table at one version: its versions folded, oldest first (PROTOCOL.md, "Action Reconciliation").
package struct TableSnapshot: Hashable, Sendable {
  /// The number of the last version; -1 before version 0.
  package private(set) var version = -1
  /// Nil only before version 0, like `metadata`.
  package private(set) var tableProtocol: TableProtocol?
  package private(set) var metadata: TableMetadata?
  /// The newest transaction of each application, by `appId`.
  package private(set) var transactions: [String: SetTransaction] = [:]
  /// The files of the table, by the canonical text of their paths, which is ASCII. `dataChange` is false,
  /// as in Spark's snapshots.
  private var added: [String: AddFile] = [:]
  /// The removed files, likewise, with the members that a checkpoint keeps.
  private var removed: [String: RemoveFile] = [:]

  /// How long a removed file stays in snapshots: the default of `delta.deletedFileRetentionDuration`, in milliseconds.
  package static let tombstoneRetention = 7 * 86_400_000

  /// The table before version 0.
  package init() {}

  /// Apply the next version. After an error the snapshot is as before.
  ///
  /// - Throws: `TableLogError` if `number` does not follow, or if version 0 lacks `protocol` or `metaData`.
  package mutating func apply(_ next: TableVersion, number: Int) throws(TableLogError) {
    guard number == version + 1 else {
      throw .malformed(.version(expected: version + 1, found: number))
    }
    try checkFirst(next)
    for action in next.actions { reconcile(action) }
    version = number
  }

  /// Make a snapshot of the actions of a checkpoint.
  ///
  /// - Throws: `TableLogError` if `protocol` or `metaData` is missing.
  init(version: Int, checkpoint actions: [TableAction]) throws(TableLogError) {
    for action in actions { reconcile(action) }
    guard tableProtocol != nil else { throw .malformed(.missing(action: "protocol")) }
    guard metadata != nil else { throw .malformed(.missing(action: "metaData")) }
    self.version = version
  }

  // MARK: Files

  /// The files of the table, sorted by path.
  package var files: [AddFile] {
    added.keys.sorted().compactMap { added[$0] }
  }

  /// The number of files of the table.
  package var fileCount: Int { added.count }

  /// The files with these partition values, sorted by path.
  package func files(where values: [String: String]) -> [AddFile] {
    files.filter { file in values.allSatisfy { file.partitionValues[$0.key] == .some($0.value) } }
  }

  /// The file with this path, however the path is encoded; nil if the table has none.
  package func file(at path: String) -> AddFile? {
    TablePath.canonical(path).flatMap { added[$0] }
  }

  // MARK: Checkpoints

  /// Drop the removed files whose retention has ended. VACUUM of another program deletes files that the log does not have.
  ///
  /// A table with the property `delta.deletedFileRetentionDuration` keeps them all, since its values are intervals in SQL.
  ///
  /// - Parameter time: milliseconds since 1970-01-01T00:00:00Z.
  package mutating func expireTombstones(at time: Int) {
    guard metadata?.configuration["delta.deletedFileRetentionDuration"] == nil else { return }
    removed = removed.filter { ($0.value.deletionTimestamp ?? 0) > time - TableSnapshot.tombstoneRetention }
  }

  /// The actions of a checkpoint: `protocol`, `metaData`, `txn` by application, `add` by path, `remove` by path.
  package var actions: [TableAction] {
    var actions: [TableAction] = []
    if let tableProtocol { actions.append(.protocol(tableProtocol)) }
    if let metadata { actions.append(.metadata(metadata)) }
    actions += transactions.values.sorted { $0.appId.precedes($1.appId) }.map { .transaction($0) }
    actions += files.map { .add($0) }
    actions += removed.keys.sorted().compactMap { removed[$0].map { .remove($0) } }
    return actions
  }

  // MARK: Folding

  private func checkFirst(_ next: TableVersion) throws(TableLogError) {
    guard version == -1 else { return }
    for name in ["protocol", "metaData"] where !next.actions.contains(where: { $0.name == name }) {
      throw .malformed(.missing(action: name))
    }
  }

  private mutating func reconcile(_ action: TableAction) {
    switch action {
    case .commitInfo: break
    case .protocol(let new): tableProtocol = new
    case .metadata(let new): metadata = new
    case .transaction(let new): transactions[new.appId] = new
    case .remove(let file):
      let key = TablePath.canonical(file.path) ?? file.path
      added[key] = nil
      removed[key] = RemoveFile(
        path: file.path, deletionTimestamp: file.deletionTimestamp, dataChange: false)
    case .add(var file):
      let key = TablePath.canonical(file.path) ?? file.path
      file.dataChange = false
      removed[key] = nil
      added[key] = file
    }
  }
}
