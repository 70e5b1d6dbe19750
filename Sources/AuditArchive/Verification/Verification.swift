import AuditRecord
import PartitionFormats

/// Runs the checks in order: first the records, then the files. A check does not end at its first finding, and a finding of one check
/// does not skip another.
struct Verification {
  private let storage: any ArchiveStorage
  private var paths: ArchivePaths { storage.paths }
  private let settings: VerificationSettings
  private var report: VerificationReport
  private var progress = VerificationProgress(done: 0, total: 0, findings: 0)
  /// The paths of irregular entries.
  private var irregular: [String] = []
  /// The table that the archive is; nil if it is none.
  private var table: ArchiveTable?

  /// A remote storage fetches the parts of only so many days ahead.
  private static let mostRemoteDays = 8
  private var daysAtOnce: Int {
    storage.isLocal ? settings.daysAtOnce : min(settings.daysAtOnce, Verification.mostRemoteDays)
  }

  /// How often to look at a file or state that a run may be about to commit or replace.
  private static let looks = 4

  init(storage: any ArchiveStorage, settings: VerificationSettings) {
    self.storage = storage
    self.settings = settings
    report = VerificationReport(settings: settings)
  }

  mutating func run(
    patience: () -> Void, observe: (VerificationProgress) -> Void
  ) async throws(ArchiveError) -> VerificationReport? {
    try await stored(await storage.checkPlace())
    guard try await addObstacles(to: [paths.commits]) else { return report }
    let record = try await RecordedState.read(storage, settings, looks: Verification.looks, patience)
    if record.isEmpty {
      let isFree = try await addObstacles(to: PartFormat.allCases.map { paths.days($0) } + [paths.quarantine])
      guard let example = try await exampleOfPart(besides: record.intent) else {
        return isFree ? nil : report
      }
      add([Finding(.missing(example: example), at: paths.manifest)])
      return report
    }
    add(record.findings)
    try await checkKind()
    let chain = await checkChain(record, observe)
    guard let state = chain.state else { return report }
    report.source = state.source
    report.formats = state.partitions.newestFormats
    add(CoverageCheck(state, path: paths.manifest).findings)
    summarise(state)
    report.daysUnchanged = settings.since.map { since in
      state.partitions.count { !hasChanged($0, since, chain) }
    }

    var unlisted: UnlistedCheck?
    do {
      let listing = try await ArchiveListing(storage, withCommits: record.base == nil)
      addIrregular(listing.irregular, state)
      if chain.lastLost == nil {
        unlisted = UnlistedCheck(
          state, alsoNamed: record.manifest?.manifest, known: chain.mayBeLeft, record.intent, in: listing,
          storage: storage)
        report.foreignFiles = unlisted?.foreignFiles ?? []
      }
    } catch {
      add([Finding(.unreadable(error), at: error.path)])
    }
    await check(state, chain, observe)
    try checkCancellation()
    await checkQuarantine(state)
    if let unlisted { await settle(unlisted, state, patience) }
    if let table { await check(table, state, comparesFiles: chain.lastLost == nil, patience) }
    // Findings about what could not be read would send somebody to repair sound days.
    if let outage = storage.outage { throw .storage(outage) }
    try checkCancellation()
    return report
  }

  /// A cancelled task has not read everything, and a remote storage reports its cancelled requests as unreadable files.
  private func checkCancellation() throws(ArchiveError) {
    guard Task.isCancelled else { return }
    throw .storage(
      StorageError(
        operation: .read, path: storage.name(of: paths.state), reason: .interrupted,
        detail: "the verification was cancelled"))
  }

  /// Adds findings, except those about paths below an irregular entry.
  private mutating func add(_ findings: [Finding]) {
    report.findings += findings.filter { finding in
      !irregular.contains { finding.path.hasPrefix($0 + "/") }
    }
    irregular += findings.filter { $0.problem.kind == .irregular }.map(\.path)
    progress.findings = report.findings.count
  }

  /// Whether there are only folders on the way to these. Adds a finding for each that is blocked.
  private mutating func addObstacles(to folders: [String]) async throws(ArchiveError) -> Bool {
    var isFree = true
    for folder in folders {
      guard let obstacle = try await stored(await storage.obstacle(to: folder)) else { continue }
      add([Finding(.irregular(obstacle.kind), at: obstacle.path)])
      isFree = false
    }
    return isFree
  }

  /// Adds findings for irregular entries, except those that other checks open and report.
  private mutating func addIrregular(_ entries: [StoredFile], _ state: Manifest) {
    let opened = state.paths.union([paths.manifest, paths.intent, paths.beginning, ArchivePaths.kind])
    let known = opened.union(irregular)
    add(
      entries.filter { !known.contains($0.path) && paths.commitNumber($0.path) == nil }
        .map { Finding(.irregular($0.kind), at: $0.path) })
  }

  // MARK: Records

