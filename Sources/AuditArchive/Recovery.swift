package import AuditRecord

/// Puts right what a killed run left. The log's lock is held.
///
/// Deletes what an intent names and no commit took, and what the last commits removed. Everything else is left alone.
struct Recovery {
  private let opening: Opening
  private var storage: any ArchiveStorage { opening.storage }
  private var paths: ArchivePaths { opening.paths }

  init(_ opening: Opening) {
    self.opening = opening
  }

  /// Throws `.missingCommits` or `.olderState`, before anything is changed, where the files are of commits that are not there.
  func run(source: ArchiveSource) throws(ArchiveError) -> (Manifest?, RecoveryReport) {
    let state = try opening.state()
    let manifest = state.manifest
    if let manifest, manifest.source != source { throw .otherSource(found: manifest.source, asked: source) }
    var report = RecoveryReport()
    var intent: Intent?
    do throws(ArchiveError) {
      intent = try opening.intent()
    } catch .damaged(let finding) {
      report.unreadableIntent = finding
    }
    report.rolledForward = state.rolledForward.map(\.commit)
    report.rebuilt = state.rebuilt
    report.interrupted = intent
    if let manifest {
      report.damaged = try opening.damage(in: manifest)
      try checkAge(of: manifest, report.damaged, intent)
      report.untoldQuarantine = untold(manifest, intent)
    }

    report.deleted = storage.discardSpools().map { Leftover(path: $0, reason: .staging) }
    if let manifest, !state.rolledForward.isEmpty || state.rebuilt != nil {
      try stored(storage.secure(paths.commit(manifest.commit)))
      try stored(storage.replace(paths.manifest, ArchiveJSON.encode(manifest)))
    }
    if let intent { try finish(intent, manifest, state.rolledForward, &report) }
    // Of a run that died after it had signed and before it could commit. The next commit of that number is another, and may be
    // unsigned.
    let signature = paths.signature((manifest?.commit ?? 0) + 1)
    if try stored(storage.entry(signature))?.kind == .file {
      try stored(storage.delete([signature]))
      report.deleted.append(Leftover(path: signature, reason: .neverCommitted))
    }
    if manifest != nil { try opening.fixKind() }
    report.lacksDurableNames = storage.lacksDurableNames
    return (manifest, report)
  }

  /// Whether files of later commits than the state's are there: then the state is an older copy, and a run would put other files in
  /// their places.
  private func checkAge(
    of manifest: Manifest, _ damaged: [Finding], _ intent: Intent?
  ) throws(ArchiveError) {
    if damaged.contains(where: { $0.flaw == .brokenChain(.absent(upTo: manifest.commit)) }) {
      let newest = try opening.commitNumbers().last ?? 0
      throw .missingCommits(from: newest + 1, to: manifest.commit)
    }
    let intended = Set(intent?.files ?? [])
    var later: [String] = []
    for day in Set(damaged.lazy.filter(\.flaw.isMissing).compactMap(\.day)).sorted() {
      let revision = manifest.partition(day)?.revision ?? 0
      for format in PartFormat.allCases {
        for file in try stored(storage.list(paths.day(day, format))) where !intended.contains(file.path) {
          if let name = paths.partName(file.path), name.revision > revision { later.append(file.path) }
        }
      }
    }
    guard later.isEmpty else { throw .olderState(commit: manifest.commit, later: later.sorted()) }
  }

  /// What the run that was killed stored in quarantine, and may not have told anybody.
  private func untold(_ manifest: Manifest, _ intent: Intent?) -> [QuarantineFile] {
    guard let intent else { return [] }
    return manifest.quarantine.filter { file in
      (paths.quarantineName(file.path)?.commit ?? 0) >= intent.firstCommit
    }
  }

  /// Deletes what the intent names and the state does not, and what the commits since have removed.
  private func finish(
    _ intent: Intent, _ manifest: Manifest?, _ rolledForward: [Commit], _ report: inout RecoveryReport
  ) throws(ArchiveError) {
    let damagedDays = report.damagedDays
    var removed = rolledForward
    if removed.isEmpty, let manifest, let last = try opening.commit(manifest.commit) {
      removed = [last.commit]
    }
    let named = manifest?.paths ?? []
    let files = Set(intent.files + removed.flatMap(\.filesRemoved)).subtracting(named)
    var neverCommitted: [String] = []
    var superseded: [String] = []
    // Replaced parts of a day whose new ones are not there as they were sealed: the last copy that there may be.
    var needed: [String] = []
    for path in files.sorted() where try stored(storage.entry(path))?.kind == .file {
      if let name = paths.partName(path) {
        let revision = manifest?.partition(name.day)?.revision ?? 0
        if name.revision > revision {
          neverCommitted.append(path)
        } else if damagedDays.contains(name.day) {
          needed.append(path)
        } else {
          superseded.append(path)
        }
      } else if let name = paths.quarantineName(path) {
        if name.commit > manifest?.commit ?? 0 {
          neverCommitted.append(path)
        } else {
          superseded.append(path)
        }
      }
    }
    // A revision that was never committed gives its number to the next one, so it has to go. One that was replaced is known as such
    // for as long as the intent stands: it can wait.
    try stored(storage.delete(neverCommitted))
    let tidied = storage.tidy(superseded)
    report.undeleted = Set(superseded + needed).subtracting(tidied).sorted()
    report.deleted +=
      (neverCommitted.map { Leftover(path: $0, reason: .neverCommitted) }
      + tidied.map { Leftover(path: $0, reason: .superseded) }).sorted { $0.path < $1.path }
  }
}

extension Opening {
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

  /// The first commit fixes the kind. Another log's may have done so since this one was opened, or at this moment, and
  /// differently.
  func fixKind() throws(ArchiveError) {
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
}

/// A file of ours that no reader may take for data.
package struct Leftover: Hashable, Sendable {
  package enum Reason: String, Sendable {
    /// Of a run that died before its commit.
    case neverCommitted = "never committed"
    /// Of a revision that a commit replaced.
    case superseded
    /// Unsealed work of a run that died.
    case staging
  }

  package var path: String
  package var reason: Reason

  package init(path: String, reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

/// What opening an archive for writing found and did.
package struct RecoveryReport: Hashable, Sendable {
  /// Commits that the manifest did not have yet.
  package var rolledForward: [Int] = []
  /// What was wrong with the manifest, where it was rebuilt from the commits.
  package var rebuilt: Finding?
  package var deleted: [Leftover] = []
  package var damaged: [Finding] = []
  /// What a run that was killed stored in quarantine, and may not have told anybody.
  package var untoldQuarantine: [QuarantineFile] = []
  /// Whether the file system has no fsync of folders: a power failure may take back the names of the last files.
  package var lacksDurableNames = false
  /// What is wrong with a killed run's intent: nobody knows what it put in its place, and `verify` reports it.
  package var unreadableIntent: Finding?
  /// Of a run that did not end in order.
  var interrupted: Intent?
  /// What commits have removed, and could not be deleted.
  var undeleted: [String] = []

  package init() {}

  /// The days that cannot be merged into.
  package var damagedDays: Set<Day> { Set(damaged.compactMap(\.day)) }
}
