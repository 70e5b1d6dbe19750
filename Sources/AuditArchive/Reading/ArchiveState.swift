import AuditRecord

/// Reads the committed state of a log.
///
/// The chain of commits is the truth, and the manifest a projection of it. If the manifest cannot be used, the commits are added up.
struct ArchiveState {
  let storage: any ArchiveStorage
  var paths: ArchivePaths { storage.paths }

  init(_ storage: any ArchiveStorage) { self.storage = storage }

  // MARK: Refusals

  /// Throws `.otherKind` if the archive holds the other kind of logs.
  func checkKind() async throws(ArchiveError) {
    try await stored(await storage.checkPlace())
    let asked = ArchiveKind(of: paths.log)
    guard let found = try await kind()?.record.logs, found != asked else { return }
    throw .otherKind(found: found, asked: asked)
  }

  /// The kind of the archive; nil before the first commit of its first log.
  func kind() async throws(ArchiveError) -> (record: ArchiveKindRecord, state: FileState)? {
    guard let file = try await stored(await storage.read(ArchivePaths.kind)) else { return nil }
    let record = try ArchiveJSON.decode(ArchiveKindRecord.self, from: file.bytes, path: ArchivePaths.kind)
    return (record, file.state)
  }

  /// The table that the archive is; nil if it is none.
  func table() async throws(ArchiveError) -> ArchiveTable? {
    guard let record = try await kind()?.record, let table = record.table else { return nil }
    return ArchiveTable(id: table.id, logs: record.logs)
  }

  /// Whether there is a state. Throws `.stateMissing` if there are data files without one, unless the intent of a first run, which is
  /// running or was killed, names them.
  func checkStateIsThere() async throws(ArchiveError) -> Bool {
    if try await hasState() { return true }
    let files = try await dataFiles()
    let ours = Set(files.map(\.path).filter { paths.partName($0) != nil || paths.quarantineName($0) != nil })
    if ours.isEmpty { return false }
    let unexplained = ours.subtracting(try await intent()?.files ?? [])
    guard let example = unexplained.min() else { return false }
    // Another run may have made the first commit meanwhile.
    if try await hasState() { return true }
    throw .stateMissing(example: example)
  }

  /// Lists the commits only if there is neither a manifest nor the first commit.
  func hasState() async throws(ArchiveError) -> Bool {
    for path in [paths.manifest, paths.commit(1)] {
      if try await stored(await storage.size(path)) != nil { return true }
    }
    return try await !commitNumbers().isEmpty
  }

  /// The intent of a running or killed run.
  func intent() async throws(ArchiveError) -> CommitIntent? {
    for path in storage.isLocal ? [paths.intent, paths.beginning] : [paths.intent] {
      if let bytes = try await read(path) {
        return try ArchiveJSON.decode(CommitIntent.self, from: bytes, path: path)
      }
    }
    return nil
  }

  // MARK: State

  /// The newest committed state.
  struct Committed {
    /// nil before the first commit.
    var manifest: Manifest?
    /// The state in the manifest's file, before later commits; nil if it was not used.
    var base: Manifest?
    /// The version of the manifest's file that was read.
    var manifestFile = FileState.absent
    /// The newest commit; nil if its record is missing or altered, which `damage` reports.
    var newest: Commit?
    /// Commits that the manifest on disk does not have, in order.
    var rolledForward: [Commit] = []
    /// Why the manifest on disk was not used; nil if it was, or if there is none.
    var rebuilt: Finding?
  }