  /// A part that the intent of a first run does not explain.
  private func exampleOfPart(besides intent: CommitIntent?) async throws(ArchiveError) -> String? {
    var parts: Set<String> = []
    for format in PartFormat.allCases {
      let folder = paths.days(format)
      guard try await stored(await storage.obstacle(to: folder)) == nil else { continue }
      parts.formUnion(
        try await stored(await storage.list(folder)).map(\.path).filter { paths.partName($0) != nil })
    }
    return parts.subtracting(intent?.files ?? []).min()
  }

  private mutating func checkKind() async throws(ArchiveError) {
    let path = ArchivePaths.kind
    do {
      guard let bytes = try await stored(await storage.read(path))?.bytes else {
        return add([Finding(.missing(), at: path)])
      }
      let record = try ArchiveJSON.decode(ArchiveKindRecord.self, from: bytes, path: path)
      let found = record.logs
      table = record.table.map { ArchiveTable(id: $0.id, logs: found) }
      if table == nil { await checkNoTable() }
      let expected = ArchiveKind(of: paths.log)
      if found != expected { add([Finding(.wrongKind(expected: expected, found: found), at: path)]) }
    } catch {
      if case .newerFormat = error { throw error }
      add([Finding(.unreadable(error.reason), at: path)])
    }
  }

  /// Another program may have made a table of the parts; then the archive knows nothing of it.
  private mutating func checkNoTable() async {
    do throws(ArchiveError) {
      guard let path = try await fileOfTable() else { return }
      // A run may have made the archive a table meanwhile.
      table = try await ArchiveState(storage.storage(of: paths.log)).table()
      guard table == nil else { return }
      add([Finding(.wrongTable(.notRecorded), at: path)])
    } catch .storage(let error) where error.path.hasSuffix(paths.table) {
      add([Finding(.unreadable(error), at: paths.table)])
    } catch {
      // The log may be another program's.
    }
  }

  /// A file or folder that exists only if the archive is a table; nil if there is none.
  private func fileOfTable() async throws(ArchiveError) -> String? {
    do throws(ArchiveError) {
      if let first = try await TableLogReader(storage).version(0), ArchiveTable.isOurs(first) {
        return ArchiveTable.log
      }
    } catch .tableObstructed {
      // The log may be another program's.
    }
    return try await stored(await storage.entry(paths.table)) == nil ? nil : paths.table
  }

  private mutating func checkChain(
    _ record: RecordedState, _ observe: (VerificationProgress) -> Void
  ) async -> ChainCheck {
    report.manifestCommit = record.manifest?.manifest.commit
    progress.total = record.numbers.count
    let signatures = settings.publicKey.map { key in
      SignatureCheck(storage: storage, key: key, from: settings.signedSince)
    }
    var chain = ChainCheck(
      storage: storage, recorded: record, since: settings.since, signatures: signatures)
    await chain.run(record.numbers) { _ in
      progress.done += 1
      observe(progress)
    }
    report.commits = chain.count
    report.firstCommit = chain.first
    report.newestCommit = chain.newest
    report.newestCommitSHA256 = chain.newestSHA256
    add(chain.findings)
    if let checked = chain.signatures {
      report.signatures = checked.count
      add(checked.findings)
    }
    return chain
  }

  private mutating func summarise(_ state: Manifest) {
    let coverage = state.coverage.intersection(settings.asked)
    report.coverage = coverage.intervals
    if let first = coverage.intervals.first, let last = coverage.intervals.last {
      report.found = Window(from: first.from, to: last.to)
      let span = Window(from: max(state.start, settings.asked.from), to: last.to)
      report.gaps = coverage.gaps(in: span)
    }
  }

  // MARK: Files

  private func hasChanged(_ partition: Partition, _ since: ProvenCommit, _ chain: ChainCheck) -> Bool {
    partition.changedInCommit > since.number || chain.changed.contains(partition.eventDate)
  }

