import AuditRecord

/// Reads what a log's archive holds. The chain of commits is the truth, and the manifest a projection of it: where the manifest cannot
/// be used, the commits tell the state.
struct Opening {
  let storage: any ArchiveStorage
  var paths: ArchivePaths { storage.paths }

  init(_ storage: any ArchiveStorage) { self.storage = storage }

  /// The rules for a commit, with what they need to know of the runs whose quarantine it gives up.
  func rules(for commit: Commit) async -> CommitRules {
    var rules = CommitRules(paths: paths)
    for number in commit.filesRemoved.compactMap({ paths.quarantineName($0)?.commit }) {
      rules.windows[number] = await runWindow(number)
    }
    return rules
  }

  // MARK: Refusals, before anything is touched

  func checkKind() async throws(ArchiveError) {
    try await stored(await storage.checkPlace())
    let asked = ArchiveKind(of: paths.log)
    guard let bytes = try await read(ArchivePaths.kind) else { return }
    let found = try ArchiveJSON.decode(ArchiveKindRecord.self, from: bytes, path: ArchivePaths.kind).logs
    guard found == asked else { throw .otherKind(found: found, asked: asked) }
  }

  /// An archive whose state was taken away is not a new one.
  ///
  /// A first run that died, or is at work, has said in its intent what it puts in its place. Returns whether there is a state.
  @discardableResult
  func checkStateIsThere() async throws(ArchiveError) -> Bool {
    if try await hasState() { return true }
    let files = try await parts() + stored(await storage.list(paths.quarantine))
    let ours = Set(files.map(\.path).filter { paths.partName($0) != nil || paths.quarantineName($0) != nil })
    if ours.isEmpty { return false }
    let unexplained = ours.subtracting(try await intent()?.files ?? [])
    guard let example = unexplained.min() else { return false }
    // Another run may have made the first commit between two of these looks.
    if try await hasState() { return true }
    throw .stateMissing(example: example)
  }

  /// Lists the commits only where there is neither a manifest nor the first of them.
  private func hasState() async throws(ArchiveError) -> Bool {
    for path in [paths.manifest, paths.commit(1)] {
      if try await stored(await storage.size(path)) != nil { return true }
    }
    return try await !commitNumbers().isEmpty
  }

  /// What a run that is at work, or was killed, has put or was about to put in its place.
  func intent() async throws(ArchiveError) -> Intent? {
    for path in [paths.intent, paths.beginning] {
      if let bytes = try await read(path) {
        return try ArchiveJSON.decode(Intent.self, from: bytes, path: path)
      }
    }
    return nil
  }

  /// A file of the state as it is now, whatever it says.
  func fileState(_ path: String) async throws(ArchiveError) -> FileState {
    try await stored(await storage.read(path))?.state ?? .absent
  }

  // MARK: State

  /// The newest state that is committed.
  struct State {
    /// nil before the first commit.
    var manifest: Manifest?
    /// The manifest's file as it was read.
    var manifestFile = FileState.absent
    /// Commits that the manifest on disk does not have, in order.
    var rolledForward: [Commit] = []
    /// Why the manifest on disk was not used; nil where it was, or where there is nothing.
    var rebuilt: Finding?
  }

  /// The manifest, and every commit after it applied in order; or the sum of all commits, where the manifest cannot be read or says
  /// what cannot be.
  ///
  /// Reads the manifest, the record of its commit, and one record for each commit after it; all records only where the manifest
  /// cannot be used.
  func state() async throws(ArchiveError) -> State {
    var state = State()
    let file = try await stored(await storage.read(paths.manifest))
    state.manifestFile = file?.state ?? .absent
    do throws(ArchiveError) {
      if let bytes = file?.bytes { state.manifest = try await manifest(bytes) }
    } catch .damaged(let finding) {
      let numbers = try await commitNumbers()
      // Nothing else tells the state.
      if numbers.isEmpty { throw .damaged(finding) }
      state.rebuilt = finding
      try await addUp(numbers, to: &state)
      return state
    }
    try await rollForward(&state)
    return state
  }

  /// The manifest of these bytes. Throws `.damaged` for one that cannot be used.
  private func manifest(_ bytes: [UInt8]) async throws(ArchiveError) -> Manifest {
    let manifest = try ArchiveJSON.decode(Manifest.self, from: bytes, path: paths.manifest)
    try await checkSpelling(of: manifest.source.log)
    if let violation = CommitRules(paths: paths).violations(of: manifest).first { throw .damaged(violation) }
    if let difference = try await difference(from: manifest) { throw .damaged(difference) }
    return manifest
  }

  /// Compares the manifest with the record of its own commit; nil where they agree, and where that record is missing or altered, which
  /// `damage` reports.
  private func difference(from manifest: Manifest) async throws(ArchiveError) -> Finding? {
    guard let bytes = try await read(paths.commit(manifest.commit)), sha256Hex(bytes) == manifest.commitSHA256
    else {
      return nil
    }
    let commit = try ArchiveJSON.decode(Commit.self, from: bytes, path: paths.commit(manifest.commit))
    func differs(_ member: String, _ day: Day? = nil) -> Finding {
      let flaw = Flaw.wrongManifest(
        member: member, expected: "the value in its commit record", found: "another value")
      return Finding(flaw, at: paths.manifest, day: day, commit: manifest.commit)
    }
    if commit.standing != manifest.standing { return differs("the state") }
    for partition in commit.partitionsChanged where manifest.partition(partition.eventDate) != partition {
      return differs("partitions", partition.eventDate)
    }
    return nil
  }

