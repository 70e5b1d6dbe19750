package import AuditRecord

/// Where an archive is: the value of `--archive`.
package struct ArchiveLocation: Hashable, Sendable {
  /// The path of a folder, absolute or from the working directory.
  package let text: String

  package init(folder: String) { text = folder }

  /// The storage of a log there. Reads and creates nothing.
  package func storage(of log: LogName) -> any ArchiveStorage {
    LocalStorage(root: text, paths: ArchivePaths(log))
  }

  private static let schemes: Set = [
    "s3", "s3a", "s3n", "gs", "gcs", "az", "azure", "abfs", "abfss", "wasb", "wasbs", "r2", "oss", "minio",
    "file", "http", "https", "ftp", "ftps", "sftp", "ssh", "hdfs", "webdav", "dav", "smb", "nfs",
  ]

  /// `s3` of `s3://bucket/audit`, and of `s3:/bucket/audit`, where a slash was lost; nil: the text is a path.
  package static func scheme(of text: String) -> String? {
    guard let match = text.prefixMatch(of: #/([A-Za-z][A-Za-z0-9+.\-]*):(//)?/#) else { return nil }
    let scheme = String(match.output.1)
    return match.output.2 != nil || schemes.contains(scheme.lowercased()) ? scheme : nil
  }
}

extension ArchiveLocation: CustomStringConvertible {
  package var description: String { text }
}