  private mutating func check(
    _ state: Manifest, _ chain: ChainCheck, _ observe: (VerificationProgress) -> Void
  ) async {
    // It is not known which days the commits up to this one changed. A missing part of such a day may have been replaced.
    let lost = chain.lastLost ?? 0
    let asked = state.partitions.filter { partition in
      !partition.eventDate.window.intersection(settings.asked).isEmpty
        && settings.since.map { hasChanged(partition, $0, chain) } ?? true
    }
    progress.done = 0
    progress.total = asked.count
    if !settings.isQuick {
      progress.totalBytes = asked.reduce(0) { $0 + $1.files.reduce(0) { $0 + $1.bytes } }
    }
    let rows = asked.reduce(0) {
      min(settings.archiveIdentityLimit, $0 + min($1.rows, settings.archiveIdentityLimit))
    }
    let checks = DayChecks(
      storage, settings, newerThan: state.commit, rows: settings.isQuick ? 0 : rows)
    var read: [DayCheck] = []
    let wanted = settings.isQuick ? [] : asked
    await storage.announce(
      wanted.flatMap { partition in
        PartFormat.allCases.flatMap { format in
          partition.files.filter { $0.format == format }.map(\.path)
        }
      }.filter { paths.partName($0) != nil }, readers: daysAtOnce)
    await OrderedTasks(width: daysAtOnce).run(asked) { partition, event in
      await checks.check(partition, event)
    } event: { event in
      note(event)
      observe(progress)
    } take: { partition, checked in
      guard let checked else { return }
      read.append(checked)
      let isSound = checked.findings.isEmpty
      report.days.add(isSound && !report.findings.contains { $0.day == partition.eventDate })
      report.files.add(checked.files)
      report.rows.add(checked.rows)
      add(checked.findings.filter { partition.changedInCommit > lost || !$0.problem.isMissing })
      if isSound, partition.rows == 0, state.coverage.contains(partition.eventDate.window) {
        report.emptyDays.append(partition.eventDate)
      }
      progress.done += 1
    }
    await compareDays(read, checks, newerThan: state.commit, observe)
    progress.day = nil
  }

  private mutating func note(_ event: DayChecks.Event) {
    switch event {
    case .began(let day): progress.day = max(progress.day ?? day, day)
    case .read(let bytes): progress.bytes += bytes
    }
  }

  /// Runs the further passes of the search over all days, and adds its findings. Damaged parts already have findings; their rows are
  /// not compared.
  private mutating func compareDays(
    _ days: [DayCheck], _ checks: DayChecks, newerThan commit: Int,
    _ observe: (VerificationProgress) -> Void
  ) async {
    var unread: [String: Finding] = [:]
    while !Task.isCancelled, checks.nextPass() {
      progress.totalBytes += days.reduce(0) { $0 + $1.comparable.reduce(0) { $0 + $1.bytes } }
      progress.day = nil
      await OrderedTasks(width: daysAtOnce).run(days) { day, event in
        await checks.read(day, event)
      } event: { event in
        note(event)
        if case .read = event { observe(progress) }
      } take: { _, findings in
        for finding in findings { unread[finding.path] = finding }
      }
    }
    let found = unread.sorted { $0.key < $1.key }.map(\.value) + checks.findings
    guard !found.isEmpty else { return }
    // A run may have replaced a day between two passes. The next verification checks that day.
    let revisions = Dictionary(
      days.map { ($0.partition.eventDate, $0.partition.revision) }, uniquingKeysWith: max)
    let newer = await ArchiveState(storage).readableCommits(after: commit).flatMap(\.partitionsChanged)
    let replaced = Set(newer.filter { $0.revision > revisions[$0.eventDate] ?? .max }.map(\.eventDate))
    add(found.filter { replaced.isDisjoint(with: $0.days) })
  }

  private mutating func checkQuarantine(_ state: Manifest) async {
    for file in state.quarantine {
      if let since = settings.since, let name = paths.quarantineName(file.path), name.commit <= since.number {
        continue
      }
      let check = await QuarantineCheck(file, storage: storage, isQuick: settings.isQuick)
      report.quarantineFiles.add(check.findings.isEmpty)
      add(check.findings)
    }
  }

  /// The whole log of the table is read, whatever days were asked for; a quick verification begins at its newest checkpoint.
  private mutating func check(
    _ table: ArchiveTable, _ state: Manifest, comparesFiles: Bool, _ patience: () -> Void
  ) async {
    var check = TableCheck(table, of: state, in: storage)
    await check.run(
      isQuick: settings.isQuick, comparesFiles: comparesFiles, looks: Verification.looks, patience)
    let known = irregular
    add(check.findings.filter { !known.contains($0.path) })
    report.table = check.result
    report.foreignTableVersions = check.foreign
  }

  private mutating func settle(
    _ check: UnlistedCheck, _ state: Manifest, _ patience: () -> Void
  ) async {
    var check = check
    defer { report.keptFiles = KeptFiles(check.kept, below: paths.days(.parquet)) }
    guard !check.findings.isEmpty else { return }
    do {
      try await check.lookAgain(ArchiveState(storage).readableCommits(after: state.commit), intent())
      for _ in 1..<Verification.looks where check.isInDoubt {
        patience()
        try await check.lookAgain(ArchiveState(storage).readableCommits(after: state.commit), intent())
      }
    } catch let error as StorageError {
      add([Finding(.unreadable(error), at: error.path)])
    } catch {
      add([Finding(.unreadable("\(error)"), at: paths.intent)])
    }
    add(check.findings)
  }

  /// The present intent of a run.
  private func intent() async throws(ArchiveError) -> CommitIntent? {
    do throws(ArchiveError) {
      return try await ArchiveState(storage).intent()
    } catch .damaged {
      return nil  // reported by `RecordedState`
    }
  }
}
