package import AuditRecord

extension Archive {
  /// The rows of a day as a manifest names them. Takes no lock and writes nothing.
  ///
  /// A run that commits meanwhile deletes what it has replaced: then the reader throws `.damaged`, a newer manifest has
  /// another revision of the day, and that is the one to read.
  package static func reader(
    of partition: Partition, at directory: String, log: LogName,
    fileSystem: any FileSystem = PosixFileSystem()
  ) -> DayReader {
    let storage = LocalStorage(root: directory, paths: ArchivePaths(log), fileSystem: fileSystem)
    return DayReader(partition, storage: storage)
  }
}
