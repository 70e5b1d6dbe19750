import AuditRecord
import DeltaTable
import Parquet

/// Folds the log of the table, and compares the files that the table has of a log with the state.
///
/// The table may have later commits than the state, of a run at work: they are left out. It may lack one commit, of a run that works or
/// was killed: what the next run appends is then added before the comparison.
struct TableCheck {
  private let table: ArchiveTable
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let state: Manifest

  private(set) var findings: [Finding] = []
  /// Versions of other programs that change no row, and checkpoints of other programs.
  private(set) var foreign: [ForeignTableVersion] = []
  private(set) var result: TableState?

  private var snapshot = TableSnapshot()
  /// The newest version or checkpoint that was listed.
  private var newest: Int?
  private var checkpoints: Set<Int> = []
  /// The newest commit of the log that is not later than the state.
  private var position: TablePosition?
  /// The first version with a later commit of the log, that commit, and the files to compare: those before it, or those
  /// with it if no earlier version has the log.
  private var later: (version: Int, commit: Int, files: [AddFile])?
  /// The `txnId` of the newest version of the log that is not later than the state: the SHA-256 of a commit record.
  private var txnId: String?
  /// Whether the versions after `snapshot` cannot be applied.
  private var isBroken = false

  /// - Parameter state: the newest state.
  init(_ table: ArchiveTable, of state: Manifest, in storage: any ArchiveStorage) {
    self.table = table
    self.state = state
    self.storage = storage
  }

  /// - Parameters:
  ///   - isQuick: begin at the newest checkpoint that can be read, instead of version 0.
  ///   - comparesFiles: compare the files of the log.
  ///   - looks: how often to look for what a run is about to write.
  mutating func run(isQuick: Bool, comparesFiles: Bool, looks: Int, _ patience: () -> Void) async {
    do {
      if let obstacle = try await storage.obstacle(to: ArchiveTable.log) {
        return add(.irregular(obstacle.kind), at: obstacle.path)
      }
      try await list()
      for _ in 1..<looks where newest == nil {
        patience()
        try await list()
      }
      guard let newest else { return try await reportMissingLog() }
      if isQuick { try await beginAtCheckpoint() }
      await fold(upTo: newest)
      for _ in 1..<looks where lags && !isBroken {
        patience()
        await fold(upTo: snapshot.version)
      }
      guard !isBroken else { return }
      note(version: snapshot.version)
      try await checkHint()
      if let id = snapshot.metadata?.id, id != table.id {
        add(.wrongTable(.otherTable(expected: table.id, found: id)), at: ArchiveTable.path(.version(0)))
      }
      if comparesFiles { try await compareFiles() }
      if !isQuick { try await compareCommit() }
    } catch let error as StorageError {
      add(.unreadable(error), at: ArchiveTable.log)
    } catch {
      // A commit record that cannot be read has its own finding.
    }
  }

  private mutating func add(_ problem: Finding.Problem, at path: String) {
    findings.append(Finding(problem, at: path))
  }

  private mutating func note(version: Int?) {
    let position = position ?? later.map { TablePosition(commit: $0.commit, version: $0.version) }
    result = TableState(
      version: version, commit: position?.commit, commitVersion: position?.version, of: state)
  }

  /// Without a position the log was never in the table: the run that makes the archive a table is at work, or was killed.
  private mutating func reportMissingLog() async throws(StorageError) {
    note(version: nil)
    if try await storage.entry(paths.table) != nil { add(.wrongTable(.noLog), at: ArchiveTable.log) }
  }

  // MARK: Log

  private mutating func list() async throws(StorageError) {
    findings = []
    for entry in try await storage.list(ArchiveTable.log, after: nil, isDeep: false) {
      guard let file = ArchiveTable.file(entry.path) else {
        if entry.kind != .file, entry.kind != .folder { add(.irregular(entry.kind), at: entry.path) }
        continue
      }
      if entry.kind != .file { add(.irregular(entry.kind), at: entry.path) }
      switch file {
      case .version(let number): newest = max(newest ?? 0, number)
      case .checkpoint(let number):
        newest = max(newest ?? 0, number)
        if entry.kind == .file { checkpoints.insert(number) }
      case .lastCheckpoint: break
      }
    }
  }

  private mutating func beginAtCheckpoint() async throws(StorageError) {
    for number in checkpoints.sorted(by: >) {
      guard let bytes = try await storage.read(ArchiveTable.path(.checkpoint(number)))?.bytes else {
        continue
      }
      do {
        snapshot = try TableSnapshot(checkpoint: bytes, version: number)
      } catch {
        continue  // the versions say the same
      }
      if let commit = snapshot.transactions[ArchiveTable.appID(paths.log)]?.version {
        if commit > state.commit {
          // A run at work wrote it.
          snapshot = TableSnapshot()
          continue
        }
        position = TablePosition(commit: commit, version: number)
      }
      checkpoints = checkpoints.filter { $0 > number }
      return
    }
  }