  /// Applies the records after the manifest's commit. Earlier records are not read: the manifest stands for them.
  private func rollForward(_ state: inout State) async throws(ArchiveError) {
    while true {
      let number = (state.manifest?.commit ?? 0) + 1
      guard let record = try await commit(number) else {
        guard try await stored(await storage.size(paths.commit(number + 1))) == nil else {
          throw .damaged(
            Finding(.brokenChain(.absent(upTo: number)), at: paths.commit(number), commit: number))
        }
        return
      }
      try await apply(record, number, to: &state.manifest)
      state.rolledForward.append(record.commit)
    }
  }

  private func addUp(_ numbers: [Int], to state: inout State) async throws(ArchiveError) {
    for number in 1...max(1, numbers.last ?? 1) {
      guard let record = try await commit(number) else {
        throw .damaged(Finding(.brokenChain(.absent(upTo: number)), at: paths.commit(number), commit: number))
      }
      try await apply(record, number, to: &state.manifest)
    }
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

  /// The numbers of all commit records, in order. Lists all of them.
  func commitNumbers() async throws(ArchiveError) -> [Int] {
    try await stored(await storage.list(paths.commits)).compactMap { paths.commitNumber($0.path) }.sorted()
  }

  /// nil when there is no such record.
  func commit(_ number: Int) async throws(ArchiveError) -> (commit: Commit, sha256: String)? {
    let path = paths.commit(number)
    guard let bytes = try await read(path) else { return nil }
    let commit = try ArchiveJSON.decode(Commit.self, from: bytes, path: path)
    try await checkSpelling(of: commit.source.log)
    return (commit, sha256Hex(bytes))
  }

  /// Tells a log that the disk takes for this one from a file that says the wrong one.
  private func checkSpelling(of found: LogName) async throws(ArchiveError) {
    guard found.isOtherSpelling(of: paths.log) else { return }
    if try await stored(await storage.isSpelledSo(paths.state)) { return }
    throw .otherSpelling(found: found, asked: paths.log)
  }

  /// What the run of a commit was after; nil when its record does not tell.
  func runWindow(_ number: Int) async -> Window? {
    do {
      return try await commit(number)?.commit.run.window
    } catch {
      // A damaged record of long ago keeps nobody from opening the archive; `verify` tells it.
      return nil
    }
  }

  // MARK: Damage

  /// The files that a state names and that are missing or of another size, and the last record where it is not the one that the
  /// manifest was made with. Lists the log's folders: that costs less than a look at each file.
  func damage(in manifest: Manifest) async throws(ArchiveError) -> [Finding] {
    let listed = try await parts() + stored(await storage.list(paths.quarantine))
    let standing = Dictionary(listed.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var found: [Finding] = []
    for partition in manifest.partitions {
      for file in partition.files {
        guard let flaw = try await flaw(of: file, rows: file.rows, standing[file.path]) else { continue }
        found.append(
          Finding(flaw, at: file.path, day: partition.eventDate, commit: partition.changedInCommit))
      }
    }
    for file in manifest.quarantine {
      guard let flaw = try await flaw(of: file, rows: nil, standing[file.path]) else { continue }
      let commit = paths.quarantineName(file.path)?.commit
      var window: Window?
      if let commit { window = await runWindow(commit) }
      found.append(Finding(flaw, at: file.path, commit: commit, window: window))
    }
    if let record = try await damagedRecord(manifest) { found.append(record) }
    return found
  }

  private func flaw(
    of file: some SealedFile, rows: Int?, _ listed: StoredFile?
  ) async throws(ArchiveError) -> Flaw? {
    // An archive with links inside is refused: both calls throw for one, in the file's place or on the way to it.
    guard let listed else {
      return Flaw(of: try await stored(await storage.entry(file.path)), bytes: file.bytes, rows: rows)
    }
    if listed.kind == .symbolicLink { _ = try await stored(await storage.size(file.path)) }
    return Flaw(of: listed, bytes: file.bytes, rows: rows)
  }

  /// The last commit record has to be the one that the manifest was made with.
  private func damagedRecord(_ manifest: Manifest) async throws(ArchiveError) -> Finding? {
    let path = paths.commit(manifest.commit)
    let flaw: Flaw
    if let bytes = try await read(path) {
      let found = sha256Hex(bytes)
      if found == manifest.commitSHA256 { return nil }
      flaw = .brokenChain(.altered(expected: manifest.commitSHA256, found: found))
    } else {
      flaw = .brokenChain(.absent(upTo: manifest.commit))
    }
    return Finding(flaw, at: path, commit: manifest.commit)
  }

  func parts() async throws(ArchiveError) -> [StoredFile] {
    var files: [StoredFile] = []
    for format in PartFormat.allCases {
      files += try await stored(await storage.list(paths.days(format)))
    }
    return files
  }

  func read(_ path: String) async throws(ArchiveError) -> [UInt8]? {
    try await stored(await storage.read(path))?.bytes
  }
}