  /// Reads the manifest, checks it, and applies every later commit. If the manifest cannot be read or breaks a rule, adds up all
  /// commits instead.
  ///
  /// Reads the manifest, the record of its commit and one record for each later commit; all records only in the second case.
  func committed() async throws(ArchiveError) -> Committed {
    var state = Committed()
    let file = try await stored(await storage.read(paths.manifest))
    state.manifestFile = file?.state ?? .absent
    do throws(ArchiveError) {
      if let bytes = file?.bytes { (state.manifest, state.newest) = try await manifest(bytes) }
    } catch .damaged(let finding) {
      let numbers = try await commitNumbers()
      guard let newest = numbers.last else { throw .damaged(finding) }
      state.rebuilt = finding
      for number in 1...max(1, newest) {
        guard let record = try await commit(number) else { throw absent(number) }
        try await apply(record, number, to: &state.manifest)
        state.newest = record.commit
      }
      return state
    }
    // The manifest stands for all records up to its own.
    state.base = state.manifest
    while true {
      let number = (state.manifest?.commit ?? 0) + 1
      guard let record = try await commit(number) else {
        guard try await stored(await storage.size(paths.commit(number + 1))) == nil else {
          throw absent(number)
        }
        return state
      }
      try await apply(record, number, to: &state.manifest)
      state.rolledForward.append(record.commit)
      state.newest = record.commit
    }
  }

  /// The manifest, and the record of its commit if that is the one. Throws `.damaged` for a manifest that cannot be used.
  private func manifest(_ bytes: [UInt8]) async throws(ArchiveError) -> (Manifest, newest: Commit?) {
    let manifest = try ArchiveJSON.decode(Manifest.self, from: bytes, path: paths.manifest)
    try await checkSpelling(of: manifest.source.log)
    if let violation = CommitRules(paths: paths).violations(of: manifest).first { throw .damaged(violation) }
    // `damage` reports a record that is missing or altered.
    guard let bytes = try await read(paths.commit(manifest.commit)), sha256Hex(bytes) == manifest.commitSHA256
    else {
      return (manifest, nil)
    }
    let commit = try ArchiveJSON.decode(Commit.self, from: bytes, path: paths.commit(manifest.commit))
    if let difference = difference(of: manifest, from: commit) { throw .damaged(difference) }
    return (manifest, commit)
  }

  /// Compares the manifest with the record of its own commit. nil if they agree.
  private func difference(of manifest: Manifest, from commit: Commit) -> Finding? {
    func differs(_ member: String, _ day: Day? = nil) -> Finding {
      let problem = Finding.Problem.wrongManifest(
        member: member, expected: "the value in its commit record", found: "another value")
      return Finding(problem, at: paths.manifest, day: day, commit: manifest.commit)
    }
    if commit.standing != manifest.standing { return differs("the standing") }
    for partition in commit.partitionsChanged where manifest.partition(partition.eventDate) != partition {
      return differs("partitions", partition.eventDate)
    }
    return nil
  }

  func absent(_ number: Int) -> ArchiveError {
    .damaged(Finding(.brokenChain(.absent(upTo: number)), at: paths.commit(number), commit: number))
  }

  private func apply(
    _ record: (commit: Commit, sha256: String), _ number: Int, to state: inout Manifest?
  ) async throws(ArchiveError) {
    let rules = await rules(for: record.commit)
    let broken = rules.brokenLinks(of: record.commit, number: number, after: state)
    let violations = broken + rules.violations(of: record.commit, number: number, after: state)
    if let first = violations.first { throw .damaged(first) }
    state.apply(record.commit, sha256: record.sha256)
  }

  /// Throws `.otherSpelling` if a case-insensitive disk returned the file of another log.
  private func checkSpelling(of found: LogName) async throws(ArchiveError) {
    guard found.isOtherSpelling(of: paths.log) else { return }
    if try await stored(await storage.isSpelledSo(paths.state)) { return }
    throw .otherSpelling(found: found, asked: paths.log)
  }

  // MARK: Commits

  /// The numbers of all commit records, in order. Lists the folder.
  func commitNumbers() async throws(ArchiveError) -> [Int] {
    try await stored(await storage.list(paths.commits)).compactMap { paths.commitNumber($0.path) }.sorted()
  }

  /// nil if there is no such record.
  func commit(_ number: Int) async throws(ArchiveError) -> (commit: Commit, sha256: String)? {
    let path = paths.commit(number)
    guard let bytes = try await read(path) else { return nil }
    let commit = try ArchiveJSON.decode(Commit.self, from: bytes, path: path)
    try await checkSpelling(of: commit.source.log)
    return (commit, sha256Hex(bytes))
  }

