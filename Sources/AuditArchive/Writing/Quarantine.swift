import AuditRecord

/// Stages records that could not be read, each of them once.
struct Quarantine {
  let storage: any ArchiveStorage
  /// The hashes of the records that are stored; nil until the files were read.
  private var known: Set<String>?

  init(storage: any ArchiveStorage) {
    self.storage = storage
  }

  /// Writes and seals the records that are not stored yet; nil when all are.
  ///
  /// `present`: the files that the state names.
  mutating func stage(
    _ records: [QuarantinedRecord], commit: Int, present: [QuarantineFile], paths: ArchivePaths
  ) throws(ArchiveError) -> (file: QuarantineFile, spool: Spool)? {
    guard !records.isEmpty else { return nil }
    var known: Set<String>
    if let read = self.known { known = read } else { known = try identities(in: present) }
    var lines: [UInt8] = []
    var count = 0
    for record in records {
      let sha256 = sha256Hex(record.json)
      guard known.insert(sha256).inserted else { continue }
      QuarantineLine.append(record, sha256: sha256, to: &lines)
      count += 1
    }
    self.known = known  // true once the commit has succeeded; when it fails, the writer commits no more
    guard count > 0 else { return nil }
    let sha256 = sha256Hex(lines)
    let name = QuarantineName(commit: commit, hash: ArchivePaths.shortHash(sha256))
    let spool = try stored(storage.spool())
    try stored(storage.append(lines, to: spool))
    try stored(storage.seal(spool))
    return (
      QuarantineFile(path: paths.quarantine(name), records: count, bytes: lines.count, sha256: sha256), spool
    )
  }

  private func identities(in files: [QuarantineFile]) throws(ArchiveError) -> Set<String> {
    var known: Set<String> = []
    // The records of a file that is not as it was sealed are stored anew when they come again.
    for file in files where try storage.damage(to: file) == nil {
      known.formUnion(QuarantineLine.identities(in: try stored(storage.read(file.path)) ?? []))
    }
    return known
  }
}
