package import AuditRecord

extension Archive {
  /// The newest commit whose run had all that it was after; nil when there is none, or no archive.
  ///
  /// Commits of runs that stopped, and those that a run made on its way, are passed over. Writes nothing, takes no lock.
  package static func lastCompleteCommit(
    at directory: String, log: LogName, fileSystem: any FileSystem = PosixFileSystem()
  ) throws(ArchiveError) -> Commit? {
    let opening = Opening(directory, log, fileSystem)
    try opening.checkKind()
    for number in try opening.commitNumbers().reversed() {
      if let record = try opening.commit(number), record.commit.run.complete { return record.commit }
    }
    return nil
  }
}