  /// The rules for a commit, with the windows of the runs whose quarantine it gives up.
  func rules(for commit: Commit) async -> CommitRules {
    var rules = CommitRules(paths: paths)
    for number in commit.filesRemoved.compactMap({ paths.quarantineName($0)?.commit }) {
      rules.windows[number] = await runWindow(number)
    }
    return rules
  }

  /// The window of the run of a commit; nil if the record does not have one or cannot be read.
  func runWindow(_ number: Int) async -> Window? {
    do {
      return try await commit(number)?.commit.run.window
    } catch {
      // A damaged old record does not prevent reading the state; `verify` reports it.
      return nil
    }
  }

  // MARK: Damage

  /// The files of a state that are missing or have another size, and the last record if it is not the one of the manifest.
  ///
  /// Lists the log's folders, which is cheaper than inspecting each file.
  func damage(in manifest: Manifest) async throws(ArchiveError) -> [Finding] {
    let formats = Set(manifest.partitions.lazy.flatMap(\.formats))
    let listed = Dictionary(
      try await dataFiles(formats, withQuarantine: !manifest.quarantine.isEmpty).map { ($0.path, $0) },
      uniquingKeysWith: { first, _ in first })
    var found: [Finding] = []
    for partition in manifest.partitions {
      for file in partition.files {
        guard let problem = try await problem(of: file, rows: file.rows, listed[file.path]) else { continue }
        found.append(
          Finding(problem, at: file.path, day: partition.eventDate, commit: partition.changedInCommit))
      }
    }
    for file in manifest.quarantine {
      guard let problem = try await problem(of: file, rows: nil, listed[file.path]) else { continue }
      let commit = paths.quarantineName(file.path)?.commit
      var window: Window?
      if let commit { window = await runWindow(commit) }
      found.append(Finding(problem, at: file.path, commit: commit, window: window))
    }
    if let record = try await damagedRecord(manifest) { found.append(record) }
    return found
  }

  private func problem(
    of file: some SealedFile, rows: Int?, _ listed: StoredFile?
  ) async throws(ArchiveError) -> Finding.Problem? {
    // An archive with links inside is refused: both calls throw for a link at or on the way to the file.
    guard let listed else {
      let entry = try await stored(await storage.entry(file.path))
      return Finding.Problem(of: entry, bytes: file.bytes, rows: rows)
    }
    if listed.kind == .symbolicLink { _ = try await stored(await storage.size(file.path)) }
    return Finding.Problem(of: listed, bytes: file.bytes, rows: rows)
  }

  private func damagedRecord(_ manifest: Manifest) async throws(ArchiveError) -> Finding? {
    let path = paths.commit(manifest.commit)
    var reason = Finding.Problem.Break.absent(upTo: manifest.commit)
    if let bytes = try await read(path) {
      let found = sha256Hex(bytes)
      if found == manifest.commitSHA256 { return nil }
      reason = .altered(expected: manifest.commitSHA256, found: found)
    }
    return Finding(.brokenChain(reason), at: path, commit: manifest.commit)
  }

  // MARK: Files

  /// The files in the folders of parts and of quarantine.
  private func dataFiles(
    _ formats: Set<PartFormat> = Set(PartFormat.allCases), withQuarantine: Bool = true
  ) async throws(ArchiveError) -> [StoredFile] {
    var files: [StoredFile] = []
    let folders = PartFormat.allCases.filter(formats.contains).map { paths.days($0) }
    for folder in folders + (withQuarantine ? [paths.quarantine] : []) {
      files += try await stored(await storage.list(folder))
    }
    return files
  }

  /// The present version of a state file.
  func fileState(_ path: String) async throws(ArchiveError) -> FileState {
    try await stored(await storage.read(path))?.state ?? .absent
  }

  func read(_ path: String) async throws(ArchiveError) -> [UInt8]? {
    try await stored(await storage.read(path))?.bytes
  }
}