  /// Applies the versions up to this one, and all later ones that exist.
  private mutating func fold(upTo newest: Int) async {
    if newest > snapshot.version {
      await storage.announce(
        (snapshot.version + 1...newest).map { ArchiveTable.path(.version($0)) }, readers: 1)
    }
    while !isBroken {
      let number = snapshot.version + 1
      let path = ArchiveTable.path(.version(number))
      do {
        guard let bytes = try await bytes(at: path) else {
          guard number <= newest else { return }
          isBroken = true
          return add(
            .wrongTable(.gap(from: number, upTo: try await lastMissing(from: number, newest))), at: path)
        }
        let version = try TableVersion(reading: bytes)
        guard accepts(version, at: path) else {
          isBroken = true
          return
        }
        noteCommit(of: version, number)
        try snapshot.apply(version, number: number)
        if position == nil, let found = later, found.version == number {
          later = (number, found.commit, logFiles)
        }
      } catch {
        isBroken = true
        guard !findings.contains(where: { $0.path == path }) else { return }
        let problem = (error as? StorageError).map { Finding.Problem.unreadable($0) }
        return add(problem ?? .wrongTable(.unreadable("\(error)")), at: path)
      }
      if checkpoints.remove(number) != nil { await checkCheckpoint(number) }
    }
  }

  /// The bytes of a version; nil if there is none. A remote storage has fetched them ahead.
  private func bytes(at path: String) async throws(StorageError) -> [UInt8]? {
    guard !storage.isLocal else { return try await storage.read(path)?.bytes }
    var bytes: [UInt8] = []
    do throws(StorageError) {
      while bytes.count <= paths.sizeLimit(of: path) {
        let more = try await storage.read(path, at: bytes.count)
        if more.isEmpty { return bytes }
        bytes += more
      }
    } catch let error where error.reason == .missing {
      return nil
    }
    return try await storage.read(path)?.bytes  // refuses it
  }

  private func lastMissing(from first: Int, _ newest: Int) async throws(StorageError) -> Int {
    var last = first
    while last < newest, try await storage.entry(ArchiveTable.path(.version(last + 1))) == nil { last += 1 }
    return last
  }

  /// Whether a version is ours, or changes no row. Other programs may compact files, and note that they looked for old ones.
  private mutating func accepts(_ version: TableVersion, at path: String) -> Bool {
    guard !ArchiveTable.isOurs(version) else { return true }
    let (engine, operation) = (version.commitInfo?.engineInfo, version.commitInfo?.operation)
    let isHarmless = version.actions.allSatisfy { action in
      switch action {
      case .commitInfo: true
      case .transaction(let transaction): !transaction.appId.hasPrefix("\(ArchiveJSON.name):")
      case .protocol, .metadata: false
      case .remove(let file): !file.dataChange
      case .add(let file): !file.dataChange
      }
    }
    if isHarmless {
      foreign.append(ForeignTableVersion(path: path, engine: engine, operation: operation))
    } else {
      add(.wrongTable(.foreign(engine: engine, operation: operation)), at: path)
    }
    return isHarmless
  }

  private mutating func noteCommit(of version: TableVersion, _ number: Int) {
    guard later == nil, let commit = version.transactionVersion(of: ArchiveTable.appID(paths.log)) else {
      return
    }
    if commit > state.commit {
      later = (number, commit, logFiles)
    } else {
      position = TablePosition(commit: commit, version: number)
      txnId = version.isOfOneLog ? version.commitInfo?.txnId : nil
    }
  }

  // MARK: Checkpoints

  private mutating func checkCheckpoint(_ number: Int) async {
    let path = ArchiveTable.path(.checkpoint(number))
    do {
      guard let bytes = try await storage.read(path)?.bytes else { return }
      let found = try TableSnapshot(checkpoint: bytes, version: number)
      if let what = difference(of: found) { add(.wrongTable(.otherCheckpoint(what: what)), at: path) }
    } catch let error as StorageError {
      add(.unreadable(error), at: path)
    } catch let error as ParquetError where error.isOfOtherWriter {
      foreign.append(ForeignTableVersion(path: path))
    } catch {
      add(.wrongTable(.unreadable("\(error)")), at: path)
    }
  }

  /// How a checkpoint differs from the versions up to its own. Removed files are not compared: they expire.
  private func difference(of checkpoint: TableSnapshot) -> String? {
    if checkpoint.tableProtocol != snapshot.tableProtocol { return "it has another protocol" }
    if checkpoint.metadata != snapshot.metadata { return "it has other metadata" }
    if checkpoint.transactions != snapshot.transactions { return "it has other transactions" }
    let files = FileSetDifference(expected: snapshot.files, found: checkpoint.files)
    guard !files.isEmpty else { return nil }
    return """
      it lacks \(files.missing.count.grouped) files, has \(files.unexpected.count.grouped) more, and \
      \(files.changed.count.grouped) differ
      """
  }

