import AuditRecord

/// Finds out what a log's archive holds, and puts right what a crashed run left.
struct Opening {
  let storage: any ArchiveStorage
  let paths: ArchivePaths

  // MARK: Refusals, before anything is touched

  func checkKind() throws(ArchiveError) {
    try stored(storage.checkPlace())
    let asked = ArchiveKind(of: paths.log)
    guard let bytes = try read(ArchivePaths.kind) else { return }
    let found = try ArchiveJSON.decode(ArchiveKindRecord.self, from: bytes, path: ArchivePaths.kind).logs
    guard found == asked else { throw .otherKind(found: found, asked: asked) }
  }

  /// Recovery deletes what no state names. An archive whose state was taken away would lose everything that way.
  ///
  /// A first run that died, or is at work, has said in `Beginning` what it puts in its place.
  func checkStateIsThere() throws(ArchiveError) {
    guard try !hasState() else { return }
    let files = try parts() + stored(storage.list(paths.quarantine))
    let ours = Set(files.map(\.path).filter { paths.partName($0) != nil || paths.quarantineName($0) != nil })
    let unexplained = ours.subtracting(try beginning())
    // Another run may have made the first commit between two of these looks.
    guard let example = unexplained.min(), try !hasState() else { return }
    throw .stateMissing(example: example)
  }

  private func hasState() throws(ArchiveError) -> Bool {
    if try read(paths.manifest) != nil { return true }
    return try !commitNumbers().isEmpty
  }

  /// What a first run that has not committed has put, or was about to put, in its place.
  private func beginning() throws(ArchiveError) -> Set<String> {
    guard let bytes = try read(paths.beginning) else { return [] }
    return Set(try ArchiveJSON.decode(Beginning.self, from: bytes, path: paths.beginning).files)
  }

  // MARK: State

  /// The manifest, and every commit after it applied in order.
  func state() throws(ArchiveError) -> (manifest: Manifest?, rolledForward: [Int]) {
    var manifest: Manifest?
    if let bytes = try read(paths.manifest) {
      let onDisk = try ArchiveJSON.decode(Manifest.self, from: bytes, path: paths.manifest)
      try spelled(paths.manifest) { () throws(ArchiveError) in
        try StateCheck(paths: paths, path: paths.manifest).check(onDisk)
      }
      manifest = onDisk
    }
    let later = try commitNumbers().filter { $0 > manifest?.commit ?? 0 }
    for number in later {
      let next = (manifest?.commit ?? 0) + 1
      guard number == next, let record = try commit(number) else {
        throw .brokenChain(path: paths.commit(next), why: "the record is missing")
      }
      manifest = try Manifest(applying: record.commit, sha256: record.sha256, to: manifest)
    }
    return (manifest, later)
  }

  /// The numbers of all commit records, in order.
  func commitNumbers() throws(ArchiveError) -> [Int] {
    try stored(storage.list(paths.commits)).compactMap { paths.commitNumber($0.path) }.sorted()
  }

  /// nil when there is no such record.
  func commit(_ number: Int) throws(ArchiveError) -> (commit: Commit, sha256: String)? {
    let path = paths.commit(number)
    guard let bytes = try read(path) else { return nil }
    let commit = try ArchiveJSON.decode(Commit.self, from: bytes, path: path)
    try spelled(path) { () throws(ArchiveError) in try StateCheck(paths: paths, path: path).check(commit) }
    return (commit, sha256Hex(bytes))
  }

  /// Tells a name that the disk alone takes for another from a file that says the wrong one.
  private func spelled(_ path: String, _ check: () throws(ArchiveError) -> Void) throws(ArchiveError) {
    do throws(ArchiveError) {
      try check()
    } catch {
      guard case .otherSpelling(let found, let asked) = error, try stored(storage.isSpelledSo(paths.state))
      else { throw error }
      throw .unreadable(path: path, why: "it is of \(found), not of \(asked)")
    }
  }

  // MARK: For a writer

  func lock(_ holder: LockHolder) throws(ArchiveError) -> StorageLock {
    if let lock = try stored(storage.lock(paths.lock, note: holder.note)) {
      return lock
    }
    throw .locked(try read(paths.lock).flatMap(LockHolder.init(note:)))
  }

  /// Drops what is still staged and lets go of the lock. Where the lock was taken away, another run may be staging beside this
  /// one.
  func close(_ lock: StorageLock) {
    if isHeld(lock) { _ = storage.discardSpools() } else { storage.discardOwnSpools() }
    storage.unlock(lock)
  }

  private func isHeld(_ lock: StorageLock) -> Bool {
    do {
      return try storage.isHeld(lock)
    } catch {
      return false  // nobody can tell, and the next run drops what stays
    }
  }

