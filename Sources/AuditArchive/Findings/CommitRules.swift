import AuditRecord
import PartitionFormats

/// The rules that a commit record has to keep to follow from the state before it.
///
/// Reading the state refuses a record for the first broken rule; `verify` reports all. A writer checks its own commit before it puts
/// any file in place.
struct CommitRules {
  let paths: ArchivePaths
  /// The windows of the runs that stored quarantine files, by commit number. Runs whose record cannot be read are left out.
  var windows: [Int: Window] = [:]

  /// Whether the record is the next one of the chain.
  func brokenLinks(of commit: Commit, number: Int, after state: Manifest?) -> [Finding] {
    var found: [Finding.Problem] = []
    if commit.commit != number {
      found.append(.brokenChain(.otherNumber(expected: number, found: commit.commit)))
    }
    if commit.previousCommitSHA256 != state?.commitSHA256 {
      found.append(
        .brokenChain(.detached(expected: state?.commitSHA256, found: commit.previousCommitSHA256)))
    }
    return found.map { Finding($0, at: paths.commit(number), commit: number) }
  }

  /// All violations but broken links.
  func violations(of commit: Commit, number: Int, after state: Manifest?) -> [Finding] {
    entryViolations(of: commit, number: number) + changeViolations(of: commit, number: number, after: state)
  }

  /// The violations of the entries of days, whatever the state.
  func entryViolations(of commit: Commit, number: Int) -> [Finding] {
    var list = RuleList(path: paths.commit(number), commit: number)
    list.check(commit.partitionsChanged, upTo: number, paths)
    return list.findings
  }

  /// The violations of everything else.
  func changeViolations(of commit: Commit, number: Int, after state: Manifest?) -> [Finding] {
    var list = RuleList(path: paths.commit(number), commit: number)
    list.check(commit.standing, paths)
    checkStanding(commit, after: state?.standing, &list)
    for partition in commit.partitionsChanged { checkRevision(partition, number, state, &list) }
    checkFiles(commit, number, state, &list)
    return list.findings
  }

  /// The violations of a manifest, whatever the commits.
  func violations(of manifest: Manifest) -> [Finding] {
    var list = RuleList(path: paths.manifest, commit: manifest.commit)
    list.check(manifest.standing, paths)
    list.check(manifest.partitions, upTo: manifest.commit, paths)
    for file in manifest.quarantine { list.check(file, paths) }
    return list.findings
  }

  /// Coverage only grows, except for what the commit withdraws; the start only moves back; nothing after the commit is covered.
  private func checkStanding(_ commit: Commit, after before: LogState?, _ list: inout RuleList) {
    let coverage = commit.coverage
    if let end = coverage.end, end > before?.coverage.end ?? .earliest, end > commit.committedAt {
      list.add(
        .wrongCoverage(
          .coverage, expected: "at most \(commit.committedAt), the time of the commit", found: "\(end)")
      )
    }
    guard let before else { return }
    let lost = before.coverage.intervals.flatMap { coverage.gaps(in: $0) }
    if lost != commit.coverageWithdrawn.intervals {
      list.add(
        .wrongCoverage(
          .coverage, expected: before.coverage.intervals.summary, found: coverage.intervals.summary))
    }
    if commit.start > before.start {
      list.add(.wrongCoverage(.start, expected: "\(before.start)", found: "\(commit.start)"))
    }
    list.expect("source", before.source.text, commit.source.text)
  }

  /// A changed day has its next revision, or only another state.
  private func checkRevision(
    _ partition: Partition, _ number: Int, _ state: Manifest?, _ list: inout RuleList
  ) {
    let day = partition.eventDate
    let present = state?.partition(day)
    guard partition.changedInCommit == number else {
      var unchanged = partition
      unchanged.state = present?.state ?? partition.state
      if present != unchanged {
        list.expect("changed_in_commit", "\(number)", "\(partition.changedInCommit)", day)
      }
      return
    }
    let isNewEmptyDay = present == nil && partition.rows == 0
    list.expect(
      "revision", "\((present?.revision ?? 0) + (isNewEmptyDay ? 0 : 1))", "\(partition.revision)", day)
  }

