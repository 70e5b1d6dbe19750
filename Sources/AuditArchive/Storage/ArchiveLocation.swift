package import AuditRecord

/// Where an archive is kept, as it is given with `--archive`.
package struct ArchiveLocation: Hashable, Sendable {
  /// The path of a folder, absolute or from the working directory.
  package let text: String

  package init(folder: String) { text = folder }

  /// The store of a log's files there. Nothing is read or made yet.
  package func storage(of log: LogName) -> any ArchiveStorage {
    LocalStorage(root: text, paths: ArchivePaths(log))
  }
}

extension ArchiveLocation: CustomStringConvertible {
  package var description: String { text }
}
