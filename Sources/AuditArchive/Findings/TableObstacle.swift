import AuditRecord

/// Why a run cannot append to the archive's Delta Lake table. The commits, the manifest and the parts are not affected.
///
/// A run with an obstacle still commits. It keeps the Parquet parts that its commits replace, because the table still
/// names them. The first run without an obstacle appends the missing versions and deletes these parts.
package struct TableObstacle: Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// The file is missing or damaged, or needs what this program does not support.
    case unreadable(String)
    /// Another program wrote this version, which adds or removes files. Both names are from its `commitInfo`.
    case foreignFiles(engine: String?, operation: String?)
    /// The storage cannot create a version without the risk of overwriting that of another log.
    case unsupported(StorageError)
  }

  /// The folder of the table's log, relative to the archive.
  package static var folder: String { ArchivePaths.tableLog }

  /// The path of the version, relative to the archive.
  package var path: String
  package var reason: Reason

  init(_ reason: Reason, at path: String) {
    self.path = path
    self.reason = reason
  }
}

extension TableObstacle: CustomStringConvertible {
  /// `parquet/_delta_log/00000000000000000007.json cannot be read: it is not JSON`
  package var description: String {
    switch reason {
    case .unreadable(let why): "\(path) cannot be read: \(why)"
    case .foreignFiles(let engine, let operation):
      """
      \(path) adds or removes files of the table, but is not of this tool: its program is \(quoted(engine ?? "unknown")), its \
      operation \(quoted(operation ?? "unknown"))
      """
    case .unsupported(let error): "\(error)"
    }
  }
}