  private mutating func checkHint() async throws(StorageError) {
    guard let bytes = try await storage.read(ArchiveTable.path(.lastCheckpoint))?.bytes,
      let hint = LastCheckpoint(reading: bytes)
    else { return }
    let path = ArchiveTable.path(.checkpoint(hint.version))
    if try await storage.entry(path) == nil { add(.wrongTable(.missingCheckpoint), at: path) }
  }

  // MARK: Files

  /// Whether the table lacks a commit that changed Parquet parts.
  private var lags: Bool { (later?.commit ?? position?.commit ?? 0) < state.newestRevision }

  /// The files of the log: those with its partition, and those in its folder.
  private var logFiles: [AddFile] {
    var partition = ["organization": paths.log.organization.description]
    if let repository = paths.log.repository { partition["repository"] = repository.description }
    let folder = paths.days(.parquet) + "/"
    return snapshot.files.filter { file in
      partition.allSatisfy { file.partitionValues[$0.key] == .some($0.value) }
        || ArchiveTable.path(file).hasPrefix(folder)
    }
  }

  private mutating func compareFiles() async throws {
    var expected = state
    if let later {
      let isMade: Bool
      if position == nil {
        // The table did not have the log before this version, so no earlier state can be compared.
        let newer = try await newerState(of: later.commit)
        isMade = newer != nil
        expected = newer ?? state
      } else {
        isMade = try await storage.entry(paths.commit(later.commit)) != nil
      }
      if !isMade {
        add(
          .wrongTable(.ahead(commit: later.commit, newest: state.commit)),
          at: ArchiveTable.path(.version(later.version)))
        if position == nil { return }
      }
    }
    var found = later?.files ?? logFiles
    if later == nil, lags {
      guard try await addLackingCommit(to: &found) else {
        return add(
          .wrongTable(.behind(commit: position?.commit, newest: state.newestRevision)), at: ArchiveTable.log)
      }
    }
    let difference = FileSetDifference(expected: ArchiveTable.files(of: expected), found: found)
    for file in difference.missing { add(.wrongTable(.missingFile), at: ArchiveTable.path(file)) }
    for file in difference.unexpected { add(.wrongTable(.extraFile), at: ArchiveTable.path(file)) }
    for change in difference.changed {
      let (fact, expected, found) = change.firstDifference
      add(
        .wrongTable(.otherFile(fact, expected: expected, found: found)),
        at: ArchiveTable.path(change.expected))
    }
  }

  /// The state after a commit that was made after this verification began; nil if there is no such commit.
  private func newerState(of commit: Int) async throws -> Manifest? {
    // `storage` may remember that there was no such record.
    let present = ArchiveState(storage.storage(of: paths.log))
    var newer: Manifest? = state
    for number in state.commit + 1...commit {
      guard let record = try await present.commit(number) else { return nil }
      newer.apply(record.commit, sha256: record.sha256)
    }
    return newer
  }

  /// Compares the newest version of the log with the record of its commit.
  private mutating func compareCommit() async throws {
    guard let position, let txnId else { return }
    var expected: String? = state.commitSHA256
    if position.commit != state.commit {
      expected = try await ArchiveState(storage).commit(position.commit)?.sha256
    }
    guard let expected, expected != txnId else { return }
    add(
      .wrongTable(.otherCommit(expected: expected, found: txnId)),
      at: ArchiveTable.path(.version(position.version)))
  }

  /// Applies the commit that the table lacks, as the next run will. False if it lacks several.
  private func addLackingCommit(to files: inout [AddFile]) async throws(ArchiveError) -> Bool {
    var isApplied = false
    var present = Dictionary(files.map { (ArchiveTable.path($0), $0) }, uniquingKeysWith: { $1 })
    for number in (position?.commit ?? 0) + 1...state.commit {
      guard let record = try await ArchiveState(storage).commit(number),
        let version = table.version(of: record.commit, sha256: record.sha256, sizes: [:])
      else { continue }
      guard !isApplied else { return false }
      isApplied = true
      for path in record.commit.filesRemoved { present[path] = nil }
      for case .add(let file) in version.actions { present[ArchiveTable.path(file)] = file }
    }
    files = Array(present.values)
    return true
  }
}

extension TableVersion {
  /// Whether the version has one transaction of this program. Version 0 can have the commits of several logs.
  fileprivate var isOfOneLog: Bool {
    let transactions = actions.filter { action in
      if case .transaction(let transaction) = action {
        transaction.appId.hasPrefix("\(ArchiveJSON.name):")
      } else {
        false
      }
    }
    return transactions.count == 1
  }
}

extension ParquetError {
  /// Whether the file may be sound, but is not one that this program writes.
  fileprivate var isOfOtherWriter: Bool {
    switch reason {
    case .schema, .unsupported, .withoutZstd: true
    default: false
    }
  }
}
