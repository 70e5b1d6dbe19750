import AuditRecord
import PartitionFormats

/// The commit that a change makes of the present state, and the files to put in place.
struct CommitPlan {
  let commit: Commit
  /// Staged files and their paths in the archive.
  private(set) var puts: [(file: ScratchFile, path: String)] = []

  /// - Parameters:
  ///   - days: the days of the change that get a new revision.
  ///   - lost: quarantine files that are given up.
  init(
    _ change: Change, days: [StagedDay], lost: [QuarantineFile], after present: Manifest?,
    source: ArchiveSource, toolVersion: String
  ) {
    let number = (present?.commit ?? 0) + 1
    var coverage = present?.standing.coverage ?? Coverage()
    var withdrawn = Coverage()
    for window in change.withdrawn {
      for part in coverage.intersection(window).intervals { withdrawn.insert(part) }
      coverage.subtract(window)
    }
    for window in change.covered {
      coverage.insert(window)
      withdrawn.subtract(window)
    }
    var due = CommitPlan.lookbackDue(change, present: present)
    for window in withdrawn.intervals { due.subtract(window) }
    let standing = LogState(
      commit: number, committedAt: change.committedAt, toolVersion: toolVersion, source: source,
      start: CommitPlan.start(change, present: present), coverage: coverage, lookbackDue: due,
      oldestShown: change.oldestShown ?? present?.oldestShown)

    let paths = ArchivePaths(source.log)
    let before = Dictionary(uniqueKeysWithValues: (present?.partitions ?? []).map { ($0.eventDate, $0) })
    var after = before
    for staged in days {
      let partition = Partition(staged, after: before[staged.day], commit: number, paths: paths)
      puts += zip(staged.partsByFormat.map(\.file), partition.files.map(\.path)).map {
        (file: $0, path: $1)
      }
      after[staged.day] = partition
    }
    let quarantine = change.quarantine.map { QuarantineFile($0, commit: number, paths: paths) }
    if let staged = change.quarantine, let quarantine {
      puts.append((file: staged.file, path: quarantine.path))
    }
    let added = puts.map(\.path)

    for window in change.covered {
      for day in window.days.map(Array.init) ?? [] where after[day] == nil {
        after[day] = Partition(emptyDay: day, commit: number)
      }
    }
    // The lookback begins at the newest covered instant, which is the high-water mark if there is no gap.
    let changing = (coverage.intervals.last?.to ?? standing.start) - change.lookback
    for day in after.keys {
      after[day]?.state = standing.isWhole(day) && day.end <= changing ? .settled : .open
    }

    var run = change.run
    run.quarantined = quarantine?.records ?? 0
    commit = Commit(
      standing: standing,
      previousCommitSHA256: present?.commitSHA256,
      partitionsChanged: after.values.filter { $0 != before[$0.eventDate] }.sorted {
        $0.eventDate < $1.eventDate
      },
      partitionsRemoved: [],  // a day keeps its entry, so that its revisions never start over
      filesAdded: added.sorted(),
      filesRemoved: (days.flatMap { before[$0.day]?.files.map(\.path) ?? [] } + lost.map(\.path)).sorted(),
      quarantineAdded: quarantine.map { [$0] } ?? [],
      coverageWithdrawn: withdrawn,
      run: run)
  }

  /// Whether the commit only records that time has passed, and at most `interval` of it. It can then be left out: a later
  /// run that also finds nothing new makes the same commit.
  ///
  /// - Parameter isNewestComplete: whether the newest commit is the last of a complete run.
  func isQuiet(within interval: TimeSpan, after present: Manifest?, isNewestComplete: Bool) -> Bool {
    guard let present, isNewestComplete, commit.run.complete, puts.isEmpty, commit.filesRemoved.isEmpty,
      commit.partitionsChanged.isEmpty, commit.coverageWithdrawn.isEmpty,
      commit.run.conflictingEvents == 0, commit.run.vanishedEvents == 0
    else { return false }
    let (before, after) = (present.standing, commit.standing)
    guard after.start == before.start, after.oldestShown == before.oldestShown else { return false }
    let gained = after.coverage.subtracting(before.coverage)
    let done = before.lookbackDue.subtracting(after.lookbackDue)
    return gained.intervals.allSatisfy { $0.from == before.coverage.end } && gained.length <= interval
      && done.length <= interval
      // The API's clock has whole seconds, so a run that follows at once may seem to be earlier.
      && max(after.committedAt - before.committedAt, before.committedAt - after.committedAt) < interval
  }

  /// The coverage that was last read before its lookback was over. It is stored, and not computed from the newest covered instant,
  /// because a stopped run has read only the newest part again.
  private static func lookbackDue(_ change: Change, present: Manifest?) -> Coverage {
    var due = present?.lookbackDue ?? Coverage()
    for window in change.rereads { due.insert(window) }
    let over = Window(from: .earliest, to: change.readSince - change.lookback)
    let notOver = Window(from: over.to, to: .latest)
    for window in change.covered {
      due.subtract(window.intersection(over))
      due.insert(window.intersection(notOver))
    }
    due.subtract(Window(from: .earliest, to: change.reach))
    return due
  }

  private static func start(_ change: Change, present: Manifest?) -> Timestamp {
    if let present { return min(present.start, change.start ?? present.start) }
    return change.start ?? change.covered.filter { !$0.isEmpty }.map(\.from).min() ?? change.committedAt
  }
}

extension QuarantineFile {
  fileprivate init(_ staged: StagedQuarantine, commit: Int, paths: ArchivePaths) {
    let name = QuarantineName(commit: commit, hash: ArchivePaths.shortHash(staged.sha256))
    self.init(
      path: paths.quarantine(name), records: staged.records, bytes: staged.bytes, sha256: staged.sha256)
  }
}

extension Partition {
  /// The next revision of a day.
  fileprivate init(_ staged: StagedDay, after present: Partition?, commit: Int, paths: ArchivePaths) {
    let revision = (present?.revision ?? 0) + 1
    var indexes: [PartFormat: Int] = [:]
    let files = staged.partsByFormat.map { part in
      let name = PartName(
        format: part.format, day: staged.day, index: indexes[part.format, default: 0], revision: revision,
        hash: ArchivePaths.shortHash(part.sha256))
      indexes[part.format, default: 0] += 1
      return PartFile(
        path: paths.part(name), format: part.format, rows: part.rows, bytes: part.bytes,
        uncompressedBytes: part.uncompressedBytes, sha256: part.sha256, minEventAt: part.minEventAt,
        maxEventAt: part.maxEventAt)
    }
    self.init(
      eventDate: staged.day, state: .open, revision: revision, changedInCommit: commit, rows: staged.rows,
      minEventAt: staged.parts.first?.minEventAt, maxEventAt: staged.parts.last?.maxEventAt,
      contentSHA256: staged.contentSHA256, files: files)
  }

  /// A covered day without events: proof that nothing happened.
  fileprivate init(emptyDay day: Day, commit: Int) {
    self.init(
      eventDate: day, state: .open, revision: 0, changedInCommit: commit, rows: 0, minEventAt: nil,
      maxEventAt: nil, contentSHA256: DayContentHash().sha256, files: [])
  }
}