  /// Rolls forward, deletes leftovers, finds damage. The log's lock is held.
  func recover(source: ArchiveSource) throws(ArchiveError) -> (Manifest?, RecoveryReport) {
    let (manifest, rolledForward) = try state()
    if let manifest, manifest.source != source { throw .otherSource(found: manifest.source, asked: source) }

    var report = RecoveryReport()
    report.rolledForward = rolledForward
    // First: an archive with links inside is refused as it stands.
    let files = try files(of: manifest)
    let staged = storage.discardSpools()
    if let manifest, !rolledForward.isEmpty {
      try stored(storage.secure(paths.commit(manifest.commit)))
      try stored(storage.replace(paths.manifest, ArchiveJSON.encode(manifest)))
    }
    let recovery = Recovery(
      paths: paths, state: manifest, beginning: try beginning(), files: files)
    let leftovers = recovery.leftovers.filter { !isNeeded($0, in: recovery) }
    // A revision that was never committed gives its number to the next one, so it has to go. One that was replaced is known
    // as such for ever: it can wait.
    let replaced = Set(leftovers.filter { $0.reason == .superseded }.map(\.path))
    try stored(storage.delete(leftovers.map(\.path).filter { !replaced.contains($0) }))
    let kept = replaced.subtracting(storage.tidy(replaced.sorted()))
    // Last: without it nobody knows any more what was left over.
    if manifest == nil { try stored(endBeginning()) } else { tidyBeginning() }
    let signatures = try signaturesWithoutCommit(after: manifest?.commit ?? 0)
    try stored(storage.delete(signatures))
    report.deleted =
      staged.map { Leftover(path: $0, reason: .staging) }
      + leftovers.filter { !kept.contains($0.path) }
      + signatures.map { Leftover(path: $0, reason: .neverCommitted) }
    if let manifest { report.damaged = try damage(in: manifest, recovery.damaged) }
    if manifest != nil { try fixKind() }
    report.lacksDurableNames = storage.lacksDurableNames
    return (manifest, report)
  }

  /// Whether it may be the last copy of a day: what replaced it is not there as it was sealed.
  private func isNeeded(_ leftover: Leftover, in recovery: Recovery) -> Bool {
    guard leftover.reason == .superseded, let day = paths.partName(leftover.path)?.day else { return false }
    return recovery.damaged.contains { $0.day == day }
  }

  /// Lays down, before the first commit puts anything in its place, what kind the archive is and what comes there.
  func begin(_ files: [String]) throws(ArchiveError) {
    try fixKind()
    guard !files.isEmpty else { return }
    try stored(storage.replace(paths.beginning, ArchiveJSON.encode(Beginning(files: files))))
  }

  private func endBeginning() throws(StorageError) {
    if try storage.size(paths.beginning) != nil { try storage.delete([paths.beginning]) }
  }

  /// Once there is a commit, nothing is asked of it any more.
  func tidyBeginning() {
    do {
      guard try storage.size(paths.beginning) != nil else { return }
    } catch {
      // What cannot be looked at cannot be deleted either, and that is reported.
    }
    storage.tidy([paths.beginning])
  }

  /// The files that a state names and that are not as they were sealed, as far as sizes tell.
  func damage(in manifest: Manifest) throws(ArchiveError) -> [DamagedFile] {
    let files = try files(of: manifest)
    return try damage(
      in: manifest, Recovery(paths: paths, state: manifest, beginning: [], files: files).damaged)
  }

  private func damage(
    in manifest: Manifest, _ found: [DamagedFile]
  ) throws(ArchiveError) -> [DamagedFile] {
    var damaged = found
    for index in damaged.indices {
      guard let name = paths.quarantineName(damaged[index].path) else { continue }
      damaged[index].window = runWindow(name.commit)
    }
    if let record = try damagedRecord(manifest) { damaged.append(record) }
    return damaged
  }

  /// What the run of a commit was after; nil when its record does not tell.
  func runWindow(_ number: Int) -> Window? {
    do {
      return try commit(number)?.commit.run.window
    } catch {
      // A damaged record of long ago keeps nobody from opening the archive; `verify` tells it.
      return nil
    }
  }

  /// Of a run that died after it had signed and before it could commit. The next commit of that number is another, and may
  /// be unsigned.
  private func signaturesWithoutCommit(after commit: Int) throws(ArchiveError) -> [String] {
    try stored(storage.list(paths.commits)).filter { $0.kind == .file }.map(\.path)
      .filter { paths.signatureNumber($0).map { $0 > commit } ?? false }.sorted()
  }

  private func parts() throws(ArchiveError) -> [StoredFile] {
    var files: [StoredFile] = []
    for format in PartFormat.allCases {
      files += try stored(storage.list(paths.days(format)))
    }
    return files
  }

  /// What stands in the log's folders. Throws when a file that the state names is a symbolic link, or lies behind one.
  private func files(of manifest: Manifest?) throws(ArchiveError) -> [StoredFile] {
    var files = try parts() + stored(storage.list(paths.quarantine))
    let listed = Set(files.map(\.path))
    let links = Set(files.filter { $0.kind == .symbolicLink }.map(\.path))
    let named =
      (manifest?.partitions ?? []).flatMap { $0.files.map(\.path) } + (manifest?.quarantine ?? []).map(\.path)
    for path in named where !listed.contains(path) {
      if let entry = try stored(storage.entry(path)) { files.append(entry) }
    }
    for path in named where links.contains(path) { _ = try stored(storage.size(path)) }
    return files
  }

  /// The last commit record has to be the one that the manifest was made with.
  private func damagedRecord(_ manifest: Manifest) throws(ArchiveError) -> DamagedFile? {
    let path = paths.commit(manifest.commit)
    guard let bytes = try read(path) else { return DamagedFile(path: path, day: nil, damage: .missing) }
    let found = sha256Hex(bytes)
    guard found != manifest.commitSHA256 else { return nil }
    return DamagedFile(path: path, day: nil, damage: .altered(expected: manifest.commitSHA256, found: found))
  }

  /// The first commit fixes the kind. Another log's may have done so since this one was opened, or at this moment, and
  /// differently.
  private func fixKind() throws(ArchiveError) {
    guard try read(ArchivePaths.kind) == nil else { return try checkKind() }
    do {
      let record = ArchiveKindRecord(logs: ArchiveKind(of: paths.log))
      try storage.create(ArchivePaths.kind, ArchiveJSON.encode(record))
    } catch let error where error.reason == .exists {
      try checkKind()
    } catch {
      throw .storage(error)
    }
  }

  private func read(_ path: String) throws(ArchiveError) -> [UInt8]? {
    try stored(storage.read(path))
  }
}
