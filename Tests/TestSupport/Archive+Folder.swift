package import AuditArchive
package import AuditRecord

extension Archive {
  /// The archive of a log in a folder.
  package init(at folder: String, log: LogName, fileSystem: any FileSystem = PosixFileSystem()) {
    self.init(in: LocalStorage(root: folder, paths: ArchivePaths(log), fileSystem: fileSystem))
  }
}
