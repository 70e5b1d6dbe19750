import AuditRecord

/// Whether a commit can follow from the state before it.
struct CommitCheck {
  private(set) var findings: [Finding] = []
  private let commit: Commit
  private let number: Int
  private let before: StateFold
  private let paths: ArchivePaths

  init(_ commit: Commit, number: Int, after before: StateFold, paths: ArchivePaths) {
    self.commit = commit
    self.number = number
    self.before = before
    self.paths = paths
    checkStanding()
    for partition in commit.partitionsChanged { check(partition) }
    checkFiles()
  }

  private mutating func add(_ flaw: Flaw, _ day: Day? = nil) {
    findings.append(Finding(flaw, at: paths.commit(number), day: day, commit: number))
  }

  private mutating func expect(
    _ member: String, _ expected: String, _ found: String, _ day: Day? = nil
  ) {
    if found != expected {
      add(.inconsistent(member: member, expected: expected, found: found), day)
    }
  }

  /// Coverage only grows but for what the commit takes back, the start only moves back, and nothing is known of the time
  /// after the commit.
  private mutating func checkStanding() {
    let coverage = commit.coverage
    if let end = coverage.end, end > before.standing?.coverage.end ?? .earliest, end > commit.committedAt {
      add(
        .wrongCoverage(
          .coverage, expected: "nothing after \(commit.committedAt), the time of the commit", found: "\(end)")
      )
    }
    guard let standing = before.standing else { return }
    let lost = standing.coverage.intervals.flatMap { coverage.gaps(in: $0) }
    if lost != commit.coverageWithdrawn.intervals {
      add(
        .wrongCoverage(
          .coverage, expected: standing.coverage.intervals.summary, found: coverage.intervals.summary))
    }
    if commit.start > standing.start {
      add(.wrongCoverage(.start, expected: "\(standing.start)", found: "\(commit.start)"))
    }
    expect("source", standing.source.text, commit.source.text)
  }

  /// A day either gets its next revision in this commit, or changes its state alone.
  private mutating func check(_ partition: Partition) {
    let day = partition.eventDate
    let present = before.partitions[day]
    guard partition.changedInCommit == number else {
      var unchanged = partition
      unchanged.state = present?.state ?? partition.state
      if present != unchanged {
        expect("changed_in_commit", "\(number)", "\(partition.changedInCommit)", day)
      }
      return
    }
    let isNewEmptyDay = present == nil && partition.rows == 0
    expect("revision", "\((present?.revision ?? 0) + (isNewEmptyDay ? 0 : 1))", "\(partition.revision)", day)
  }

  private mutating func checkFiles() {
    let replaced = commit.partitionsChanged.filter { $0.changedInCommit == number }
    let added = replaced.flatMap { $0.files.map(\.path) } + commit.quarantineAdded.map(\.path)
    let days = replaced.map(\.eventDate) + commit.partitionsRemoved
    let removed = days.flatMap { before.partitions[$0]?.files.map(\.path) ?? [] }
    expect("files_added", added.sorted().list, commit.filesAdded.list)
    expect("files_removed", removed.sorted().list, commit.filesRemoved.list)
    for file in commit.quarantineAdded {
      let name = QuarantineName(commit: number, hash: ArchivePaths.shortHash(file.sha256))
      if file.path != paths.quarantine(name) { add(.misnamed(expected: paths.quarantine(name))) }
    }
  }
}

extension [String] {
  var list: String { isEmpty ? "none" : joined(separator: ", ") }
}

extension ArchiveSource {
  var text: String { "\(log) at \(apiHost)" + (query.map { " with the query \($0.debugDescription)" } ?? "") }
}