  /// Added are the files of the changed days and of quarantine. Removed are the former files of those days, and quarantine files that
  /// a replacement of their window gave up.
  private func checkFiles(_ commit: Commit, _ number: Int, _ state: Manifest?, _ list: inout RuleList) {
    let replaced = commit.partitionsChanged.filter { $0.changedInCommit == number }
    let added = replaced.flatMap { $0.files.map(\.path) } + commit.quarantineAdded.map(\.path)
    list.expect("files_added", added.sorted().list, commit.filesAdded.list)

    let days = replaced.map(\.eventDate) + commit.partitionsRemoved
    var removed = days.flatMap { state?.partition($0)?.files.map(\.path) ?? [] }
    for path in commit.filesRemoved where mayGiveUp(path, in: commit, state) { removed.append(path) }
    list.expect("files_removed", removed.sorted().list, commit.filesRemoved.list)

    for file in commit.quarantineAdded {
      let name = QuarantineName(commit: number, hash: ArchivePaths.shortHash(file.sha256))
      if file.path != paths.quarantine(name) { list.add(.misnamed(expected: paths.quarantine(name))) }
    }
  }

  /// Whether a commit may give up a quarantine file: its window contains that of the run that stored the file.
  private func mayGiveUp(_ path: String, in commit: Commit, _ state: Manifest?) -> Bool {
    guard let name = paths.quarantineName(path), let state,
      state.quarantine.contains(where: { $0.path == path })
    else { return false }
    guard let stored = windows[name.commit] else { return true }
    return commit.run.window?.contains(stored) ?? false
  }
}

/// Collects the findings about one record.
private struct RuleList {
  let path: String
  let commit: Int
  private(set) var findings: [Finding] = []

  init(path: String, commit: Int) {
    self.path = path
    self.commit = commit
  }

  mutating func add(_ problem: Finding.Problem, _ day: Day? = nil) {
    findings.append(Finding(problem, at: path, day: day, commit: commit))
  }

  mutating func expect(_ member: String, _ expected: String, _ found: String, _ day: Day? = nil) {
    if found != expected {
      add(.inconsistent(member: member, expected: expected, found: found), day)
    }
  }

  mutating func check(_ standing: LogState, _ paths: ArchivePaths) {
    expect("source", "\(paths.log)", "\(standing.source.log)")
    if standing.schema != Column.schemaName {
      add(.schemaMismatch(expected: Column.schemaName, found: standing.schema))
    }
    if standing.csvDialect != CSVEncoder.dialect {
      add(.schemaMismatch(expected: CSVEncoder.dialect, found: standing.csvDialect))
    }
    let due = standing.lookbackDue.intervals
    if !due.allSatisfy(standing.coverage.contains) {
      add(.wrongCoverage(.lookbackDue, expected: "ranges within the coverage", found: due.summary))
    }
  }

  /// Runs delete files that entries name. So each path has to be a name that this log makes, for the day, revision and hash of its
  /// entry.
  mutating func check(_ partitions: [Partition], upTo commit: Int, _ paths: ArchivePaths) {
    var previous: Day?
    for partition in partitions {
      let day = partition.eventDate
      if let previous, previous >= day {
        expect("partitions", "unique days in order", "\(day) after \(previous)", day)
      }
      if partition.changedInCommit > commit {
        expect("changed_in_commit", "at most \(commit)", "\(partition.changedInCommit)", day)
      }
      previous = day
      var rows: [PartFormat: Int] = [:]
      for file in partition.files {
        let name = paths.partName(file.path)
        if name?.format != file.format || name?.day != day || name?.revision != partition.revision
          || name?.hash != ArchivePaths.shortHash(file.sha256)
        {
          expect("files", "names of parts of \(day)", file.path.debugDescription, day)
        }
        rows[file.format, default: 0] += file.rows
      }
      if rows.values.contains(where: { $0 != partition.rows }) || rows.isEmpty != (partition.rows == 0) {
        expect("rows", "\(rows.values.max() ?? 0)", "\(partition.rows)", day)
      }
    }
  }

  mutating func check(_ file: QuarantineFile, _ paths: ArchivePaths) {
    if paths.quarantineName(file.path)?.hash != ArchivePaths.shortHash(file.sha256) {
      expect("quarantine", "names of quarantine files", file.path.debugDescription)
    }
  }
}

extension [String] {
  var list: String { isEmpty ? "none" : joined(separator: ", ") }
}

extension ArchiveSource {
  var text: String {
    "\(log) at \(apiHost)" + (query.map { " with the query \($0.debugDescription)" } ?? "")
      + (redaction.map { " with the redaction \($0)" } ?? "")
  }
}
