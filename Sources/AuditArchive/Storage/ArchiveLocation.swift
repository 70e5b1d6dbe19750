package import AuditRecord

/// The value of `--archive`.
package struct ArchiveLocation: Hashable, Sendable {
  /// The path of a folder, absolute or from the working directory.
  package let text: String

  package init(folder: String) { text = folder }

  /// The storage of a log there. Reads and creates nothing.
  package func storage(of log: LogName) -> any ArchiveStorage {
    LocalStorage(root: text, paths: ArchivePaths(log))
  }
}

extension ArchiveLocation: CustomStringConvertible {
  package var description: String { text }
}
